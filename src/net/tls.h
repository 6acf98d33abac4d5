#pragma once
// TLS of a server: its certificate, and one connection's bytes. OpenSSL stays in tls.cc.
#include <sys/uio.h>

#include <cstddef>
#include <ctime>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace quern::net {

/// What came of reading or writing without blocking.
struct Io {
  enum class Kind {
    kDone,    // `bytes` of them, at least 1
    kAgain,   // nothing now
    kEnd,     // reading: the peer has said that nothing more comes
    kBroken,  // the connection is of no use any more
    kPlain,   // a handshake: the peer speaks HTTP without TLS
  };
  Kind kind = Kind::kDone;
  size_t bytes = 0;
};

/// TLS over one non-blocking socket. Not thread-safe.
class TlsStream {
 public:
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// kDone (with no bytes) once both sides have agreed. Until then, after kAgain, the socket has to
  /// be writable if wants_write(), else readable.
  Io Handshake();
  Io Read(char* to, size_t size);
  Io Write(const char* from, size_t size);
  bool wants_write() const { return wants_write_; }
  /// True if bytes wait inside that no poll of the socket shows.
  bool pending() const;
  /// Tells the peer that nothing more comes.
  void EndWriting();

 private:
  friend class TlsContext;
  explicit TlsStream(ssl_st* ssl) : ssl_(ssl) {}
  Io Judge(int result);
  ssl_st* ssl_;
  bool wants_write_ = false;
  /// The last reading found no whole record: what comes next, the socket shows.
  bool drained_ = false;
};

/// What is spoken inside of TLS; a client that offers other protocols alone (ALPN) is refused.
enum class TlsProtocol { kHttp1, kHttp2 };

/// A certificate with its key: TLS 1.2 and 1.3. Read again when the files change, which is looked
/// at once a second at most; new connections then get the new one. Files that cannot be used leave
/// the old one in place, and say so in the log. Thread-safe.
class TlsContext {
 public:
  /// PEM files: the certificate with those between it and its authority's, and its key. Errors name
  /// the file.
  static Result<std::unique_ptr<TlsContext>> Load(std::string certificate_file,
                                                  std::string key_file,
                                                  TlsProtocol protocol = TlsProtocol::kHttp1);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// For a connection that was accepted at `now` (seconds); null if memory is short.
  std::unique_ptr<TlsStream> Accept(int fd, std::time_t now);

 private:
  TlsContext(std::string certificate_file, std::string key_file, TlsProtocol protocol);
  void Refresh(std::time_t now) QUERN_REQUIRES(mutex_);

  const std::string certificate_file_;
  const std::string key_file_;
  const TlsProtocol protocol_;
  Mutex mutex_;
  ssl_ctx_st* context_ QUERN_GUARDED_BY(mutex_) = nullptr;
  /// Of both files, as they were when they were read last.
  std::string stamp_ QUERN_GUARDED_BY(mutex_);
  std::time_t looked_ QUERN_GUARDED_BY(mutex_) = 0;
};

}  // namespace quern::net
