#pragma once
// Inside of cli/ only: how far long work is, as one line that redraws itself on a terminal.
#include <string>
#include <string_view>

#include "base/progress.h"
#include "cli/command.h"

namespace quern::cli {

/// On standard error, and only where people read it; gone with the object.
class ProgressLine : public Progress {
 public:
  explicit ProgressLine(const Context& context) : shown_(context.terminal && !context.json) {}
  ~ProgressLine() override { Clear(); }
  /// A text in its place, at most ten times a second; cut to a line's length.
  void Show(std::string_view text);
  void Update(size_t done, size_t total, std::string_view unit) override;
  void Note(std::string_view text) override;

  void Clear();

 private:
  void Draw(std::string_view text);
  bool shown_;
  bool drawn_ = false;
  double last_ = 0;
};

}  // namespace quern::cli
