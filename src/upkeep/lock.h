#pragma once
// Who may change a store as a whole at the same time.
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace quern::upkeep {

/// An advisory lock on a file of a state folder, held until destroyed; the kernel drops it when the
/// process dies. None of these waits: what cannot be had at once is kAborted.
class StoreLock {
 public:
  enum class Mode {
    kShared,  // several at once
    kAlone,
  };
  /// Backups share it, purges and restores have it alone. `doing` ("the purge") is what the message
  /// says has to wait. Servers and runs do not take it: they work beside all that does.
  static Result<std::unique_ptr<StoreLock>> ForUpkeep(const std::string& state_dir, Mode mode,
                                                      const std::string& doing);
  /// Servers share it, a restore that replaces the folder has it alone.
  static Result<std::unique_ptr<StoreLock>> ForServing(const std::string& state_dir, Mode mode);

 private:
  explicit StoreLock(UniqueFd fd) : fd_(std::move(fd)) {}
  static Result<std::unique_ptr<StoreLock>> Acquire(const std::string& path, Mode mode,
                                                    const Error& taken);
  UniqueFd fd_;
};

}  // namespace quern::upkeep
