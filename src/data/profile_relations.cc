// What goes with what: class balance, the association matrix, and each column against the target.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/text.h"
#include "data/association.h"
#include "data/profile_steps.h"

namespace quern::data {
namespace {

using table::Rows;

constexpr int64_t kMostLevels = 100;  // categories with more are left out of associations
constexpr size_t kMostColumns = 150;  // the first so many columns are associated
constexpr size_t kCategoryBins = 20;
constexpr size_t kNumberBins = 5;
constexpr int64_t kLeastSample = 2000;

/// A column in memory: numbers with their order, or codes with their labels.
struct Variable {
  std::string name;
  size_t column = 0;  // in the profile; meaningless for the target
  bool is_number = false;
  std::vector<double> numbers;
  std::vector<uint32_t> order;
  std::vector<int32_t> codes;
  std::vector<std::string> labels;
};

/// Codes in the order of `labels`; labels that are not listed are added.
void Encode(const std::vector<std::string>& texts, Variable* out) {
  std::map<std::string, int32_t> code_of;
  for (const std::string& label : out->labels) {
    code_of.emplace(label, static_cast<int32_t>(code_of.size()));
  }
  out->codes.reserve(texts.size());
  for (const std::string& text : texts) {
    if (text.empty()) {
      out->codes.push_back(-1);
      continue;
    }
    const auto [found, added] = code_of.emplace(text, static_cast<int32_t>(code_of.size()));
    if (added) out->labels.push_back(text);
    out->codes.push_back(found->second);
  }
}

bool IsAssociated(const ColumnProfile& column) {
  if (column.is_target_source || column.distinct == 0) return false;
  switch (column.type) {
    case ProfileType::kNumber:
    case ProfileType::kBoolean:
      return true;
    case ProfileType::kCategory:
      return column.distinct <= kMostLevels;
    case ProfileType::kText:
    case ProfileType::kTime:
      return false;
  }
  return false;
}

/// The associated columns and, last, the target, from at most so many rows as the pairs allow.
Result<std::vector<Variable>> Load(table::Session& session, const ProfileView& view,
                                   const ProfileOptions& options, TableProfile* profile) {
  std::vector<Variable> out;
  std::string select;
  for (size_t i = 0; i < profile->columns.size() && out.size() < kMostColumns; ++i) {
    const ColumnProfile& column = profile->columns[i];
    if (!IsAssociated(column)) continue;
    Variable variable;
    variable.name = column.name;
    variable.column = i;
    variable.is_number = column.type == ProfileType::kNumber;
    for (const TopValue& top : column.top) {
      if (!variable.is_number) variable.labels.push_back(top.value);
    }
    out.push_back(std::move(variable));
    select += (select.empty() ? "" : ", ") + ProfileView::Column(i);
  }
  if (profile->target) {
    Variable variable;
    variable.name = profile->target->name;
    variable.is_number = profile->target->task == "regression";
    for (const TopValue& one : profile->target->classes) variable.labels.push_back(one.value);
    out.push_back(std::move(variable));
    select += (select.empty() ? "" : ", ") + std::string("target");
  }
  if (out.empty()) return out;
  const auto pairs = static_cast<int64_t>(out.size() * (out.size() + 1) / 2);
  const int64_t most = std::max(kLeastSample, options.pair_work / pairs);
  const int64_t step = profile->rows <= most ? 1 : (profile->rows + most - 1) / most;
  std::string from = view.name();
  if (step > 1) {
    from = "(SELECT *, row_number() OVER () AS k FROM " + from + ") WHERE k % " +
           std::to_string(step) + " = 0";
  }
  QUERN_ASSIGN(Frame frame, session.QueryFrame("SELECT " + select + " FROM " + from));
  profile->association_rows = static_cast<int64_t>(frame.rows());
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i].is_number) {
      out[i].numbers = std::move(frame.columns[i].numbers);
      out[i].order = SortOrder(out[i].numbers);
    } else {
      Encode(frame.columns[i].texts, &out[i]);
    }
  }
  return out;
}

/// Rows that have both.
int64_t CompletePairs(const Variable& a, const Variable& b) {
  const auto present = [](const Variable& variable, size_t row) {
    return variable.is_number ? !std::isnan(variable.numbers[row]) : variable.codes[row] >= 0;
  };
  const size_t rows = a.is_number ? a.numbers.size() : a.codes.size();
  int64_t both = 0;
  for (size_t row = 0; row < rows; ++row) both += present(a, row) && present(b, row) ? 1 : 0;
  return both;
}

void Associate(const std::vector<Variable>& variables, TableProfile* profile) {
  for (const Variable& variable : variables) profile->association_columns.push_back(variable.name);
  for (size_t i = 0; i < variables.size(); ++i) {
    for (size_t j = i + 1; j < variables.size(); ++j) {
      const Variable &a = variables[i], &b = variables[j];
      const int64_t rows = CompletePairs(a, b);
      const auto add = [&](const char* measure, std::optional<double> value) {
        profile->associations.push_back({a.name, b.name, measure, value, rows});
      };
      if (a.is_number && b.is_number) {
        add("pearson", Pearson(a.numbers, b.numbers));
        add("spearman", Spearman(a.numbers, a.order, b.numbers, b.order));
      } else if (a.is_number) {
        add("correlation_ratio", CorrelationRatio(b.codes, a.numbers));
      } else if (b.is_number) {
        add("correlation_ratio", CorrelationRatio(a.codes, b.numbers));
      } else {
        add("cramers_v", CramersV(a.codes, b.codes));
      }
    }
  }
}

Status Classes(table::Session& session, const ProfileView& view, const ProfileOptions& options,
               TargetProfile* target) {
  if (target->task == "regression") return {};
  QUERN_ASSIGN(const Rows result,
               session.Query("SELECT target, count(*) AS n FROM " + view.name() +
                             " WHERE target IS NOT NULL GROUP BY target ORDER BY n DESC, target "
                             "LIMIT 1000"));
  double total = 0, entropy = 0;
  for (const auto& row : result.rows) {
    target->classes.push_back({table::ToText(row[0]), CountOf(row[1])});
    total += static_cast<double>(target->classes.back().count);
  }
  for (const TopValue& one : target->classes) {
    const double share = static_cast<double>(one.count) / total;
    entropy -= share * std::log(share);
  }
  const size_t k = target->classes.size();
  if (k > 1) target->imbalance = 1 - entropy / std::log(static_cast<double>(k));
  if (k == 1) target->imbalance = 1;
  if (target->task != "binary") return {};
  std::vector<std::string> labels;
  for (const TopValue& one : target->classes) labels.push_back(one.value);
  if (k > 2) {
    return Fail(Code::kInvalidArgument,
                "the target '" + target->name + "' has " + std::to_string(k) +
                    " classes, the task is binary",
                "write a condition such as \"" + target->name + " > 0\", or task: multiclass");
  }
  target->positive = options.target->positive;
  if (target->positive.empty() && k > 0) {
    target->positive = *std::max_element(labels.begin(), labels.end(), [](auto& a, auto& b) {
      const auto x = ParseDouble(a), y = ParseDouble(b);
      return x && y ? *x < *y : a < b;
    });
  }
  if (k > 0 && std::find(labels.begin(), labels.end(), target->positive) == labels.end()) {
    return Fail(Code::kInvalidArgument,
                "the positive class '" + target->positive + "' does not occur in the target '" +
                    target->name + "'",
                SuggestName(target->positive, labels));
  }
  return {};
}

/// The target as relations need it: 1 and 0 for binary, codes for multiclass, numbers for
/// regression.
struct Outcome {
  const Variable* variable = nullptr;
  bool regression = false, binary = false;
  std::vector<int32_t> positive;  // binary: 1, 0, or -1 for missing
  size_t classes = 0;
};

Outcome MakeOutcome(const Variable& variable, const TargetProfile& target) {
  Outcome out;
  out.variable = &variable;
  out.regression = target.task == "regression";
  out.binary = target.task == "binary";
  out.classes = variable.labels.size();
  if (out.binary) {
    for (int32_t code : variable.codes) {
      out.positive.push_back(code < 0                                                        ? -1
                             : variable.labels[static_cast<size_t>(code)] == target.positive ? 1
                                                                                             : 0);
    }
  }
  return out;
}

/// One bin over the rows that `bin_of` puts there; rows without a target do not count.
std::vector<TargetBin> FillBins(const std::vector<std::string>& labels,
                                const std::vector<int32_t>& bin_of, const Outcome& outcome) {
  std::vector<TargetBin> bins(labels.size());
  for (size_t b = 0; b < bins.size(); ++b) {
    bins[b].label = labels[b];
    if (!outcome.regression && !outcome.binary) bins[b].rates.assign(outcome.classes, 0);
  }
  for (size_t row = 0; row < bin_of.size(); ++row) {
    if (bin_of[row] < 0) continue;
    TargetBin& bin = bins[static_cast<size_t>(bin_of[row])];
    if (outcome.regression) {
      if (std::isnan(outcome.variable->numbers[row])) continue;
      bin.value += outcome.variable->numbers[row];
    } else {
      const int32_t code = outcome.variable->codes[row];
      if (code < 0) continue;
      if (outcome.binary) {
        bin.value += outcome.positive[row];
      } else {
        bin.rates[static_cast<size_t>(code)] += 1;
      }
    }
    ++bin.count;
  }
  std::erase_if(bins, [](const TargetBin& bin) { return bin.count == 0; });
  for (TargetBin& bin : bins) {
    const auto n = static_cast<double>(bin.count);
    bin.value /= n;
    for (double& rate : bin.rates) rate /= n;
    if (!bin.rates.empty()) bin.value = bin.rates.front();
  }
  return bins;
}

/// Fifths of the values, fewer where values tie, and the missing.
std::vector<TargetBin> NumberBins(const Variable& x, const Outcome& outcome) {
  std::vector<int32_t> bin_of(x.numbers.size(), -1);
  std::vector<std::string> labels;
  const size_t n = x.order.size();
  size_t start = 0;
  while (start < n) {
    const size_t which = start * kNumberBins / n + 1;
    size_t end = std::max(start + 1, n * which / kNumberBins);
    while (end < n && x.numbers[x.order[end]] == x.numbers[x.order[end - 1]]) ++end;
    for (size_t i = start; i < end; ++i) bin_of[x.order[i]] = static_cast<int32_t>(labels.size());
    const std::string low = ShortestDouble(x.numbers[x.order[start]]);
    const std::string high = ShortestDouble(x.numbers[x.order[end - 1]]);
    labels.push_back(low == high ? low : low + " to " + high);
    start = end;
  }
  labels.emplace_back("missing");
  for (size_t row = 0; row < bin_of.size(); ++row) {
    if (std::isnan(x.numbers[row])) bin_of[row] = static_cast<int32_t>(labels.size() - 1);
  }
  return FillBins(labels, bin_of, outcome);
}

/// The most frequent categories, the other ones together, and the missing.
std::vector<TargetBin> CategoryBins(const Variable& x, const Outcome& outcome) {
  const size_t shown = std::min(x.labels.size(), kCategoryBins);
  std::vector<std::string> labels(x.labels.begin(),
                                  x.labels.begin() + static_cast<ptrdiff_t>(shown));
  labels.emplace_back("other values");
  labels.emplace_back("missing");
  std::vector<int32_t> bin_of;
  for (int32_t code : x.codes) {
    const auto other = static_cast<int32_t>(shown);
    bin_of.push_back(code < 0 ? other + 1 : std::min(code, other));
  }
  return FillBins(labels, bin_of, outcome);
}

TargetRelation Relate(const Variable& x, const Outcome& outcome) {
  TargetRelation out;
  const Variable& y = *outcome.variable;
  if (x.is_number && outcome.binary) {
    out.measure = "roc_auc";
    const auto auc = RocAuc(x.numbers, x.order, outcome.positive);
    if (auc) {
      out.value = std::max(*auc, 1 - *auc);
      out.direction = *auc >= 0.5 ? "higher" : "lower";
    }
  } else if (x.is_number && outcome.regression) {
    out.measure = "spearman";
    out.value = Spearman(x.numbers, x.order, y.numbers, y.order);
  } else if (x.is_number) {
    out.measure = "correlation_ratio";
    out.value = CorrelationRatio(y.codes, x.numbers);
  } else if (outcome.regression) {
    out.measure = "correlation_ratio";
    out.value = CorrelationRatio(x.codes, y.numbers);
  } else {
    out.measure = "cramers_v";
    out.value = CramersV(x.codes, y.codes);
  }
  out.bins = x.is_number ? NumberBins(x, outcome) : CategoryBins(x, outcome);
  return out;
}

}  // namespace

Status FillRelations(table::Session& session, const ProfileView& view,
                     const ProfileOptions& options, TableProfile* profile) {
  if (profile->target) QUERN_TRY(Classes(session, view, options, &*profile->target));
  QUERN_ASSIGN(const std::vector<Variable> variables, Load(session, view, options, profile));
  Associate(variables, profile);
  if (!profile->target) return {};
  const Outcome outcome = MakeOutcome(variables.back(), *profile->target);
  for (size_t i = 0; i + 1 < variables.size(); ++i) {
    profile->columns[variables[i].column].target = Relate(variables[i], outcome);
  }
  return {};
}

}  // namespace quern::data
