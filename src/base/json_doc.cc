#include "base/json_doc.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace quern {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

class JsonDocParser {
 public:
  explicit JsonDocParser(std::string_view text) : text_(text) {
    doc_.nodes_.reserve(text.size() / 12 + 4);
  }

  std::expected<JsonDoc, JsonDoc::Fault> Run() {
    if (auto bad = FindInvalidUtf8(text_)) {
      at_ = *bad;
      Fail(JsonDoc::Problem::kNotUtf8, "this byte is not UTF-8 text");
      return std::unexpected(std::move(fault_));
    }
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
    bool good = Value(0);
    SkipSpace();
    if (good && at_ < text_.size()) good = Fail("more text after the end of the document");
    if (!good) return std::unexpected(std::move(fault_));
    return std::move(doc_);
  }

 private:
  bool Fail(JsonDoc::Problem problem, std::string message) {
    fault_ = {problem, at_, std::move(message) + " at byte " + std::to_string(at_)};
    return false;
  }
  bool Fail(std::string message) { return Fail(JsonDoc::Problem::kSyntax, std::move(message)); }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool Take(char c) {
    if (Peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  uint32_t Open(JsonKind kind) {
    doc_.nodes_.push_back({{}, 0, 0, kind});
    return static_cast<uint32_t>(doc_.nodes_.size() - 1);
  }
  void Leaf(JsonKind kind, std::string_view text = {}) {
    const uint32_t index = Open(kind);
    doc_.nodes_[index].text = text;
    doc_.nodes_[index].end = index + 1;
  }

  bool Value(int depth) {
    SkipSpace();
    switch (Peek()) {
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case '"': {
        std::string_view text;
        if (!String(&text)) return false;
        Leaf(JsonKind::kString, text);
        return true;
      }
      default:
        return Word();
    }
  }

  bool Word() {
    const size_t start = at_;
    if (TakeWord("null")) {
      Leaf(JsonKind::kNull);
    } else if (TakeWord("true")) {
      Leaf(JsonKind::kTrue);
    } else if (TakeWord("false")) {
      Leaf(JsonKind::kFalse);
    } else if (TakeWord("NaN") || TakeWord("Infinity") || TakeWord("-Infinity") || Number()) {
      Leaf(JsonKind::kNumber, text_.substr(start, at_ - start));
    } else {
      return Fail(at_ >= text_.size() ? "the text ends where a value should be"
                                      : "this is no JSON value");
    }
    return true;
  }

  bool Digits() {
    const size_t start = at_;
    while (IsDigit(Peek())) ++at_;
    return at_ > start;
  }
  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (!Take('+')) Take('-');
      if (!Digits()) return false;
    }
    return true;
  }

  bool Hex(uint32_t* code) {
    *code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = Peek();
      uint32_t digit = 0;
      if (IsDigit(c)) {
        digit = static_cast<uint32_t>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = static_cast<uint32_t>((c | 0x20) - 'a' + 10);
      } else {
        return Fail("four hexadecimal digits must follow \\u");
      }
      *code = *code * 16 + digit;
      ++at_;
    }
    return true;
  }

  bool Unicode(std::string& out) {
    uint32_t code = 0;
    if (!Hex(&code)) return false;
    if (code >= 0xdc00 && code < 0xe000) return Fail("a lone half of a surrogate pair");
    if (code >= 0xd800 && code < 0xdc00) {
      uint32_t low = 0;
      if (!TakeWord("\\u")) return Fail("a lone half of a surrogate pair");
      if (!Hex(&low)) return false;
      if (low < 0xdc00 || low >= 0xe000) return Fail("a lone half of a surrogate pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    AppendUtf8(code, out);
    return true;
  }

  bool Escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (Take('u')) return Unicode(out);
    const size_t found = at_ < text_.size() ? kNames.find(text_[at_]) : std::string_view::npos;
    if (found == std::string_view::npos) return Fail("this is no escape of JSON");
    out += kMeant[found];
    ++at_;
    return true;
  }

  /// After the opening quote up to the closing one.
  bool String(std::string_view* result) {
    size_t start = ++at_;
    std::string* decoded = nullptr;
    for (;;) {
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20) {
        ++at_;
      }
      if (at_ >= text_.size()) return Fail("the text ends inside a string");
      const std::string_view piece = text_.substr(start, at_ - start);
      if (decoded != nullptr) decoded->append(piece);
      if (text_[at_] == '"') {
        ++at_;
        *result = decoded != nullptr ? std::string_view(*decoded) : piece;
        return true;
      }
      if (text_[at_] != '\\') return Fail("a control character inside a string");
      if (decoded == nullptr) decoded = &doc_.decoded_.emplace_front(piece);
      ++at_;
      if (!Escape(*decoded)) return false;
      start = at_;
    }
  }

  bool Enter(int depth) {
    if (depth >= JsonDoc::kMaxDepth) {
      return Fail(JsonDoc::Problem::kTooDeep,
                  "more than " + std::to_string(JsonDoc::kMaxDepth) + " levels of nesting");
    }
    ++at_;
    return true;
  }
  void Close(uint32_t index, uint32_t items) {
    doc_.nodes_[index].items = items;
    doc_.nodes_[index].end = static_cast<uint32_t>(doc_.nodes_.size());
  }

  bool Array(int depth) {
    const uint32_t index = Open(JsonKind::kArray);
    if (!Enter(depth)) return false;
    uint32_t items = 0;
    SkipSpace();
    if (!Take(']')) {
      do {
        if (!Value(depth + 1)) return false;
        ++items;
        SkipSpace();
      } while (Take(','));
      if (!Take(']')) return Fail("',' or ']' is missing");
    }
    Close(index, items);
    return true;
  }

  bool Object(int depth) {
    const uint32_t index = Open(JsonKind::kObject);
    if (!Enter(depth)) return false;
    uint32_t items = 0;
    SkipSpace();
    if (!Take('}')) {
      do {
        SkipSpace();
        std::string_view key;
        if (Peek() != '"') return Fail("a key in quotes is missing");
        if (!String(&key)) return false;
        Leaf(JsonKind::kString, key);
        SkipSpace();
        if (!Take(':')) return Fail("':' is missing");
        if (!Value(depth + 1)) return false;
        ++items;
        SkipSpace();
      } while (Take(','));
      if (!Take('}')) return Fail("',' or '}' is missing");
    }
    Close(index, items);
    return NoDuplicates(index, items);
  }

  bool NoDuplicates(uint32_t index, uint32_t items) {
    if (items < 2) return true;
    keys_.clear();
    const uint32_t end = doc_.nodes_[index].end;
    for (uint32_t at = index + 1; at < end; at = doc_.nodes_[at + 1].end) {
      keys_.push_back(doc_.nodes_[at].text);
    }
    auto twice = keys_.end();
    if (items <= kFewKeys) {
      for (auto key = keys_.begin(); key != keys_.end() && twice == keys_.end(); ++key) {
        if (std::find(keys_.begin(), key, *key) != key) twice = key;
      }
    } else {
      std::sort(keys_.begin(), keys_.end());
      twice = std::adjacent_find(keys_.begin(), keys_.end());
    }
    if (twice == keys_.end()) return true;
    return Fail(JsonDoc::Problem::kDuplicate,
                "key \"" + std::string(twice->substr(0, 100)) + "\" stands twice in the object");
  }

  static constexpr uint32_t kFewKeys = 12;  // compared with each other; more are sorted
  std::string_view text_;
  size_t at_ = 0;
  JsonDoc doc_;
  JsonDoc::Fault fault_;
  std::vector<std::string_view> keys_;
};

std::expected<JsonDoc, JsonDoc::Fault> JsonDoc::Parse(std::string_view text) {
  return JsonDocParser(text).Run();
}

std::optional<JsonRef> JsonRef::Find(std::string_view key) const {
  if (!Is(JsonKind::kObject)) return std::nullopt;
  const uint32_t end = doc_->nodes_[index_].end;
  for (uint32_t at = index_ + 1; at < end; at = doc_->nodes_[at + 1].end) {
    if (doc_->nodes_[at].text == key) return JsonRef(doc_, at + 1);
  }
  return std::nullopt;
}

namespace {

void ShowCode(std::string& out, uint32_t code) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (code >= 0x10000) {
    ShowCode(out, 0xd800 + ((code - 0x10000) >> 10));
    ShowCode(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
    return;
  }
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(code >> shift) & 15];
}

void ShowText(std::string& out, std::string_view text) {
  out += '"';
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first >= 0x80) {
      const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
      uint32_t code = first & (0xffu >> (length + 1));
      for (size_t k = 1; k < length && i + k < text.size(); ++k) {
        code = (code << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3fu);
      }
      ShowCode(out, code);
      i += length;
      continue;
    }
    const size_t named = std::string_view("\"\\\b\f\n\r\t").find(text[i]);
    if (named != std::string_view::npos) {
      out += '\\';
      out += "\"\\bfnrt"[named];
    } else if (first < 0x20) {
      ShowCode(out, first);
    } else {
      out += text[i];
    }
    ++i;
  }
  out += '"';
}

void Show(std::string& out, JsonRef value) {
  switch (value.kind()) {
    case JsonKind::kNull:
      out += "null";
      return;
    case JsonKind::kFalse:
      out += "false";
      return;
    case JsonKind::kTrue:
      out += "true";
      return;
    case JsonKind::kNumber:
      out += value.text();
      return;
    case JsonKind::kString:
      return ShowText(out, value.text());
    case JsonKind::kArray:
      out += '[';
      value.ForEach([&](JsonRef item) {
        if (out.back() != '[') out += ',';
        Show(out, item);
      });
      out += ']';
      return;
    case JsonKind::kObject: {
      std::vector<std::pair<std::string_view, JsonRef>> members;
      value.ForEachMember(
          [&](std::string_view key, JsonRef item) { members.emplace_back(key, item); });
      std::sort(members.begin(), members.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
      out += '{';
      for (size_t i = 0; i < members.size(); ++i) {
        if (i > 0) out += ',';
        ShowText(out, members[i].first);
        out += ':';
        Show(out, members[i].second);
      }
      out += '}';
      return;
    }
  }
}

}  // namespace

std::string TextAt(JsonRef object, std::string_view key) {
  const auto value = object.Find(key);
  return value && value->Is(JsonKind::kString) ? std::string(value->text()) : std::string();
}

std::string ShowJson(JsonRef value) {
  std::string out;
  Show(out, value);
  return out;
}

std::string ShowJsonText(std::string_view text) {
  std::string out;
  ShowText(out, text);
  return out;
}

}  // namespace quern
