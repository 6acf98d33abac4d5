#include <algorithm>

#include "base/text.h"
#include "expr/expr.h"
#include "ml/transform/transform.h"

namespace quern::ml {
namespace {

std::string Type(bool is_text) { return is_text ? "text" : "numbers"; }

}  // namespace

Result<Frame> WithDerived(const std::vector<InputColumn>& inputs,
                          const std::vector<DerivedColumn>& derived, const Frame& rows) {
  Frame frame;
  for (const InputColumn& input : inputs) {
    const Column* column = rows.Find(input.name);
    if (!column) {
      std::vector<std::string> names;
      for (const Column& c : rows.columns) names.push_back(c.name);
      return Fail(Code::kInvalidArgument, "no column '" + input.name + "' in the rows",
                  SuggestName(input.name, names));
    }
    if (column->is_text != input.is_text)
      return Fail(Code::kInvalidArgument, "column '" + input.name + "' holds " +
                                              Type(column->is_text) + ", but " +
                                              Type(input.is_text) + " are expected");
    frame.columns.push_back(*column);
  }
  for (const DerivedColumn& column : derived) {
    auto parsed = expr::Parse(column.expression, {});
    if (!parsed) return Within(parsed.error(), "in derived column '" + column.name + "'");
    auto made = expr::Evaluate(*parsed, frame, column.name);
    if (!made) return Within(made.error(), "in derived column '" + column.name + "'");
    if (made->is_text)
      return Fail(Code::kInvalidArgument, "derived column '" + column.name + "' is text",
                  "derived columns are numbers");
    frame.columns.push_back(std::move(*made));
  }
  return frame;
}

}  // namespace quern::ml
