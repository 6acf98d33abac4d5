#pragma once
// Files of runs inside of a frame of the page.
#include "net/http.h"

namespace quern::server::page {

/// The answer with an HTML file, to be shown in place rather than kept: under a policy by which
/// nothing in it runs, nothing is fetched, and it has an origin of its own. Answers with anything
/// else stay as they are, to be kept as files.
net::HttpResponse ForFrame(net::HttpResponse file);

}  // namespace quern::server::page
