#include "net/server_core.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>
#include <string>

#include "base/log.h"
#include "net/bearer.h"

namespace quern::net {

ServerCore::ServerCore(ServerOptions options, Handler handler, ErrorRenderer on_error)
    : options_(std::move(options)),
      handler_(std::move(handler)),
      on_error_(std::move(on_error)),
      workers_(options_.max_queued) {}

HttpResponse ServerCore::Handle(const HttpRequest& request) {
  inflight_.fetch_add(1);
  HttpResponse response;
  try {
    response = handler_(request);
  } catch (const std::bad_alloc&) {
    response = on_error_(503, "not enough memory for this request");
  } catch (const std::exception& exception) {
    Log(LogLevel::kError, std::string("request handler: ") + exception.what());
    response = on_error_(500, "internal error");
  }
  inflight_.fetch_sub(1);
  return response;
}

Result<std::shared_ptr<BodySink>> ServerCore::OpenSink(const HttpRequest& head) {
  if (!options_.body_hook) return std::shared_ptr<BodySink>();
  try {
    return options_.body_hook(head);
  } catch (const std::exception& exception) {
    return Fail(Code::kInternal, std::string("body hook: ") + exception.what());
  }
}

HttpResponse ServerCore::RenderError(int status, std::string_view message) {
  return on_error_(status, message);
}

bool ServerCore::Admits(const RequestHead& head) const {
  if (options_.bearer_tokens.empty()) return true;
  if (std::ranges::find(options_.open_paths, head.path) != options_.open_paths.end()) return true;
  return CarriesToken(head.authorization, options_.bearer_tokens);
}

bool ServerCore::Enter() {
  MutexLock lock(mutex_);
  return ++connections_ <= options_.max_connections;
}

void ServerCore::Leave() {
  MutexLock lock(mutex_);
  if (--connections_ == 0) left_.notify_all();
}

void ServerCore::WaitUntilLeft(double seconds) {
  std::unique_lock lock(mutex_.native());
  left_.wait_for(lock, std::chrono::duration<double>(seconds),
                 [this] { return connections_ == 0; });
}

}  // namespace quern::net
