#pragma once
// From values as a protocol read them to the frame that a model takes: the same rules for every
// front.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/frame.h"
#include "base/result.h"
#include "serving/model.h"

namespace quern::serving {

/// Collects cells column by column or row by row. Number inputs take finite numbers (NaN is
/// "missing") and booleans as 0 and 1, text inputs take text, without its outer blanks; both take
/// "missing". Borrows the signature. Not thread-safe.
class FrameBuilder {
 public:
  FrameBuilder(const Signature& signature, size_t rows);

  /// Index of the input of that name; nothing if the model has none (such columns are ignored).
  std::optional<size_t> Find(std::string_view name) const;
  const ml::InputColumn& input(size_t index) const { return signature_.inputs[index]; }
  /// That values for this input will be set. False if that was said before: a duplicate.
  bool Claim(size_t index);

  Status SetMissing(size_t index, size_t row);
  Status SetNumber(size_t index, size_t row, double value);
  Status SetText(size_t index, size_t row, std::string_view value);
  /// Text that stands for either: in CSV a number input's cell is read as a number, true or false,
  /// or missing (empty, NA, NaN, null, None and their like, as pandas reads them).
  Status SetCsv(size_t index, size_t row, std::string_view value);

  /// Inputs that nothing was claimed for.
  std::vector<std::string> Unclaimed() const;
  Frame Take() { return std::move(frame_); }

 private:
  std::unexpected<Error> WrongType(size_t index, size_t row, std::string_view got) const;
  const Signature& signature_;
  Frame frame_;
  std::vector<bool> claimed_;
};

/// `text` cut to a length that fits in a message, in quotes.
std::string Quoted(std::string_view text);

}  // namespace quern::serving
