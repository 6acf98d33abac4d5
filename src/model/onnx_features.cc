// Preparation: one double column block per feature, then one matrix.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "model/onnx_stages.h"

namespace quern::model {
namespace {

Value ToDouble(GraphWriter& graph, const std::string& name, const Value& value) {
  return graph.Node("Cast", name, {value}, {{"to", kCastDouble}});
}

void WriteNumeric(GraphWriter& graph, const ml::Feature& feature, const Value& raw,
                  std::vector<Value>& blocks) {
  const std::string& name = feature.column;
  Value value = raw;
  Value missing;
  if (feature.impute_number || feature.indicator) {
    missing = graph.Node("IsNaN", name + "/is_missing", {raw});
  }
  if (feature.impute_number) {
    value = graph.Node("Where", name + "/impute",
                       {missing, graph.Scalar(*feature.impute_number), value});
  }
  // Where rather than Min and Max: a missing value that is not imputed stays missing.
  if (std::isfinite(feature.clip_low)) {
    const Value low = graph.Scalar(feature.clip_low);
    const Value below = graph.Node("Less", name + "/is_below", {value, low});
    value = graph.Node("Where", name + "/clip_low", {below, low, value});
  }
  if (std::isfinite(feature.clip_high)) {
    const Value high = graph.Scalar(feature.clip_high);
    const Value above = graph.Node("Greater", name + "/is_above", {value, high});
    value = graph.Node("Where", name + "/clip_high", {above, high, value});
  }
  if (feature.offset != 0) {
    value = graph.Node("Sub", name + "/centre", {value, graph.Scalar(feature.offset)});
  }
  if (feature.scale != 1) {
    value = graph.Node("Div", name + "/scale", {value, graph.Scalar(feature.scale)});
  }
  blocks.push_back(value);
  if (feature.indicator) blocks.push_back(ToDouble(graph, name + "/indicator", missing));
}

/// Category codes [N,1] as int64 from text; -1 for what has no category. One table look-up does
/// missing, unknown and known values.
Value TextCodes(GraphWriter& graph, const ml::Feature& feature, const Value& raw) {
  const std::vector<std::string>& categories = feature.text_categories;
  std::vector<std::string> keys = categories;
  std::vector<int64_t> codes(categories.size());
  std::iota(codes.begin(), codes.end(), 0);
  int64_t imputed = -1;
  if (feature.impute_text) {
    const auto found = std::find(categories.begin(), categories.end(), *feature.impute_text);
    if (found != categories.end()) imputed = found - categories.begin();
  }
  const bool has_empty = std::find(keys.begin(), keys.end(), "") != keys.end();
  const int64_t unknown = feature.unknown == ml::Unknown::kImpute ? imputed : -1;
  if (!has_empty) {
    keys.push_back("");
    codes.push_back(feature.impute_text ? imputed : unknown);
  } else if (feature.impute_text) {
    codes[static_cast<size_t>(std::find(keys.begin(), keys.end(), "") - keys.begin())] = imputed;
  }
  return graph.MlNode(
      "LabelEncoder", feature.column + "/code", {raw},
      {{"keys_strings", keys}, {"values_int64s", codes}, {"default_int64", unknown}});
}

Value TextBlock(GraphWriter& graph, const ml::Feature& feature, const Value& raw) {
  const Value codes = TextCodes(graph, feature, raw);
  if (feature.encode == ml::Encode::kOrdinal) {
    return ToDouble(graph, feature.column + "/ordinal", codes);
  }
  std::vector<int64_t> all(feature.categories());
  std::iota(all.begin(), all.end(), 0);
  const Value constants =
      graph.Ints(feature.column + "/codes", all, {1, static_cast<int64_t>(all.size())});
  const Value equal = graph.Node("Equal", feature.column + "/is", {codes, constants});
  return ToDouble(graph, feature.column + "/one_hot", equal);
}

/// Numbers: one comparison with all categories gives the one-hot block; an unknown value is a row
/// of zeros, which is what `unknown` replaces.
Value NumberBlock(GraphWriter& graph, const ml::Feature& feature, const Value& raw) {
  const std::string& name = feature.column;
  const auto width = static_cast<int64_t>(feature.categories());
  Value value = raw;
  if (feature.impute_number) {
    const Value missing = graph.Node("IsNaN", name + "/is_missing", {value});
    value = graph.Node("Where", name + "/impute",
                       {missing, graph.Scalar(*feature.impute_number), value});
  }
  const Value categories =
      graph.Doubles(name + "/categories", feature.number_categories, {1, width});
  Value one_hot =
      ToDouble(graph, name + "/one_hot", graph.Node("Equal", name + "/is", {value, categories}));
  if (feature.unknown == ml::Unknown::kImpute && feature.impute_number) {
    std::vector<double> imputed(feature.categories(), 0.0);
    for (size_t i = 0; i < imputed.size(); ++i) {
      if (feature.number_categories[i] == *feature.impute_number) imputed[i] = 1;
    }
    const Value axis = graph.Ints(name + "/axis", std::vector<int64_t>{1}, {1});
    const Value count = graph.Node("ReduceSum", name + "/matches", {one_hot, axis});
    const Value unknown = graph.Node("Equal", name + "/is_unknown", {count, graph.Scalar(0)});
    const Value fallback = graph.Doubles(name + "/imputed", imputed, {1, width});
    one_hot = graph.Node("Where", name + "/known", {unknown, fallback, one_hot});
  }
  if (feature.encode == ml::Encode::kOneHot) return one_hot;
  std::vector<double> ranks(feature.categories());
  std::iota(ranks.begin(), ranks.end(), 1.0);
  const Value weights = graph.Doubles(name + "/ranks", ranks, {width, 1});
  const Value rank = graph.Node("MatMul", name + "/rank", {one_hot, weights});
  return graph.Node("Sub", name + "/ordinal", {rank, graph.Scalar(1)});
}

}  // namespace

Result<Value> WriteFeatures(GraphWriter& graph, const ml::FittedPipeline& pipeline,
                            const ColumnValues& columns) {
  std::vector<Value> blocks;
  for (const ml::Feature& feature : pipeline.features) {
    const auto found = columns.find(feature.column);
    if (found == columns.end()) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("feature '{}' has no input column", feature.column));
    }
    const ColumnValue& column = found->second;
    if (column.is_text != feature.is_text || (feature.is_text && !feature.categorical)) {
      return Fail(
          Code::kInvalidArgument,
          fmt::format("feature '{}' is {} but its column is {}", feature.column,
                      feature.is_text ? "text" : "a number", column.is_text ? "text" : "a number"));
    }
    if (!feature.categorical) {
      WriteNumeric(graph, feature, column.value, blocks);
    } else if (feature.categories() == 0) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("feature '{}' has no categories", feature.column));
    } else {
      blocks.push_back(feature.is_text ? TextBlock(graph, feature, column.value)
                                       : NumberBlock(graph, feature, column.value));
    }
  }
  if (blocks.empty()) return Fail(Code::kInvalidArgument, "the pipeline has no features");
  if (blocks.size() == 1) return blocks.front();
  return graph.Node("Concat", "features", std::span<const Value>(blocks), {{"axis", int64_t{1}}});
}

}  // namespace quern::model
