#pragma once
// How long work tells where it is, without knowing who shows it.
#include <cstddef>
#include <string_view>

namespace quern {

/// Thread-safe. The default ignores everything.
class Progress {
 public:
  virtual ~Progress() = default;
  /// `done` of `total` units of the current piece of work ("fold", "trial", "row").
  virtual void Update(size_t done, size_t total, std::string_view unit);
  /// A line worth keeping: a warning, a decision.
  virtual void Note(std::string_view text);
};
Progress& NoProgress();

}  // namespace quern
