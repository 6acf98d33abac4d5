#pragma once
// The query part of a URL, and the same form in a body: `a=1&b=x%20y&b=z`.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::server {

/// Arguments in the order they were sent; a key may stand more than once.
class Query {
 public:
  /// '+' is a blank. kInvalidArgument for malformed percent signs and for text that is not UTF-8.
  static Result<Query> Parse(std::string_view text);

  bool empty() const { return items_.empty(); }
  /// The first value of `key`.
  std::optional<std::string_view> Find(std::string_view key) const;
  std::vector<std::string_view> All(std::string_view key) const;

 private:
  struct Item {
    std::string key;
    std::string value;
  };
  std::vector<Item> items_;
};

}  // namespace quern::server
