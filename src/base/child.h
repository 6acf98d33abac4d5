#pragma once
// Another program as a child process.
#include <string>
#include <vector>

#include "base/result.h"

namespace quern {

struct Child {
  std::string program;             // a path, or a name that is looked up in PATH
  std::vector<std::string> words;  // its arguments, its own name first
  /// "NAME=value", in place of this process's of that name; the rest is inherited.
  std::vector<std::string> environment = {};
  int in = -1, out = -1, err = -1;  // descriptors, borrowed; -1: /dev/null
  /// In a process group of its own, where Ctrl-C of the terminal does not reach it.
  bool own_group = false;
};

/// The child's process number, for waitpid. No signal is blocked in it. kUnavailable for a program
/// that cannot be started.
Result<int> StartChild(const Child& child);

}  // namespace quern
