#include "base/json.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "base/text.h"

namespace quern {
namespace {

/// Builds a document from the parser's events and refuses duplicate keys, which boost::json::parse
/// lets pass silently (the last one wins).
class Builder {
 public:
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_array_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_key_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_string_size = std::numeric_limits<size_t>::max();

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return Open(json::object()); }
  bool on_object_end(size_t, json::error_code&) { return Close(); }
  bool on_array_begin(json::error_code&) { return Open(json::array()); }
  bool on_array_end(size_t, json::error_code&) { return Close(); }
  bool on_key_part(json::string_view part, size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, size_t, json::error_code& error) {
    text_.append(part.data(), part.size());
    json::object& object = stack_.back().as_object();
    if (object.contains(text_)) {
      duplicate = text_;
      error = json::error::syntax;
      return false;
    }
    keys_.push_back(std::move(text_));
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    const bool ok = Add(json::value(json::string(text_)));
    text_.clear();
    return ok;
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(int64_t value, json::string_view, json::error_code&) { return AddNumber(value); }
  bool on_uint64(uint64_t value, json::string_view, json::error_code&) { return AddNumber(value); }
  bool on_double(double value, json::string_view part, json::error_code&) {
    // Boost 1.81 rounds some doubles to a neighbour; the text itself reads back exactly.
    number_.append(part.data(), part.size());
    return AddNumber(ParseDouble(number_).value_or(value));
  }
  bool on_bool(bool value, json::error_code&) { return Add(value); }
  bool on_null(json::error_code&) { return Add(nullptr); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  json::value document;
  std::string duplicate;

 private:
  bool Open(json::value container) {
    stack_.push_back(std::move(container));
    return true;
  }
  bool Close() {
    json::value done = std::move(stack_.back());
    stack_.pop_back();
    return Add(std::move(done));
  }
  template <class T>
  bool AddNumber(T value) {
    number_.clear();
    return Add(json::value(value));
  }
  bool Add(json::value value) {
    if (stack_.empty()) {
      document = std::move(value);
    } else if (stack_.back().is_object()) {
      stack_.back().as_object().emplace(keys_.back(), std::move(value));
      keys_.pop_back();
    } else {
      stack_.back().as_array().push_back(std::move(value));
    }
    return true;
  }

  std::vector<json::value> stack_;
  std::vector<std::string> keys_;
  std::string text_;
  std::string number_;
};

Position PositionAt(std::string_view text, size_t offset, const std::string& name) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const size_t line_start = before.rfind('\n') + 1;
  return {name, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(before.size() - line_start) + 1};
}

constexpr std::string_view kNan = "NaN";
constexpr std::string_view kInfinity = "Infinity";

/// Whether the token from `at` to `end` is a value by itself: in 1Infinity it is not.
bool StandsAlone(std::string_view text, size_t at, size_t end) {
  const auto joins = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '+' || c == '-';
  };
  if (at > 0 && text[at - 1] == '-') --at;
  return (at == 0 || !joins(text[at - 1])) && (text.size() <= end || !joins(text[end]));
}

/// Outside of strings: NaN becomes null (a missing value, for all our readers), Infinity the
/// largest double.
std::string ReplaceNonFinite(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < text.size()) {
        out += text[++i];
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '"') in_string = true;
    if (text.substr(i).starts_with(kNan) && StandsAlone(text, i, i + kNan.size())) {
      out += "null";
      i += kNan.size() - 1;
    } else if (text.substr(i).starts_with(kInfinity) &&
               StandsAlone(text, i, i + kInfinity.size())) {
      out += "1.7976931348623157e308";
      i += kInfinity.size() - 1;
    } else {
      out += c;
    }
  }
  return out;
}

void AppendString(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += kHex[static_cast<unsigned char>(c) >> 4];
          out += kHex[c & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

/// `indent` < 0 writes compactly.
void Append(std::string& out, const json::value& value, int indent) {
  const auto newline = [&](int depth) {
    if (depth < 0) return;
    out += '\n';
    out.append(static_cast<size_t>(depth) * 2, ' ');
  };
  const int inner = indent < 0 ? -1 : indent + 1;
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      out += std::to_string(value.get_int64());
      return;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      return;
    case json::kind::double_:
      out += std::isfinite(value.get_double()) ? ShortestDouble(value.get_double()) : "null";
      return;
    case json::kind::string:
      AppendString(out, value.get_string());
      return;
    case json::kind::array: {
      const json::array& array = value.get_array();
      // Lists of plain values stay on one line: readable, and git shows one change as one line.
      const bool flat = std::none_of(array.begin(), array.end(),
                                     [](const json::value& item) { return item.is_structured(); });
      out += '[';
      for (const json::value& item : array) {
        if (&item != array.data()) out += indent < 0 ? "," : (flat ? ", " : ",");
        if (!flat) newline(inner);
        Append(out, item, inner);
      }
      if (!flat) newline(indent);
      out += ']';
      return;
    }
    case json::kind::object: {
      const json::object& object = value.get_object();
      out += '{';
      bool first = true;
      for (const auto& [key, item] : object) {
        if (!first) out += ',';
        first = false;
        newline(inner);
        AppendString(out, key);
        out += indent < 0 ? ":" : ": ";
        Append(out, item, inner);
      }
      if (!first) newline(indent);
      out += '}';
      return;
    }
  }
}

}  // namespace

Result<json::value> ParseJson(std::string_view text, const JsonOptions& options) {
  std::string rewritten;
  std::string_view source = text;
  if (options.allow_nan) {
    rewritten = ReplaceNonFinite(text);
    source = rewritten;
  }
  if (auto bad = FindInvalidUtf8(source)) {
    return Fail(Code::kInvalidArgument, "this byte is not UTF-8 text", "send JSON as UTF-8",
                PositionAt(source, *bad, options.name));
  }
  json::parse_options parse;
  parse.max_depth = static_cast<size_t>(options.max_depth);
  json::basic_parser<Builder> parser(parse);
  json::error_code error;
  const size_t read = parser.write_some(false, source.data(), source.size(), error);
  if (!error && source.substr(read).find_first_not_of(" \t\r\n") != std::string_view::npos) {
    return Fail(Code::kInvalidArgument, "more text after the end of the JSON document", "",
                PositionAt(source, read, options.name));
  }
  if (error) {
    const std::string reason = !parser.handler().duplicate.empty()
                                   ? "key \"" + parser.handler().duplicate + "\" stands twice"
                                   : "not valid JSON: " + error.message();
    return Fail(Code::kInvalidArgument, reason, "", PositionAt(source, read, options.name));
  }
  return std::move(parser.handler().document);
}

std::string WriteJson(const json::value& value) {
  std::string out;
  Append(out, value, -1);
  return out;
}

std::string WritePrettyJson(const json::value& value) {
  std::string out;
  Append(out, value, 0);
  out += '\n';
  return out;
}

}  // namespace quern
