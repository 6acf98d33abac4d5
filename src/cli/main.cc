#include <csignal>
#include <exception>

#include "base/cancel.h"
#include "base/error.h"
#include "cli/command.h"

namespace {

quern::CancelToken g_cancel;

/// The first Ctrl-C lets running work end cleanly, the second ends at once; nothing on disk depends
/// on it.
void OnInterrupt(int) {
  if (g_cancel.cancelled()) std::_Exit(static_cast<int>(quern::Exit::kInterrupted));
  g_cancel.Cancel();
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGTERM, OnInterrupt);
  std::signal(SIGPIPE, SIG_IGN);
  // A write past the file-size limit is an error like a full disk, not the end of the program.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return quern::cli::Main(argc, argv, g_cancel);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "internal error: %s\n", e.what());
    return static_cast<int>(quern::Exit::kInternal);
  }
}
