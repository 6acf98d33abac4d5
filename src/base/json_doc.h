#pragma once
// JSON read where it lies: a request body becomes a row of nodes that point into it. Numbers keep
// their digits, so that 1e400, NaN and integers beyond 2^53 can be told apart by whoever reads
// them. For documents that are changed or written again there is base/json.h.
#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern {

class JsonDoc;

enum class JsonKind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

/// One value of a document; cheap to copy, valid as long as the document and its text.
class JsonRef {
 public:
  JsonKind kind() const;
  bool Is(JsonKind kind) const { return this->kind() == kind; }
  /// Of a string: its characters, escapes resolved. Of a number: its digits as they stood, or NaN,
  /// Infinity, -Infinity. "" of anything else.
  std::string_view text() const;
  /// Of an array or object: how many items it has; else 0.
  size_t size() const;
  /// Of an object: the value at `key`.
  std::optional<JsonRef> Find(std::string_view key) const;
  /// Calls `visit(JsonRef)` per item of an array.
  template <class Visit>
  void ForEach(Visit visit) const;
  /// Calls `visit(std::string_view key, JsonRef)` per member of an object.
  template <class Visit>
  void ForEachMember(Visit visit) const;

 private:
  friend class JsonDoc;
  JsonRef(const JsonDoc* doc, uint32_t index) : doc_(doc), index_(index) {}
  const JsonDoc* doc_;
  uint32_t index_;
};

/// Strict but for the tokens NaN, Infinity and -Infinity, which are numbers here. Immutable.
class JsonDoc {
 public:
  enum class Problem {
    kSyntax,     // not JSON
    kNotUtf8,    // nor any text
    kDuplicate,  // an object with one key twice
    kTooDeep,
  };
  struct Fault {
    Problem problem = Problem::kSyntax;
    size_t offset = 0;
    std::string message;  // with the place: "… at byte 17"
  };
  static constexpr int kMaxDepth = 64;

  /// `text` must outlive the document.
  static std::expected<JsonDoc, Fault> Parse(std::string_view text);
  JsonRef root() const { return {this, 0}; }

 private:
  friend class JsonRef;
  friend class JsonDocParser;
  struct Node {
    std::string_view text;
    uint32_t end = 0;    // the node after this value and all that is in it
    uint32_t items = 0;  // of containers
    JsonKind kind = JsonKind::kNull;
  };
  std::vector<Node> nodes_;  // a container's items follow it; a member is its key, then its value
  std::forward_list<std::string> decoded_;  // strings that had escapes; costs nothing while empty
};

inline JsonKind JsonRef::kind() const { return doc_->nodes_[index_].kind; }
inline std::string_view JsonRef::text() const { return doc_->nodes_[index_].text; }
inline size_t JsonRef::size() const { return doc_->nodes_[index_].items; }

template <class Visit>
void JsonRef::ForEach(Visit visit) const {
  if (!Is(JsonKind::kArray)) return;
  const uint32_t end = doc_->nodes_[index_].end;
  for (uint32_t at = index_ + 1; at < end; at = doc_->nodes_[at].end) visit(JsonRef(doc_, at));
}

template <class Visit>
void JsonRef::ForEachMember(Visit visit) const {
  if (!Is(JsonKind::kObject)) return;
  const uint32_t end = doc_->nodes_[index_].end;
  for (uint32_t at = index_ + 1; at < end; at = doc_->nodes_[at + 1].end) {
    visit(doc_->nodes_[at].text, JsonRef(doc_, at + 1));
  }
}

/// The text of an object's member; "" if there is none or it is something else.
std::string TextAt(JsonRef object, std::string_view key);

/// Compact text of a value, keys in alphabetical order, everything beyond ASCII escaped: for
/// messages that show what was sent.
std::string ShowJson(JsonRef value);
/// The same of a text, with its quotes.
std::string ShowJsonText(std::string_view text);

}  // namespace quern
