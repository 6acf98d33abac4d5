#include "server/native/model_asker.h"

#include <algorithm>

#include "base/time.h"
#include "net/encode_url.h"
#include "net/url_client.h"

namespace quern::server::native {
namespace {

constexpr uint64_t kMostAnswer = 4u << 20;

}  // namespace

Result<serving::ServerAddress> FindServer(const std::string& state_dir, const std::string& id,
                                          Fs& fs) {
  auto all = serving::AnnouncedServers(state_dir, fs);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.id == id; });
  if (found != all.end()) return std::move(*found);
  return Fail(Code::kNotFound, "no model server '" + id + "' listens for this store (any more)",
              "`quern serve MODEL` in the project's folder starts one");
}

std::string ModelPath(std::string_view name, std::string_view version) {
  std::string path = "/v2/models/" + net::EncodeUrl(name);
  if (!version.empty()) path += "/versions/" + net::EncodeUrl(version);
  return path;
}

Result<ModelAnswer> Ask(const serving::ServerAddress& server, const ModelCall& call) {
  net::UrlClientOptions options;
  options.timeout = call.seconds;
  options.max_body = kMostAnswer;
  QUERN_ASSIGN(const auto client, net::UrlClient::Open(options));
  std::vector<net::Header> headers{{"Accept", "application/json"}};
  if (call.method == "POST") headers.push_back({"Content-Type", "application/json"});
  if (!call.token.empty()) headers.push_back({"Authorization", "Bearer " + call.token});
  const double start = MonotonicSeconds();
  auto answer = client->Send(call.method, server.url + call.path, call.body, headers);
  if (!answer) {
    const Error& error = answer.error();
    return Fail(error.code,
                "the model server at " + server.url + " (process " + std::to_string(server.pid) +
                    ") gave no answer: " + error.message,
                error.hint);
  }
  return ModelAnswer{answer->status,
                     answer->content_type,
                     std::move(answer->body),
                     (MonotonicSeconds() - start) * 1000,
                     std::string(answer->Find("X-Quern-Version")),
                     std::string(answer->Find("X-Quern-Route"))};
}

}  // namespace quern::server::native
