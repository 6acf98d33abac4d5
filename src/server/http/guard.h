#pragma once
// Who may ask: the names by which this server is called (against DNS rebinding), the pages whose
// scripts may change things (CORS), and the headers that keep browsers from guessing and framing.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "net/inline.h"

namespace quern::server {

struct GuardOptions {
  /// Names and addresses, with or without a port; `*` stands for any text. Empty: this machine and
  /// private networks.
  std::vector<std::string> allowed_hosts;
  /// "https://app.example.org"; `*` stands for any text. Pages of this machine may, and
  /// this server's own, unless it may be called by any name: then whoever owns a name could be it.
  std::vector<std::string> allowed_origins;
  /// X-Frame-Options; "NONE" sends none.
  std::string frame_options = "SAMEORIGIN";
  /// Paths that load balancers ask under any name.
  std::vector<std::string> open_paths = {"/health", "/version"};
};

/// Immutable, thread-safe.
class Guard {
 public:
  explicit Guard(GuardOptions options);

  /// An answer in place of the handler's: 403 for a host or origin that is not allowed, and the
  /// answer to a browser's question beforehand (OPTIONS). Looks at the head alone.
  std::optional<net::HttpResponse> Intercept(const net::HttpRequest& request) const;
  /// Whether a request on an event loop is one that Intercept() lets pass and Finish() gives no
  /// header of its own: no page's script sent it.
  bool PassesPlainly(const net::RequestView& request) const;
  /// Adds the headers that every answer carries.
  void Finish(const net::HttpRequest& request, net::HttpResponse* response) const;
  void FinishPlainly(net::ResponseWriter* response) const;

 private:
  bool HostAllowed(std::string_view host) const;
  bool OriginAllowed(const net::HttpRequest& request, std::string_view origin) const;
  net::HttpResponse Preflight(const net::HttpRequest& request, std::string_view origin) const;

  GuardOptions options_;
  bool any_host_ = false;
  bool any_origin_ = false;
};

/// True if `text` is `pattern`, in which `*` stands for any text.
bool MatchesPattern(std::string_view pattern, std::string_view text);

}  // namespace quern::server
