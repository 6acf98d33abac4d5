#pragma once
// What a request's target must look like, and what else two parsers on one path could read
// differently (request smuggling). Pure: text in, verdict out.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::net {

struct HttpRequest;

struct Refusal {
  int status = 400;
  std::string message;
};

/// Characters that may stand in one part of a head.
enum CharSet : unsigned char {
  kTokenChar = 1,   // methods and names of headers (RFC 9110, section 5.6.2)
  kValueChar = 2,   // values of headers: no control characters but the tab
  kTargetChar = 4,  // request targets: visible ASCII but '#'
  kHostChar = 8,    // host names and addresses with a port
};
/// True if every character of `text` is of `set`.
bool AllOf(std::string_view text, CharSet set);
bool IsOf(char c, CharSet set);

/// Splits an origin-form or absolute-form target into path and query, as they were sent. Refuses
/// malformed percent signs, control characters and a path that is not UTF-8 after decoding.
/// `scratch` holds a decoded part meanwhile; it keeps its capacity.
std::optional<Refusal> SplitTarget(std::string_view target, std::string_view* path,
                                   std::string_view* query, std::string* scratch);

/// The same into path, query and decoded segments (none for "/") of `request`.
std::optional<Refusal> SplitTarget(std::string_view target, HttpRequest* request);

/// Decodes percent signs once; nothing if one is malformed.
std::optional<std::string> DecodeUrl(std::string_view text);

}  // namespace quern::net
