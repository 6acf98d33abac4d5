#include "server/page/artifact_view.h"

#include "server/http/respond.h"

namespace quern::server::page {

net::HttpResponse ForFrame(net::HttpResponse file) {
  if (ParseMediaType(file.content_type).type != "text/html") return file;
  std::erase_if(file.headers,
                [](const net::Header& header) { return header.name == "Content-Disposition"; });
  file.headers.push_back({"Content-Disposition", "inline"});
  file.headers.push_back({"Content-Security-Policy",
                          "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
                          "font-src data:; base-uri 'none'; form-action 'none'"});
  file.headers.push_back({"Referrer-Policy", "no-referrer"});
  return file;
}

}  // namespace quern::server::page
