#include "net/peer.h"

#include "net/url_client.h"

namespace quern::net {
namespace {

/// Plain HTTP, over our own client.
class PlainPeer : public Peer {
 public:
  PlainPeer(const ServerUrl& url, const PeerOptions& options)
      : path_(url.path), client_(url.host, url.port, options.client) {}
  Result<HttpResponse> Send(std::string_view method, std::string_view target, std::string_view body,
                            const std::vector<Header>& headers) override {
    return client_.Send(method, path_ + std::string(target), body, headers);
  }
  Result<HttpResponse> Download(std::string_view target, const std::vector<Header>& headers,
                                const PieceSink& sink) override {
    return client_.Download(path_ + std::string(target), headers, sink);
  }

 private:
  std::string path_;
  HttpClient client_;
};

/// HTTPS, over libcurl.
class SecurePeer : public Peer {
 public:
  SecurePeer(const ServerUrl& url, std::unique_ptr<UrlClient> client)
      : url_(url.Text()), client_(std::move(client)) {}
  Result<HttpResponse> Send(std::string_view method, std::string_view target, std::string_view body,
                            const std::vector<Header>& headers) override {
    return client_->Send(method, url_ + std::string(target), body, headers);
  }
  Result<HttpResponse> Download(std::string_view target, const std::vector<Header>& headers,
                                const PieceSink& sink) override {
    return client_->Download(url_ + std::string(target), headers, sink);
  }

 private:
  std::string url_;
  std::unique_ptr<UrlClient> client_;
};

}  // namespace

Result<std::unique_ptr<Peer>> Peer::Open(const ServerUrl& url, const PeerOptions& options) {
  if (!url.tls) return std::make_unique<PlainPeer>(url, options);
  QUERN_ASSIGN(auto client, UrlClient::Open({.timeout = options.client.timeout,
                                             .max_body = options.client.max_body,
                                             .trust = options.trust}));
  return std::make_unique<SecurePeer>(url, std::move(client));
}

}  // namespace quern::net
