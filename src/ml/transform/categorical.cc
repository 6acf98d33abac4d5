#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "ml/transform/transform.h"

namespace quern::ml {
namespace {

/// Distinct values in order with their counts.
template <class T>
using Counts = std::map<T, size_t>;

/// The most frequent key, ties to the smallest.
template <class T>
T MostFrequent(const Counts<T>& counts) {
  auto best = counts.begin();
  for (auto it = counts.begin(); it != counts.end(); ++it)
    if (it->second > best->second) best = it;
  return best->first;
}

template <class T>
std::vector<T> Keys(const Counts<T>& counts) {
  std::vector<T> keys;
  for (const auto& [key, count] : counts) keys.push_back(key);
  return keys;
}

/// `value` as it would stand in the column.
Status SetConstant(const CategoricalPrep& prep, Feature& feature) {
  if (feature.is_text) {
    feature.impute_text = std::string(Trim(prep.impute_value));
    if (!feature.impute_text->empty()) return {};
  } else if (const auto number = ParseDouble(prep.impute_value)) {
    feature.impute_number = *number;
    return {};
  }
  return Fail(Code::kInvalidArgument,
              "'" + prep.impute_value + "' cannot be imputed in column '" + feature.column + "'",
              feature.is_text ? "give a text that is not empty"
                              : "the column's categories are numbers: give a number");
}

template <class T>
Status LearnCategories(Counts<T> counts, size_t missing, const CategoricalPrep& prep,
                       std::optional<T>& imputed, std::vector<T>& categories, Feature& feature) {
  if (prep.impute == CategoricalImpute::kMostFrequent) imputed = MostFrequent(counts);
  if (prep.impute == CategoricalImpute::kConstant) {
    QUERN_TRY(SetConstant(prep, feature));
    // Encoding learns from imputed values: the constant is a category only where it was needed.
    if (missing > 0) counts[*imputed] += missing;
  }
  categories = Keys(counts);
  return {};
}

size_t Lookup(const Feature& feature, const Column& column, size_t row) {
  const auto position = [](const auto& sorted, const auto& value) {
    const auto it = std::lower_bound(sorted.begin(), sorted.end(), value);
    return it != sorted.end() && *it == value ? static_cast<size_t>(it - sorted.begin())
                                              : sorted.size();
  };
  const size_t none = feature.categories();
  if (feature.is_text) {
    const std::string* text = &column.texts[row];
    if (text->empty() && feature.impute_text) text = &*feature.impute_text;
    size_t at = position(feature.text_categories, *text);
    if (at == none && feature.unknown == Unknown::kImpute && feature.impute_text)
      at = position(feature.text_categories, *feature.impute_text);
    return at;
  }
  double number = column.numbers[row];
  if (std::isnan(number) && feature.impute_number) number = *feature.impute_number;
  size_t at = std::isnan(number) ? none : position(feature.number_categories, number);
  if (at == none && feature.unknown == Unknown::kImpute && feature.impute_number)
    at = position(feature.number_categories, *feature.impute_number);
  return at;
}

void FillCategorical(const Feature& feature, const Column& column, size_t first, Matrix& matrix) {
  const size_t n = feature.categories();
  for (size_t row = 0; row < matrix.rows; ++row) {
    double* out = &matrix.values[row * matrix.cols + first];
    const size_t at = Lookup(feature, column, row);
    if (feature.encode == Encode::kOrdinal) {
      *out = at == n ? -1.0 : static_cast<double>(at);
    } else {
      std::fill(out, out + n, 0.0);
      if (at != n) out[at] = 1;
    }
  }
}

void FillNumeric(const Feature& feature, const Column& column, size_t first, Matrix& matrix) {
  for (size_t row = 0; row < matrix.rows; ++row) {
    double* out = &matrix.values[row * matrix.cols + first];
    double value = column.numbers[row];
    const bool missing = std::isnan(value);
    if (missing && feature.impute_number) value = *feature.impute_number;
    if (!std::isnan(value)) value = std::clamp(value, feature.clip_low, feature.clip_high);
    out[0] = (value - feature.offset) / feature.scale;
    if (feature.indicator) out[1] = missing ? 1 : 0;
  }
}

}  // namespace

size_t Feature::width() const {
  if (!categorical) return indicator ? 2 : 1;
  return encode == Encode::kOneHot ? categories() : 1;
}

Result<std::optional<Feature>> FitCategorical(const Column& column, const CategoricalPrep& prep) {
  if (prep.unknown == Unknown::kImpute && prep.impute == CategoricalImpute::kNone)
    return Fail(Code::kInvalidArgument,
                "unknown categories of '" + column.name + "' take the imputed value, but none is",
                "declare how the column is imputed, or let unknown categories be ignored");
  Feature feature;
  feature.column = column.name;
  feature.categorical = true;
  feature.is_text = column.is_text;
  feature.encode = prep.encode;
  feature.unknown = prep.unknown;
  size_t missing = 0;
  Counts<double> numbers;
  Counts<std::string> texts;
  for (size_t row = 0; row < column.size(); ++row) {
    if (column.Missing(row)) {
      ++missing;
    } else if (column.is_text) {
      ++texts[column.texts[row]];
    } else {
      // Zero has one category, whatever its sign.
      ++numbers[column.numbers[row] == 0 ? 0.0 : column.numbers[row]];
    }
  }
  if (missing == column.size()) return std::nullopt;
  if (column.is_text) {
    QUERN_TRY(LearnCategories(std::move(texts), missing, prep, feature.impute_text,
                              feature.text_categories, feature));
  } else {
    QUERN_TRY(LearnCategories(std::move(numbers), missing, prep, feature.impute_number,
                              feature.number_categories, feature));
  }
  return feature;
}

std::vector<std::string> FeatureNames(const Feature& feature) {
  if (!feature.categorical) {
    if (!feature.indicator) return {feature.column};
    return {feature.column, feature.column + "__missing"};
  }
  if (feature.encode == Encode::kOrdinal) return {feature.column};
  std::vector<std::string> names;
  for (const double c : feature.number_categories)
    names.push_back(feature.column + "=" + ShortestDouble(c));
  for (const std::string& c : feature.text_categories) names.push_back(feature.column + "=" + c);
  return names;
}

void FillFeature(const Feature& feature, const Column& column, size_t first, Matrix& matrix) {
  if (feature.categorical) {
    FillCategorical(feature, column, first, matrix);
  } else {
    FillNumeric(feature, column, first, matrix);
  }
}

}  // namespace quern::ml
