#pragma once
// Text as a part of a URL. Apart from the client, which is large.
#include <string>
#include <string_view>

namespace quern::net {

/// Percent-encodes everything but unreserved characters (RFC 3986, 2.3): for one path segment or
/// query value.
std::string EncodeUrl(std::string_view text);

}  // namespace quern::net
