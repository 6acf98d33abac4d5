#include "server/tracer.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/time.h"
#include "net/url_client.h"
#include "server/span_record.h"

namespace quern::server {
namespace {

/// Requests of one thread that wait; of one message to the collector.
constexpr size_t kQueue = 2048;
constexpr size_t kPerMessage = 512;
/// Seconds for one message: the end of the server must not hang on a collector.
constexpr double kTimeout = 3;

/// Random bytes by the hundred, as the system's source is not for every request.
template <size_t N>
void Draw(std::array<uint8_t, N>& out) {
  static thread_local std::array<uint8_t, 4096> pool;
  static thread_local size_t used = pool.size();
  if (used + N > pool.size()) {
    FillRandom(pool);
    used = 0;
  }
  std::memcpy(out.data(), pool.data() + used, N);
  used += N;
  // All zero is no id.
  if (std::all_of(out.begin(), out.end(), [](uint8_t byte) { return byte == 0; })) out[0] = 1;
}

}  // namespace

struct Tracer::Lane {
  Lane() {
    waiting.reserve(kQueue);
    sending.reserve(kQueue);
  }
  Mutex mutex;
  std::vector<Record> waiting QUERN_GUARDED_BY(mutex);
  std::vector<Record> sending;  // of the sending thread
};

Result<std::unique_ptr<Tracer>> Tracer::Start(TracerOptions options) {
  if (!StartsWith(options.endpoint, "http://") && !StartsWith(options.endpoint, "https://")) {
    return Fail(Code::kInvalidArgument,
                "'" + options.endpoint + "' is not the URL of an OpenTelemetry collector",
                "as in http://127.0.0.1:4318");
  }
  if (!(options.share >= 0 && options.share <= 1)) {
    return Fail(Code::kInvalidArgument,
                "the share of traced requests must be between 0 and 1, got " +
                    ShortestDouble(options.share));
  }
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  if (!options.endpoint.ends_with("/v1/traces")) options.endpoint += "/v1/traces";
  std::unique_ptr<Tracer> tracer(new Tracer(std::move(options)));
  tracer->thread_ = std::thread([raw = tracer.get()] { raw->Run(); });
  return tracer;
}

Tracer::Tracer(TracerOptions options) : options_(std::move(options)) {}

Tracer::~Tracer() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

RequestSpan Tracer::Begin(std::string_view traceparent) {
  RequestSpan span;
  Draw(span.id);
  if (const auto context = ParseTraceparent(traceparent)) {
    span.context = *context;
    span.has_parent = true;
    return span;
  }
  Draw(span.context.trace);
  uint64_t draw = 0;
  std::memcpy(&draw, span.context.trace.data(), sizeof draw);
  constexpr double kScale = 1.0 / 18446744073709551616.0;  // 2^-64
  span.context.sampled = options_.share >= 1 || static_cast<double>(draw) * kScale < options_.share;
  return span;
}

void Tracer::End(const RequestSpan& span, const Ended& ended, const serving::CallNote& note) {
  if (!span.context.sampled) return;
  Lane& lane = lanes_.Mine();
  // Durations are monotonic; the wall clock is asked once.
  const int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  const double monotonic = MonotonicSeconds();
  const auto wall = [&](double at) { return now - static_cast<int64_t>((monotonic - at) * 1e9); };
  MutexLock lock(lane.mutex);
  const bool called = note.called && note.logged > 0;
  if (lane.waiting.size() >= kQueue) {
    dropped_.fetch_add(called ? 4 : 1, std::memory_order_relaxed);
    return;
  }
  Record& record = lane.waiting.emplace_back();
  record.span = span;
  record.begin = wall(ended.begin);
  record.end = wall(ended.end);
  record.protocol = ended.protocol;
  record.status = ended.status;
  record.code = ended.code;
  record.method.Set(ended.method);
  record.path.Set(ended.path);
  record.called = called;
  if (!called) return;
  for (SpanId& child : record.children) Draw(child);
  record.call = {wall(note.begin), wall(note.bound), wall(note.ran), wall(note.logged)};
  record.rows = note.rows;
  record.model.Set(note.model);
  record.version.Set(note.version);
  record.request_id.Set(note.request_id);
}

void Tracer::Run() {
  const auto pause = std::chrono::duration<double>(options_.flush_seconds);
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_.native());
      last = wake_.wait_for(lock, pause, [this] { return stop_; });
    }
    for (const auto& lane : lanes_.Collect()) {
      lane->sending.clear();
      {
        MutexLock lock(lane->mutex);
        std::swap(lane->waiting, lane->sending);
      }
      Send(lane->sending);
    }
  }
}

void Tracer::Send(std::vector<Record>& records) {
  static thread_local std::unique_ptr<net::UrlClient> client;
  for (size_t first = 0; first < records.size(); first += kPerMessage) {
    const std::span<const Record> part(records.data() + first,
                                       std::min(kPerMessage, records.size() - first));
    const auto post = [&]() -> Status {
      if (client == nullptr) {
        net::UrlClientOptions options;
        options.timeout = kTimeout;
        QUERN_ASSIGN(client, net::UrlClient::Open(options));
      }
      QUERN_ASSIGN(const auto response,
                   client->Send("POST", options_.endpoint, OtlpJson(part, options_.service),
                                {{"Content-Type", "application/json"}}));
      if (response.status / 100 == 2) return {};
      return Fail(Code::kUnavailable, "it answered " + std::to_string(response.status));
    };
    const Status sent = post();
    if (sent) continue;
    size_t spans = 0;
    for (const Record& record : part) spans += record.spans();
    dropped_.fetch_add(spans, std::memory_order_relaxed);
    if (told_.IsDue()) {
      Log(LogLevel::kWarning, "tracing: spans were dropped, as they could not be sent to " +
                                  options_.endpoint + ": " + sent.error().message);
    }
  }
}

}  // namespace quern::server
