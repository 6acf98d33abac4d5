#include "search/page_token.h"

#include <boost/json.hpp>
#include <optional>

#include "base/base64.h"
#include "base/json.h"

namespace quern::search {
namespace {

constexpr size_t kMaxTokenBytes = 1'000'000;

json::value ToJson(const store::Param& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return json::string(*text);
  return nullptr;
}

std::optional<store::Param> FromJson(const json::value& value, const SortKey& key) {
  if (value.is_null() && key.nullable) return store::Param();
  if (key.type == ValueType::kText && value.is_string()) {
    const json::string& text = value.as_string();
    return std::string(text.data(), text.size());
  }
  if (key.type == ValueType::kInteger && value.is_int64()) return value.as_int64();
  if (key.type == ValueType::kReal && value.is_number()) return value.to_number<double>();
  return std::nullopt;
}

std::unexpected<Error> Invalid(const std::string& reason) {
  return Fail(Code::kInvalidArgument, "Invalid page token, " + reason +
                                          "; pass the token of the page before as it is, or none "
                                          "to start again");
}

}  // namespace

std::string WriteToken(std::string_view digest, const std::vector<store::Param>& values) {
  json::array list;
  for (const store::Param& value : values) list.push_back(ToJson(value));
  return ToBase64Url(WriteJson(json::object{{"q", digest}, {"k", std::move(list)}}));
}

Result<std::vector<store::Param>> ReadToken(std::string_view token, std::string_view digest,
                                            const std::vector<SortKey>& keys) {
  if (token.size() > kMaxTokenBytes) return Invalid("it is too long");
  const auto bytes = FromBase64Url(token);
  if (!bytes) return Invalid("could not base64-decode");
  const auto document = ParseJson(*bytes);
  if (!document) return Invalid("it does not hold JSON");
  const json::object* object = document->if_object();
  const json::value* search = object == nullptr ? nullptr : object->if_contains("q");
  const json::value* list = object == nullptr ? nullptr : object->if_contains("k");
  if (search == nullptr || !search->is_string() || list == nullptr || !list->is_array()) {
    return Invalid("it is not one of this server's");
  }
  if (std::string_view(search->as_string()) != digest) {
    return Invalid("it belongs to a search with another filter, order or scope");
  }
  const json::array& values = list->as_array();
  if (values.size() != keys.size()) return Invalid("it has another number of sort keys");
  std::vector<store::Param> out;
  for (size_t i = 0; i < keys.size(); ++i) {
    auto value = FromJson(values[i], keys[i]);
    if (!value) return Invalid("a sort key in it has another type");
    out.push_back(std::move(*value));
  }
  return out;
}

}  // namespace quern::search
