#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace quern::net {
namespace {

/// The newest of OpenSSL's complaints; the others are forgotten.
std::string Complaint() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  std::string text = reason != nullptr ? reason : "error " + std::to_string(code);
  ERR_clear_error();
  return text;
}

/// Changes when a file is written again or replaced.
std::string StampOf(const std::string& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return std::strerror(errno);
  return std::to_string(info.st_ino) + ":" + std::to_string(info.st_size) + ":" +
         std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec);
}

/// As ALPN has it.
constexpr const char* NameOf(TlsProtocol protocol) {
  return protocol == TlsProtocol::kHttp1 ? "http/1.1" : "h2";
}

/// For people.
constexpr const char* UseOf(TlsProtocol protocol) {
  return protocol == TlsProtocol::kHttp1 ? "https: " : "grpc: ";
}

/// `arg` is the name of the one protocol that is spoken.
int ChooseProtocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* in, unsigned in_size, void* arg) {
  const std::string_view spoken = static_cast<const char*>(arg);
  for (unsigned at = 0; at < in_size; at += 1u + in[at]) {
    const std::string_view name(reinterpret_cast<const char*>(in) + at + 1, in[at]);
    if (name != spoken) continue;
    *out = in + at + 1;
    *out_size = in[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Nobody is there to type a passphrase.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*arg*/) { return -1; }

Result<SSL_CTX*> MakeContext(const std::string& certificate, const std::string& key,
                             TlsProtocol protocol) {
  ERR_clear_error();
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                            SSL_CTX_free);
  if (context == nullptr) return Fail(Code::kResourceExhausted, "no memory for TLS");
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_alpn_select_cb(raw, ChooseProtocol, const_cast<char*>(NameOf(protocol)));
  SSL_CTX_set_default_passwd_cb(raw, NoPassphrase);
  if (SSL_CTX_use_certificate_chain_file(raw, certificate.c_str()) != 1) {
    return Fail(Code::kInvalidArgument,
                "the TLS certificate " + certificate + " cannot be used: " + Complaint(),
                "name a PEM file with the certificate first, then those of its authorities");
  }
  if (SSL_CTX_use_PrivateKey_file(raw, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
      ERR_clear_error();
      return Fail(Code::kInvalidArgument, "the TLS key " + key + " is not that of " + certificate,
                  "name the key that the certificate was made for");
    }
    return Fail(Code::kInvalidArgument, "the TLS key " + key + " cannot be used: " + Complaint(),
                "name a PEM file with the key of the certificate, without a passphrase");
  }
  return context.release();
}

}  // namespace

TlsStream::~TlsStream() { SSL_free(ssl_); }

Io TlsStream::Judge(int result) {
  wants_write_ = false;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      return {Io::Kind::kAgain, 0};
    case SSL_ERROR_WANT_READ:
      return {Io::Kind::kAgain, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Io::Kind::kEnd, 0};
    default: {
      const int reason = ERR_GET_REASON(ERR_peek_error());
      const bool plain = reason == SSL_R_HTTP_REQUEST;
      const bool cut = reason == SSL_R_UNEXPECTED_EOF_WHILE_READING;
      ERR_clear_error();
      if (plain) return {Io::Kind::kPlain, 0};
      return {cut ? Io::Kind::kEnd : Io::Kind::kBroken, 0};
    }
  }
}

Io TlsStream::Handshake() {
  ERR_clear_error();
  const int result = SSL_accept(ssl_);
  return result == 1 ? Io{Io::Kind::kDone, 0} : Judge(result);
}

Io TlsStream::Read(char* to, size_t size) {
  ERR_clear_error();
  size_t got = 0;
  const int result = SSL_read_ex(ssl_, to, size, &got);
  drained_ = result != 1;
  return result == 1 ? Io{Io::Kind::kDone, got} : Judge(result);
}

Io TlsStream::Write(const char* from, size_t size) {
  ERR_clear_error();
  size_t sent = 0;
  const int result = SSL_write_ex(ssl_, from, size, &sent);
  return result == 1 ? Io{Io::Kind::kDone, sent} : Judge(result);
}

bool TlsStream::pending() const { return !drained_ && SSL_has_pending(ssl_) == 1; }

void TlsStream::EndWriting() {
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
  ERR_clear_error();
}

TlsContext::TlsContext(std::string certificate_file, std::string key_file, TlsProtocol protocol)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      protocol_(protocol) {}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::unique_ptr<TlsContext>> TlsContext::Load(std::string certificate_file,
                                                     std::string key_file, TlsProtocol protocol) {
  std::unique_ptr<TlsContext> made(
      new TlsContext(std::move(certificate_file), std::move(key_file), protocol));
  MutexLock lock(made->mutex_);
  made->stamp_ = StampOf(made->certificate_file_) + StampOf(made->key_file_);
  QUERN_ASSIGN(made->context_, MakeContext(made->certificate_file_, made->key_file_, protocol));
  return made;
}

void TlsContext::Refresh(std::time_t now) {
  if (now == looked_) return;
  looked_ = now;
  std::string stamp = StampOf(certificate_file_) + StampOf(key_file_);
  if (stamp == stamp_) return;
  stamp_ = std::move(stamp);
  auto fresh = MakeContext(certificate_file_, key_file_, protocol_);
  if (!fresh) {
    Log(LogLevel::kError, std::string(UseOf(protocol_)) + fresh.error().message +
                              "; the old certificate stays in use");
    return;
  }
  SSL_CTX_free(std::exchange(context_, *fresh));
  Log(LogLevel::kInfo,
      std::string(UseOf(protocol_)) + "the certificate " + certificate_file_ + " was read again");
}

std::unique_ptr<TlsStream> TlsContext::Accept(int fd, std::time_t now) {
  MutexLock lock(mutex_);
  Refresh(now);
  SSL* ssl = SSL_new(context_);
  if (ssl == nullptr || SSL_set_fd(ssl, fd) != 1) {
    SSL_free(ssl);
    ERR_clear_error();
    return nullptr;
  }
  return std::unique_ptr<TlsStream>(new TlsStream(ssl));
}

}  // namespace quern::net
