#include "net/tls_relay.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "net/sigpipe.h"

namespace quern::net {
namespace {

/// Of one record of TLS.
constexpr size_t kPiece = size_t{16} << 10;
/// Pieces of one connection before the others have their turn.
constexpr int kRounds = 8;

Timers::Seconds Waits() {
  Timers::Seconds seconds{};
  const auto set = [&](Wait wait, double length) { seconds[static_cast<size_t>(wait)] = length; };
  set(Wait::kHandshake, 10);
  set(Wait::kWrite, 60);
  set(Wait::kLinger, 2);
  return seconds;
}

}  // namespace

/// One client's connection and our end of the pair.
class TlsRelay::Link : private Timer {
 public:
  Link(TlsRelay& relay, UniqueFd client, std::unique_ptr<TlsStream> tls)
      : relay_(relay), client_(std::move(client)), tls_(std::move(tls)) {
    relay_.loop_.timers().Start(this, Wait::kHandshake, relay_.loop_.now());
  }
  ~Link() override {
    Rewatch(client_side_, client_.get(), 0);
    Rewatch(plain_side_, plain_.get(), 0);
  }

  bool agreed() const { return state_ != State::kHandshake; }

  void Pump() {
    if (state_ == State::kHandshake) Agree();
    if (state_ == State::kLinger) Discard();
    if (state_ == State::kOpen) {
      bool moved = true;
      for (int round = 0; round < kRounds && moved && state_ == State::kOpen; ++round) {
        const bool in = Inward();
        moved = (state_ == State::kOpen && Outward()) || in;
      }
      // What TLS holds already no poll of the socket shows; that it can be written to, it does.
      again_ = moved;
    }
    if (state_ != State::kEnded) Watch();
  }
  void End() {
    if (std::exchange(state_, State::kEnded) == State::kEnded) return;
    Stop();
    relay_.Bury(this);
  }

 private:
  enum class State { kHandshake, kOpen, kLinger, kEnded };
  struct Side final : Watcher {
    explicit Side(Link& owner) : link(owner) {}
    void OnReady(uint32_t /*events*/) override {
      if (link.state_ != State::kEnded) link.Pump();
    }
    Link& link;
    uint32_t watched = 0;
  };

  void OnTimeout(Wait /*wait*/) override { End(); }

  void Agree() {
    const Io io = tls_->Handshake();
    if (io.kind == Io::Kind::kAgain) return;
    if (io.kind != Io::Kind::kDone) return End();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
      Log(LogLevel::kWarning, std::string("no descriptors for TLS: ") + std::strerror(errno));
      return End();
    }
    plain_ = UniqueFd(ends[0]);
    state_ = State::kOpen;
    Stop();
    relay_.agreed_(ends[1]);
  }

  /// From the client to the library; true if anything moved.
  bool Inward() {
    if (!to_plain_.empty()) {
      const size_t sent = SendPlain(to_plain_);
      to_plain_.erase(0, sent);
      return sent > 0;
    }
    if (client_ended_) return false;
    const Io io = tls_->Read(relay_.piece_.data(), kPiece);
    read_wants_write_ = io.kind == Io::Kind::kAgain && tls_->wants_write();
    switch (io.kind) {
      case Io::Kind::kAgain:
        return false;
      case Io::Kind::kEnd:
        client_ended_ = true;
        ::shutdown(plain_.get(), SHUT_WR);
        return true;
      case Io::Kind::kDone:
        break;
      default:
        End();
        return false;
    }
    const std::string_view piece(relay_.piece_.data(), io.bytes);
    const size_t sent = SendPlain(piece);
    if (state_ == State::kOpen && !client_ended_) to_plain_.assign(piece.substr(sent));
    return true;
  }
  size_t SendPlain(std::string_view bytes) {
    const ssize_t sent = ::send(plain_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<size_t>(sent);
    // The library has closed; what it said before is still to be sent on.
    if (errno == EPIPE || errno == ECONNRESET) {
      client_ended_ = true;
      to_plain_.clear();
      return 0;
    }
    if (errno != EAGAIN && errno != EINTR) End();
    return 0;
  }

  /// From the library to the client; true if anything moved.
  bool Outward() {
    if (!to_client_.empty()) {
      const size_t sent = SendClient(to_client_);
      to_client_.erase(0, sent);
      if (state_ == State::kOpen && to_client_.empty()) Stop();
      return sent > 0;
    }
    const ssize_t got = ::recv(plain_.get(), relay_.piece_.data(), kPiece, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got <= 0) {
      Linger();
      return false;
    }
    const std::string_view piece(relay_.piece_.data(), static_cast<size_t>(got));
    const size_t sent = SendClient(piece);
    if (state_ == State::kOpen) to_client_.assign(piece.substr(sent));
    return true;
  }
  /// A write that TLS could not finish is given again with the same bytes in front.
  size_t SendClient(std::string_view bytes) {
    const Io io = tls_->Write(bytes.data(), bytes.size());
    if (io.kind == Io::Kind::kBroken || io.kind == Io::Kind::kEnd) End();
    const bool done = io.kind == Io::Kind::kDone;
    if (state_ == State::kOpen && (done ? io.bytes : 0) < bytes.size()) {
      if (done || !waits()) relay_.loop_.timers().Start(this, Wait::kWrite, relay_.loop_.now());
    }
    return done ? io.bytes : 0;
  }

  /// The library has closed. A close() with unread bytes of the client would take back what was
  /// sent last: so these are read, for a moment.
  void Linger() {
    state_ = State::kLinger;
    tls_->EndWriting();
    ::shutdown(client_.get(), SHUT_WR);
    Rewatch(plain_side_, plain_.get(), 0);
    relay_.loop_.timers().Start(this, Wait::kLinger, relay_.loop_.now());
    Discard();
  }
  void Discard() {
    // Others have their turn, and the wait ends, also beside a client that never stops.
    for (int round = 0; round < kRounds; ++round) {
      const ssize_t got = ::recv(client_.get(), relay_.piece_.data(), kPiece, 0);
      if (got > 0) continue;
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      return End();
    }
  }

  void Watch() {
    switch (state_) {
      case State::kHandshake:
        return Rewatch(client_side_, client_.get(), tls_->wants_write() ? EPOLLOUT : EPOLLIN);
      case State::kOpen: {
        const bool in = to_plain_.empty() && !client_ended_;
        const bool out = !to_client_.empty() || read_wants_write_ || (again_ && in);
        Rewatch(client_side_, client_.get(), (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u));
        Rewatch(plain_side_, plain_.get(),
                (to_client_.empty() ? EPOLLIN : 0u) | (to_plain_.empty() ? 0u : EPOLLOUT));
        return;
      }
      case State::kLinger:
        return Rewatch(client_side_, client_.get(), EPOLLIN);
      case State::kEnded:
        return;
    }
  }
  /// Without events a descriptor is not watched at all: a hang-up would be told again and again.
  void Rewatch(Side& side, int fd, uint32_t events) {
    if (side.watched == events) return;
    if (events == 0) {
      relay_.loop_.Unwatch(fd);
    } else if (side.watched == 0) {
      if (!relay_.loop_.Watch(fd, &side, events)) return End();
    } else {
      relay_.loop_.Change(fd, &side, events);
    }
    side.watched = events;
  }

  TlsRelay& relay_;
  UniqueFd client_;
  std::unique_ptr<TlsStream> tls_;
  UniqueFd plain_;
  Side client_side_{*this};
  Side plain_side_{*this};
  State state_ = State::kHandshake;
  bool client_ended_ = false;
  bool read_wants_write_ = false;
  bool again_ = false;
  std::string to_plain_;
  std::string to_client_;
};

Result<std::unique_ptr<TlsRelay>> TlsRelay::Start(TlsContext& tls, Agreed agreed) {
  std::unique_ptr<TlsRelay> relay(new TlsRelay(tls, std::move(agreed)));
  QUERN_TRY(relay->loop_.Open());
  relay->thread_ = std::thread([raw = relay.get()] { raw->Run(); });
  return relay;
}

TlsRelay::TlsRelay(TlsContext& tls, Agreed agreed)
    : tls_(tls), agreed_(std::move(agreed)), loop_(Waits()), piece_(kPiece) {}

TlsRelay::~TlsRelay() { Finish(0); }

void TlsRelay::Run() {
  // OpenSSL writes without MSG_NOSIGNAL: a client that went away must not end the program.
  BlockSigpipe();
  loop_.Run([this] {
    buried_.clear();
    return false;
  });
  links_.clear();
  buried_.clear();
}

void TlsRelay::Take(UniqueFd connection) {
  {
    MutexLock lock(mutex_);
    ++open_;
  }
  // A std::function has to be copyable.
  auto held = std::make_shared<UniqueFd>(std::move(connection));
  loop_.Post([this, held] { Adopt(std::move(*held)); });
}

void TlsRelay::Adopt(UniqueFd connection) {
  auto tls = closed_ ? nullptr : tls_.Accept(connection.get(), loop_.wall_seconds());
  if (tls == nullptr) return Bury(nullptr);
  auto link = std::make_unique<Link>(*this, std::move(connection), std::move(tls));
  Link* raw = link.get();
  links_.emplace(raw, std::move(link));
  raw->Pump();
}

void TlsRelay::Bury(Link* link) {
  if (const auto found = links_.find(link); found != links_.end()) {
    buried_.push_back(std::move(found->second));
    links_.erase(found);
  }
  MutexLock lock(mutex_);
  if (--open_ == 0) left_.notify_all();
}

void TlsRelay::Close() {
  if (!thread_.joinable()) return;
  // Shared: the waiting thread may be gone before set_value() has returned.
  const auto done = std::make_shared<std::promise<void>>();
  loop_.Post([this, done] {
    closed_ = true;
    std::vector<Link*> strangers;
    for (const auto& [raw, link] : links_) {
      if (!link->agreed()) strangers.push_back(raw);
    }
    for (Link* link : strangers) link->End();
    done->set_value();
  });
  done->get_future().wait();
}

void TlsRelay::Finish(double seconds) {
  if (!thread_.joinable()) return;
  Close();
  {
    std::unique_lock lock(mutex_.native());
    left_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return open_ == 0; });
  }
  loop_.End();
  thread_.join();
  loop_.DropMessages();
}

}  // namespace quern::net
