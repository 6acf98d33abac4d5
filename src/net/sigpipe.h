#pragma once
// Writes to a client that went away.
#include <csignal>

namespace quern::net {

/// On this thread they give EPIPE: not every write can say MSG_NOSIGNAL, and the signal would end
/// the program.
inline void BlockSigpipe() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

}  // namespace quern::net
