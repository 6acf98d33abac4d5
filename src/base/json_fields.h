#pragma once
// Fields of JSON objects that a server answered with. Protobuf's JSON mapping writes 64-bit
// integers as numbers or as text, and leaves out what has its default.
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace quern {

/// Text as it is, anything else as JSON; "" for null and for what is not there.
std::string TextAt(const json::object& object, std::string_view key);
/// An integer, or the text of one.
std::optional<int64_t> IntAt(const json::object& object, std::string_view key);
/// Empty where there is none, and where `value` is no object at all.
const json::object& ObjectAt(const json::object& object, std::string_view key);
const json::object& ObjectAt(const json::value& value, std::string_view key);
const json::array& ArrayAt(const json::object& object, std::string_view key);
const json::array& ArrayAt(const json::value& value, std::string_view key);
/// Of `[{"key", "value"}]`, as MLflow writes parameters and tags; what is no object is passed over.
std::map<std::string, std::string> PairsOf(const json::array& list);

}  // namespace quern
