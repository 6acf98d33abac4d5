#pragma once
// The web page of `quern server`: its files, compressed once at build time, and its addresses.
#include <string_view>

#include "server/http/router.h"

namespace quern::server::page {

enum class Encoding { kIdentity, kGzip, kBrotli };

/// What an Accept-Encoding header allows: brotli before gzip before neither, as far as the reader
/// does not prefer otherwise. An empty header allows kIdentity only.
Encoding ChooseEncoding(std::string_view accept_encoding);

/// Whether who asks wants to see a page: browsers name text/html, programs do not.
bool WantsPage(const net::HttpRequest& request);

/// The page at "/" and at its own addresses, for who wants one; "/" lists the routes for everybody
/// else, and the others are not found. "/assets/…" are its files, "/page.json" says which build is
/// here. Add last: no address of the page may hide a call.
void AddPageRoutes(Router* router);

}  // namespace quern::server::page
