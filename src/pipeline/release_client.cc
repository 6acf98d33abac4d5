#include "pipeline/release_client.h"

#include <boost/json.hpp>

#include "net/encode_url.h"

namespace quern::pipeline {
namespace {

/// The server's words for an error, or its body.
std::string WordsOf(const net::HttpResponse& response) {
  const auto body = ParseJson(response.body);
  if (body && body->is_object()) {
    const json::value* error = body->as_object().if_contains("error");
    if (error != nullptr && error->is_string()) return std::string(error->as_string());
  }
  return response.body.substr(0, 300);
}

Result<json::value> ReleaseBody(const Result<net::HttpResponse>& response) {
  if (!response) return std::unexpected(response.error());
  if (response->status == 200 || response->status == 201) return ParseJson(response->body);
  Code code = Code::kUnavailable;
  if (response->status == 404) code = Code::kNotFound;
  if (response->status == 400 || response->status == 409) code = Code::kFailedPrecondition;
  return Fail(code, "the model server answered " + std::to_string(response->status) + ": " +
                        WordsOf(*response));
}

}  // namespace

std::string ReleaseClient::Path(std::string_view rest) const {
  return "/v1/releases/" + net::EncodeUrl(model_) + std::string(rest);
}

Result<std::string> ReleaseClient::Begin(int64_t stable, int64_t candidate,
                                         const deploy::Strategy& strategy) {
  const json::object wanted{{"model", model_},
                            {"stable", std::to_string(stable)},
                            {"candidate", std::to_string(candidate)},
                            {"strategy", deploy::StrategyJson(strategy)},
                            {"actor", actor_}};
  QUERN_ASSIGN(const json::value begun,
               ReleaseBody(client_.Post("/v1/releases", WriteJson(wanted))));
  return std::string(begun.at("id").as_string());
}

Result<json::value> ReleaseClient::Latest() {
  QUERN_ASSIGN(const json::value shown, ReleaseBody(client_.Get(Path(""))));
  return shown.at("release");
}

Result<json::array> ReleaseClient::Log() {
  QUERN_ASSIGN(const json::value shown, ReleaseBody(client_.Get(Path("/log"))));
  return shown.at("log").as_array();
}

Status ReleaseClient::Abort(const std::string& reason) {
  const json::object order{{"actor", actor_}, {"reason", reason}};
  QUERN_TRY(ReleaseBody(client_.Post(Path("/abort"), WriteJson(order))));
  return {};
}

}  // namespace quern::pipeline
