#include "base/text.h"
#include "pipeline/project.h"

namespace quern::pipeline {
namespace {

Result<ml::NumericPrep> ParseNumeric(YamlMap& map, ml::NumericPrep prep) {
  if (const YamlNode* impute = map.Get("impute")) {
    QUERN_ASSIGN(
        const std::string text,
        map.Choice("impute", "median", {"none", "median", "mean", "most_frequent", "constant"}));
    prep.impute = text == "none"            ? ml::NumericImpute::kNone
                  : text == "mean"          ? ml::NumericImpute::kMean
                  : text == "most_frequent" ? ml::NumericImpute::kMostFrequent
                  : text == "constant"      ? ml::NumericImpute::kConstant
                                            : ml::NumericImpute::kMedian;
    if (prep.impute == ml::NumericImpute::kConstant && map.Get("value") == nullptr) {
      return FailAt(impute->where, "impute: constant needs a value",
                    "as in {impute: constant, value: 0}");
    }
  }
  QUERN_ASSIGN(prep.impute_value, map.Number("value", prep.impute_value));
  QUERN_ASSIGN(prep.indicator, map.Bool("indicator", prep.indicator));
  if (map.Get("clip") != nullptr) {
    QUERN_ASSIGN(const std::string text, map.Choice("clip", "none", {"none", "iqr", "quantile"}));
    prep.clip = text == "iqr"        ? ml::Clip::kIqr
                : text == "quantile" ? ml::Clip::kQuantile
                                     : ml::Clip::kNone;
    if (prep.clip == ml::Clip::kIqr) prep.clip_high = 1.5;
  }
  if (const YamlNode* range = map.Get("clip_range")) {
    if (prep.clip != ml::Clip::kQuantile || !range->IsList() || range->items.size() != 2) {
      return FailAt(range->where, "clip_range belongs to clip: quantile and is two quantiles",
                    "as in {clip: quantile, clip_range: [0.01, 0.99]}");
    }
    QUERN_ASSIGN(prep.clip_low, range->items[0].AsNumber());
    QUERN_ASSIGN(prep.clip_high, range->items[1].AsNumber());
    if (!(prep.clip_low >= 0 && prep.clip_low < prep.clip_high && prep.clip_high <= 1)) {
      return FailAt(range->where, "quantiles must rise and lie between 0 and 1");
    }
  }
  if (map.Get("scale") != nullptr) {
    QUERN_ASSIGN(const std::string text,
                 map.Choice("scale", "standard", {"none", "standard", "min_max", "robust"}));
    prep.scale = text == "none"      ? ml::Scale::kNone
                 : text == "min_max" ? ml::Scale::kMinMax
                 : text == "robust"  ? ml::Scale::kRobust
                                     : ml::Scale::kStandard;
  }
  return prep;
}

Result<ml::CategoricalPrep> ParseCategorical(YamlMap& map, ml::CategoricalPrep prep) {
  if (const YamlNode* impute = map.Get("impute")) {
    QUERN_ASSIGN(const std::string text,
                 map.Choice("impute", "most_frequent", {"none", "most_frequent", "constant"}));
    prep.impute = text == "none"       ? ml::CategoricalImpute::kNone
                  : text == "constant" ? ml::CategoricalImpute::kConstant
                                       : ml::CategoricalImpute::kMostFrequent;
    if (prep.impute == ml::CategoricalImpute::kConstant && map.Get("value") == nullptr) {
      return FailAt(impute->where, "impute: constant needs a value",
                    "as in {impute: constant, value: unknown}");
    }
  }
  QUERN_ASSIGN(prep.impute_value, map.Text("value", prep.impute_value));
  if (map.Get("encode") != nullptr) {
    QUERN_ASSIGN(const std::string text, map.Choice("encode", "one_hot", {"one_hot", "ordinal"}));
    prep.encode = text == "ordinal" ? ml::Encode::kOrdinal : ml::Encode::kOneHot;
  }
  if (map.Get("unknown") != nullptr) {
    QUERN_ASSIGN(const std::string text, map.Choice("unknown", "ignore", {"ignore", "impute"}));
    prep.unknown = text == "impute" ? ml::Unknown::kImpute : ml::Unknown::kIgnore;
  }
  return prep;
}

Status ParseOverrides(const YamlNode* node, FeatureSpec& spec) {
  if (node == nullptr || node->IsNull()) return {};
  if (!node->IsMap())
    return FailAt(node->where, "features.columns must be a map of column to settings");
  for (const YamlEntry& entry : node->entries) {
    YamlMap map(&entry.value, "features.columns." + entry.key);
    // Encoding makes it a category's setting, everything else fits a number.
    const bool categorical =
        entry.value.Find("encode") != nullptr || entry.value.Find("unknown") != nullptr;
    if (categorical) {
      QUERN_ASSIGN(spec.categorical_of[entry.key], ParseCategorical(map, spec.categorical));
    } else {
      QUERN_ASSIGN(spec.numeric_of[entry.key], ParseNumeric(map, spec.numeric));
    }
    QUERN_TRY(map.Finish());
  }
  return {};
}

}  // namespace

Result<FeatureSpec> ParseFeatures(const YamlNode* node) {
  FeatureSpec spec;
  YamlMap map(node, "features");
  if (const YamlNode* derived = map.Get("derived"); derived != nullptr && !derived->IsNull()) {
    if (!derived->IsMap())
      return FailAt(derived->where, "derived must be a map of name to expression");
    for (const YamlEntry& entry : derived->entries) {
      QUERN_ASSIGN(std::string text, entry.value.AsText());
      spec.derived.push_back({entry.key, std::move(text)});
      spec.derived_where.push_back(entry.value.where);
    }
  }
  {
    YamlMap numeric(map.Get("numeric"), "features.numeric");
    QUERN_ASSIGN(spec.numeric, ParseNumeric(numeric, spec.numeric));
    QUERN_TRY(numeric.Finish());
  }
  {
    YamlMap categorical(map.Get("categorical"), "features.categorical");
    QUERN_ASSIGN(spec.categorical, ParseCategorical(categorical, spec.categorical));
    QUERN_TRY(categorical.Finish());
  }
  QUERN_TRY(ParseOverrides(map.Get("columns"), spec));
  {
    YamlMap select(map.Get("select"), "features.select");
    QUERN_ASSIGN(
        const std::string method,
        select.Choice("method", "none", {"none", "variance", "anova_f", "mutual_information"}));
    spec.select.method = method == "variance"             ? ml::SelectMethod::kVariance
                         : method == "anova_f"            ? ml::SelectMethod::kAnovaF
                         : method == "mutual_information" ? ml::SelectMethod::kMutualInformation
                                                          : ml::SelectMethod::kNone;
    QUERN_ASSIGN(const int64_t keep, select.Int("keep", 0));
    if (keep < 0) return FailAt(select.where(), "select.keep must not be negative");
    spec.select.keep = static_cast<size_t>(keep);
    QUERN_ASSIGN(spec.select.threshold, select.Number("threshold", 0));
    const bool ranked = method == "anova_f" || method == "mutual_information";
    if (ranked && keep == 0) {
      return FailAt(select.where(), "select needs keep: how many columns stay",
                    "as in {method: " + method + ", keep: 12}");
    }
    QUERN_TRY(select.Finish());
  }
  QUERN_TRY(map.Finish());
  return spec;
}

}  // namespace quern::pipeline
