#include "net/inline.h"

namespace quern::net {
namespace {

/// Bytes that a writer keeps for the next answer.
constexpr size_t kKeep = 1u << 20;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

void Empty(std::string* text) {
  text->clear();
  if (text->capacity() > kKeep) text->shrink_to_fit();
}

}  // namespace

bool SameName(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

std::string_view RequestView::Find(std::string_view name) const {
  for (const HeaderView& header : headers) {
    if (SameName(header.name, name)) return header.value;
  }
  return {};
}

void AppendHeaderLine(std::string* out, std::string_view name, std::string_view value) {
  out->append(name).append(": ");
  for (char c : value) {
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out->push_back(control ? ' ' : c);
  }
  out->append("\r\n");
}

void ResponseWriter::AddHeader(std::string_view name, std::string_view value) {
  AppendHeaderLine(&header_lines_, name, value);
}

void ResponseWriter::Reset() {
  status_ = 200;
  ticket_ = 0;
  content_type_ = "application/json";
  header_lines_.clear();
  Empty(&body_);
}

}  // namespace quern::net
