#pragma once
// JSON read once from front to end, for requests that are mostly numbers: nothing is built that the
// caller does not build. For documents that are walked about in there is base/json.h.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"

namespace quern::server {

/// A number as it stood.
struct JsonNumber {
  double value = 0;
  /// Digits alone, and few enough for `magnitude` to hold all of them.
  bool whole = false;
  bool negative = false;
  uint64_t magnitude = 0;
};

/// Pulls values one by one. Strict (RFC 8259, UTF-8) but for the tokens NaN, Infinity and
/// -Infinity, which are numbers. The first problem is kept and everything after it fails. Texts are
/// views of the body, or lie in the arena if they had escapes. Allocates nothing else.
class JsonCursor {
 public:
  enum class Kind { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject, kNone };
  static constexpr int kMaxDepth = 64;

  JsonCursor(std::string_view text, Arena& arena)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), arena_(&arena) {}

  /// What begins here; kNone at the end, before anything else, and after a problem.
  Kind Peek();

  /// `for (EnterArray(); NextItem();) …`: each turn must read or skip one value. EnterArray() and
  /// EnterObject() fail if something else begins here.
  bool EnterArray() { return Enter('[', "expected a list"); }
  bool NextItem();
  /// `for (EnterObject(); NextKey(&key);) …`
  bool EnterObject() { return Enter('{', "expected an object"); }
  bool NextKey(std::string_view* key);

  bool String(std::string_view* out);
  bool Number(JsonNumber* out);
  bool Double(double* out);
  /// Of a list, before an item: reads as many numbers as follow and are written plainly (`63`,
  /// `-2.5`: no exponent, few digits), and says how many it took. Stands behind the last of them; a
  /// value that is anything else is left to the calls above, with what is wrong with it.
  size_t PlainNumbers(std::span<double> out);
  /// true or false.
  bool Bool(bool* out);
  bool Null() { return Word("null"); }
  bool Skip();
  /// Whether nothing but blanks is left; a problem if not.
  bool Finish();

  /// Where the next value begins, to come back to. Only a value that was skipped is whole.
  size_t Offset() {
    Blanks();
    return static_cast<size_t>(at_ - begin_);
  }
  /// Bytes that are left: a bound on how many values may follow.
  size_t Left() const { return static_cast<size_t>(end_ - at_); }
  /// Goes on elsewhere in the same text, outside of any container.
  void Seek(size_t offset);

  bool failed() const { return problem_ != nullptr; }
  /// "expected ',' or ']' at byte 17".
  std::string Problem() const;
  /// A problem of the caller's, at the place that was reached.
  bool Refuse(const char* problem);

 private:
  const char* SkipBlanks(const char* from) const {
    while (from < end_ && (*from == ' ' || *from == '\n' || *from == '\r' || *from == '\t')) ++from;
    return from;
  }
  void Blanks() { at_ = SkipBlanks(at_); }
  bool Enter(char open, const char* problem);
  bool Close();
  bool Word(std::string_view word);
  bool Escaped(const char* from, std::string_view* out);
  bool Unescape(const char** from, char** to);
  bool Hex4(const char* from, uint32_t* out) const;
  bool Special(JsonNumber* out, bool negative);
  bool SkipString();

  const char* begin_;
  const char* at_;
  const char* end_;
  Arena* arena_;
  int depth_ = 0;
  bool first_ = false;  // nothing of the innermost container was read yet
  const char* problem_ = nullptr;
  size_t problem_at_ = 0;
};

}  // namespace quern::server
