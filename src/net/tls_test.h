#pragma once
// For tests of TLS: certificates made on the spot, and a client that shows what was agreed on.
#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/fs.h"
#include "net/http.h"
#include "net/raw_socket.h"

namespace quern::net {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Ssl = std::unique_ptr<SSL, Free<SSL_free>>;
using SslContext = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;

/// Writes a certificate for 127.0.0.1 that its own key has signed, and the key.
struct Files {
  explicit Files(const TempDir& dir, const std::string& name = "server")
      : certificate(dir.File(name + ".pem")), key(dir.File(name + ".key")) {}

  void Write(long serial) const {
    Key pair(EVP_EC_gen("P-256"));
    Certificate made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), pair.get());
    X509_NAME* name = X509_get_subject_name(made.get());
    const auto* text = reinterpret_cast<const unsigned char*>("quern tests");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(made.get(), name);
    for (const auto& [nid, value] : {std::pair(NID_subject_alt_name, "IP:127.0.0.1"),
                                     std::pair(NID_basic_constraints, "critical,CA:TRUE")}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
      X509_add_ext(made.get(), extension, -1);
      X509_EXTENSION_free(extension);
    }
    REQUIRE(X509_sign(made.get(), pair.get(), EVP_sha256()) > 0);
    std::unique_ptr<FILE, Free<fclose>> out(std::fopen(certificate.c_str(), "w"));
    PEM_write_X509(out.get(), made.get());
    out.reset(std::fopen(key.c_str(), "w"));
    PEM_write_PrivateKey(out.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
  ServerOptions Options() const {
    ServerOptions options;
    options.tls_certificate = certificate;
    options.tls_key = key;
    return options;
  }
  std::string certificate;
  std::string key;
};

/// What a handshake came to.
struct Greeting {
  bool agreed = false;
  std::string version;
  std::string protocol;
  long serial = 0;
};

inline Greeting Greet(uint16_t port, int max_version, std::string_view alpn) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  // What a server must refuse has to be offered first.
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), max_version);
  Ssl ssl(SSL_new(context.get()));
  SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                      static_cast<unsigned>(alpn.size()));
  RawSocket socket(port);
  SSL_set_fd(ssl.get(), socket.descriptor());
  Greeting greeting;
  greeting.agreed = SSL_connect(ssl.get()) == 1;
  greeting.version = SSL_get_version(ssl.get());
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl.get(), &name, &size);
  greeting.protocol.assign(reinterpret_cast<const char*>(name), size);
  if (Certificate peer(SSL_get1_peer_certificate(ssl.get())); peer != nullptr) {
    greeting.serial = ASN1_INTEGER_get(X509_get0_serialNumber(peer.get()));
  }
  return greeting;
}

}  // namespace quern::net
