#include "server/native/try_form.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>

#include "base/json_read.h"

namespace quern::server::native {
namespace {

/// A column of a table is [N] or [N,1].
bool IsColumn(const json::value& input) {
  const json::array& shape = ListAt(input, "/shape");
  const auto open = [](const json::value& d) { return d.is_int64() && d.as_int64() == -1; };
  if (shape.empty() || shape.size() > 2 || !open(shape[0])) return false;
  return shape.size() == 1 || (shape[1].is_int64() && shape[1].as_int64() == 1);
}

std::string_view KindOf(std::string_view datatype) {
  if (datatype == "BYTES") return "text";
  if (datatype == "BOOL") return "boolean";
  return datatype.starts_with("INT") || datatype.starts_with("UINT") ? "integer" : "number";
}

const json::value& Named(const json::array& list, const char* key, const std::string& name) {
  static const json::value kNone;
  const auto found = std::find_if(
      list.begin(), list.end(), [&](const json::value& item) { return TextAt(item, key) == name; });
  return found == list.end() ? kNone : *found;
}

/// A value of `inputs` of the example: the first row.
json::value ExampleOf(const json::value& example, const std::string& name) {
  const json::value& inputs = At(example, "/inputs");
  if (!inputs.is_object()) return nullptr;
  const json::value* values = inputs.as_object().if_contains(name);
  if (values == nullptr || !values->is_array() || values->as_array().empty()) return nullptr;
  const json::value& first = values->as_array().front();
  return first.is_array() ? (first.as_array().empty() ? nullptr : first.as_array().front()) : first;
}

json::object Column(const json::value& input, const json::value& known,
                    const json::value& example) {
  const std::string name = TextAt(input, "/name");
  const json::array& labels = ListAt(known, "/labels");
  const json::array& edges = ListAt(known, "/edges");
  const auto rows = NumberAt(known, "/rows");
  const auto missing = NumberAt(known, "/missing");
  const bool category = !labels.empty() && KindOf(TextAt(input, "/datatype")) != "boolean";
  const bool share = rows && missing && *rows > 0;
  return json::object{{"name", name},
                      {"datatype", At(input, "/datatype")},
                      {"shape", At(input, "/shape")},
                      {"kind", category ? "category" : KindOf(TextAt(input, "/datatype"))},
                      {"labels", labels},
                      {"low", edges.empty() ? json::value(nullptr) : edges.front()},
                      {"high", edges.empty() ? json::value(nullptr) : edges.back()},
                      {"missing", share ? json::value(*missing / *rows) : json::value(nullptr)},
                      {"example", ExampleOf(example, name)}};
}

}  // namespace

json::object TryForm(const json::value& metadata, const json::value& described,
                     const json::value& example) {
  const json::array& inputs = ListAt(metadata, "/inputs");
  const bool table = !inputs.empty() && std::all_of(inputs.begin(), inputs.end(), IsColumn);
  json::array columns;
  if (table) {
    const json::array& reference = ListAt(described, "/reference/columns");
    for (const json::value& input : inputs) {
      const json::value& known = Named(reference, "/column", TextAt(input, "/name"));
      columns.push_back(Column(input, known, example));
    }
  }
  return json::object{{"table", table},
                      {"columns", std::move(columns)},
                      {"inputs", inputs},
                      {"outputs", At(metadata, "/outputs")},
                      {"classes", At(described, "/classes")},
                      {"positive", At(described, "/positive")},
                      {"threshold", At(described, "/threshold")}};
}

}  // namespace quern::server::native
