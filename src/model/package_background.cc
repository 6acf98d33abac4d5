#include "model/package_background.h"

#include <boost/json.hpp>
#include <cmath>

#include "base/digest.h"

namespace quern::model {
namespace {

std::unexpected<Error> Wrong(const std::string& what) {
  return Fail(Code::kInvalidArgument, std::string(kBackgroundFile) + what);
}

/// `[value]`, or null where the value is missing.
bool ReadCell(const json::value& cell, Column& column) {
  if (!cell.is_array() || cell.get_array().size() != 1) return false;
  const json::value& value = cell.get_array()[0];
  if (column.is_text) {
    if (!value.is_string()) return false;
    column.texts.emplace_back(value.get_string());
    return true;
  }
  if (!value.is_number() && !value.is_null()) return false;
  column.numbers.push_back(value.is_null() ? std::nan("") : value.to_number<double>());
  return true;
}

}  // namespace

json::value BackgroundEntry(const std::string& text) {
  return json::object{{"file", kBackgroundFile}, {"sha256", Sha256(text)}};
}

Result<Frame> ParseBackground(const json::value& entry, const std::string& text,
                              const Signature& signature) {
  if (entry != BackgroundEntry(text)) return Wrong(" is not what quern.json says");
  QUERN_ASSIGN(const json::value parsed, ParseJson(text, {.name = kBackgroundFile}));
  if (!parsed.is_object()) return Wrong(" is no object");
  Frame frame;
  for (const ml::InputColumn& input : signature.inputs) {
    const json::value* cells = parsed.get_object().if_contains(input.name);
    if (cells == nullptr || !cells->is_array()) return Wrong(" lacks column '" + input.name + "'");
    Column column{input.name, input.is_text, {}, {}};
    for (const json::value& cell : cells->get_array()) {
      if (!ReadCell(cell, column)) return Wrong(" has no proper column '" + input.name + "'");
    }
    if (column.size() == 0 || (!frame.columns.empty() && column.size() != frame.rows())) {
      return Wrong(" has columns of different lengths");
    }
    frame.columns.push_back(std::move(column));
  }
  return frame;
}

}  // namespace quern::model
