#pragma once
// Inside of search/ only: SQL text with the values of its `?`, in step.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/database.h"

namespace quern::search {

/// Values belong to the question marks of `text`, in order.
struct Sql {
  std::string text;
  std::vector<store::Param> params;

  Sql() = default;
  explicit Sql(std::string_view plain) : text(plain) {}

  Sql& Add(std::string_view plain) {
    text += plain;
    return *this;
  }
  Sql& Add(const Sql& more) {
    text += more.text;
    params.insert(params.end(), more.params.begin(), more.params.end());
    return *this;
  }
  /// Adds text that holds one question mark, and the value for it.
  Sql& Add(std::string_view plain, store::Param value) {
    text += plain;
    params.push_back(std::move(value));
    return *this;
  }
};

}  // namespace quern::search
