#include "server/http/query.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "net/strict.h"
#include "server/http/respond.h"

namespace quern::server {
namespace {

Result<std::string> Decode(std::string_view part) {
  std::string plus(part);
  std::replace(plus.begin(), plus.end(), '+', ' ');
  std::optional<std::string> decoded = net::DecodeUrl(plus);
  if (!decoded || FindInvalidUtf8(*decoded)) {
    return Fail(Code::kInvalidArgument,
                "'" + Printable(part) + "' in the query is not percent-encoded UTF-8 text");
  }
  return std::move(*decoded);
}

}  // namespace

Result<Query> Query::Parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const size_t amp = text.find('&');
    const std::string_view part = text.substr(0, amp);
    text.remove_prefix(amp == std::string_view::npos ? text.size() : amp + 1);
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    Item item;
    QUERN_ASSIGN(item.key, Decode(part.substr(0, equals)));
    if (equals != std::string_view::npos) {
      QUERN_ASSIGN(item.value, Decode(part.substr(equals + 1)));
    }
    query.items_.push_back(std::move(item));
  }
  return query;
}

std::optional<std::string_view> Query::Find(std::string_view key) const {
  for (const Item& item : items_) {
    if (item.key == key) return item.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Query::All(std::string_view key) const {
  std::vector<std::string_view> values;
  for (const Item& item : items_) {
    if (item.key == key) values.emplace_back(item.value);
  }
  return values;
}

}  // namespace quern::server
