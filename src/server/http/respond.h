#pragma once
// Small parts that every protocol room shares: answers, errors, media types.
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "net/http.h"

namespace quern::server {

net::HttpResponse JsonResponse(std::string body, int status = 200);

/// The code of an answer. A database that the server itself may not use is no right that the client
/// lacks: MLflow's clients repeat a 503, and give up at a 403.
Code PublicCode(const Error& error);
/// Message and hint as a client may see them. Internal failures, and those of a file or database of
/// the server's own (`where`), keep their text to themselves: it goes to the log, the client learns
/// what it can do.
std::string PublicMessage(const Error& error);
/// `{"error": message}` with the status that belongs to the code.
net::HttpResponse ErrorResponse(const Error& error);

struct MediaType {
  std::string type;     // lower case, "application/json"; "" if the header is absent
  std::string charset;  // lower case; "utf-8" if not given
  std::string header;   // lower case, of text/csv: "present", "absent"; "" if not given
  std::string other;    // names of further parameters, with commas
};
MediaType ParseMediaType(std::string_view content_type);

/// Why (for a 415) a body is not taken as JSON: it is marked as something else. Nothing if it is
/// JSON or unmarked.
std::optional<std::string> NotJson(const net::HttpRequest& request);
/// Parses a body with NaN and Infinity tokens allowed; errors say where in the body.
Result<json::value> ParseBody(std::string_view body);

/// "http://host:port" as the client knows this server, also behind a proxy that speaks TLS for it.
std::string BaseUrl(const net::HttpRequest& request);

/// `text` with everything that is not printable ASCII replaced: safe in any answer.
std::string Printable(std::string_view text);

}  // namespace quern::server
