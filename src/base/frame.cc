#include "base/frame.h"

#include <cmath>

namespace quern {

bool Column::Missing(size_t row) const {
  return is_text ? texts[row].empty() : std::isnan(numbers[row]);
}

const Column* Frame::Find(std::string_view name) const {
  for (const Column& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

Frame Frame::Take(std::span<const uint32_t> picked) const {
  Frame out;
  out.columns.reserve(columns.size());
  for (const Column& column : columns) {
    Column taken{column.name, column.is_text, {}, {}};
    if (column.is_text) {
      taken.texts.reserve(picked.size());
      for (uint32_t row : picked) taken.texts.push_back(column.texts[row]);
    } else {
      taken.numbers.reserve(picked.size());
      for (uint32_t row : picked) taken.numbers.push_back(column.numbers[row]);
    }
    out.columns.push_back(std::move(taken));
  }
  return out;
}

void Frame::Append(const Frame& more) {
  if (columns.empty()) {
    *this = more;
    return;
  }
  const size_t before = rows();
  const size_t added = more.rows();
  for (Column& column : columns) {
    const Column* other = more.Find(column.name);
    if (other != nullptr && other->is_text == column.is_text) {
      column.texts.insert(column.texts.end(), other->texts.begin(), other->texts.end());
      column.numbers.insert(column.numbers.end(), other->numbers.begin(), other->numbers.end());
    } else if (column.is_text) {
      column.texts.resize(before + added);
    } else {
      column.numbers.resize(before + added, std::nan(""));
    }
  }
  for (const Column& column : more.columns) {
    if (Find(column.name) != nullptr) continue;
    Column padded = column;
    if (column.is_text) {
      padded.texts.insert(padded.texts.begin(), before, "");
    } else {
      padded.numbers.insert(padded.numbers.begin(), before, std::nan(""));
    }
    columns.push_back(std::move(padded));
  }
}

Frame Frame::Select(std::span<const std::string> names) const {
  Frame out;
  for (const std::string& name : names) {
    if (const Column* column = Find(name)) out.columns.push_back(*column);
  }
  return out;
}

}  // namespace quern
