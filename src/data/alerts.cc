#include "data/alerts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "data/quality.h"

namespace quern::data {
namespace {

constexpr double kMissing = 0.01;
constexpr double kSmallClass = 0.2;
constexpr double kLeak = 0.98;
constexpr double kTogether = 0.9;
constexpr double kIqrShare = 0.05;
constexpr double kModifiedZShare = 0.01;
constexpr double kSkew = 2;
constexpr int64_t kCardinality = 50;
constexpr int64_t kEnoughRows = 30;  // fewer rows prove neither a leak nor an identifier
constexpr size_t kPairs = 10;

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// A value of the data without the last digits, which arithmetic leaves behind
/// (253.39999999999998).
std::string Bound(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.12g", value);
  return ShortestDouble(ParseDouble(text).value_or(value));
}

std::string Of(int64_t part, int64_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole) + " (" +
         Percent(Share(part, whole)) + ")";
}

std::string Short(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string MeasureWords(const std::string& measure) {
  if (measure == "roc_auc") return "AUC";
  if (measure == "pearson") return "Pearson correlation";
  if (measure == "spearman") return "rank correlation";
  if (measure == "cramers_v") return "Cramér's V";
  return "correlation ratio";
}

class Finder {
 public:
  explicit Finder(const TableProfile& profile) : profile_(profile) {}

  std::vector<Alert> Run() {
    if (profile_.rows == 0) {
      Add("empty", "", 1, "the table has no rows");
      return std::move(alerts_);
    }
    if (profile_.target) Target(*profile_.target);
    for (const ColumnProfile& column : profile_.columns) Column(column);
    if (profile_.duplicate_rows > 0) {
      const double share = Share(profile_.duplicate_rows, profile_.rows);
      Add("duplicates", "", 0.3 + 0.6 * share,
          Of(profile_.duplicate_rows, profile_.rows) +
              " rows repeat an earlier one: copies on both sides of a split flatter the model");
    }
    Pairs();
    std::stable_sort(alerts_.begin(), alerts_.end(),
                     [](const Alert& a, const Alert& b) { return a.harm > b.harm; });
    return std::move(alerts_);
  }

 private:
  void Add(std::string kind, std::string column, double harm, std::string text) {
    alerts_.push_back(
        {std::move(kind), std::move(column), std::clamp(harm, 0.0, 1.0), std::move(text)});
  }

  void Target(const TargetProfile& target) {
    if (target.missing > 0) {
      Add("target_missing", target.name, 0.5 + 0.5 * Share(target.missing, profile_.rows),
          "the target " + target.name + " is missing in " + Of(target.missing, profile_.rows) +
              " rows: they can teach nothing");
    }
    if (target.task == "regression") return;
    if (target.classes.size() < 2) {
      Add("target_one_class", target.name, 1,
          "the target " + target.name + " has " +
              (target.classes.empty() ? std::string("no class")
                                      : "one class only, " + target.classes.front().value) +
              ": there is nothing to tell apart");
      return;
    }
    const TopValue& rare = target.classes.back();
    const int64_t labelled = profile_.rows - target.missing;
    const double share = Share(rare.count, labelled);
    if (share >= kSmallClass) return;
    Add("imbalance", target.name, 0.3 + 2 * (kSmallClass - share),
        "class " + rare.value + " of " + target.name + " is rare, " + Of(rare.count, labelled) +
            ": accuracy flatters, look at precision and recall; consider class weights");
  }

  void Column(const ColumnProfile& column) {
    const std::string& name = column.name;
    const int64_t present = profile_.rows - column.missing - column.infinite;
    if (column.infinite > 0) {
      Add("infinite", name, 0.6,
          name + " is infinite in " + Of(column.infinite, profile_.rows) +
              " rows: they are left out of the statistics");
    }
    if (present == 0) {
      Add("all_missing", name, 0.9,
          name + " is missing in all " + std::to_string(profile_.rows) + " rows");
      return;
    }
    const double missing = Share(column.missing, profile_.rows);
    if (missing > kMissing) {
      Add("missing", name, 0.15 + 0.65 * missing,
          name + " is missing in " + Of(column.missing, profile_.rows) + " rows");
    }
    if (column.distinct == 1) {
      Constant(column, present);
      return;
    }
    Leak(column);
    Shape(column, present);
    if (column.type == ProfileType::kNumber) Number(column, present);
  }

  void Constant(const ColumnProfile& column, int64_t present) {
    const std::string value = column.top.empty() ? column.min_time : column.top.front().value;
    const bool zero = value == "0" && present >= kEnoughRows;
    // A constant among few present values is a lesser news than their being few.
    Add("constant", column.name, (zero ? 0.85 : 0.65) * Share(present, profile_.rows),
        column.name + " is " + value + " in all " + std::to_string(present) +
            (column.missing > 0 ? " rows that have it" : " rows") + ": it tells nothing" +
            (zero ? ", and a constant 0 is often a missing value written as a number" : ""));
  }

  void Leak(const ColumnProfile& column) {
    if (!column.target || !column.target->value || profile_.rows < kEnoughRows) return;
    const double strength = std::fabs(*column.target->value);
    if (strength <= kLeak) return;
    Add("target_leak", column.name, 0.95,
        "leak suspected: " + column.name + " alone gives away the target (" +
            MeasureWords(column.target->measure) + " " + Short(strength) +
            "): would it be known at the time of prediction?");
  }

  void Shape(const ColumnProfile& column, int64_t present) {
    const bool texts = column.type == ProfileType::kCategory || column.type == ProfileType::kText;
    const double numeric = Share(column.numeric_texts, present);
    if (texts && numeric > 0.5 && numeric < 1) {
      Add("mixed_types", column.name, 0.5,
          column.name + " is text, though " + Of(column.numeric_texts, present) +
              " values read as numbers: is a missing marker undeclared?");
    }
    const bool whole = column.type == ProfileType::kNumber && column.integers;
    if ((texts || whole) && present >= kEnoughRows && column.distinct == present) {
      Add("id_like", column.name, 0.35,
          column.name + " differs in every row: an identifier is a key, not a feature");
    } else if (texts && column.distinct > kCardinality) {
      Add("high_cardinality", column.name, 0.3,
          column.name + " has " + std::to_string(column.distinct) +
              " different values: rare ones will be unseen in training");
    }
  }

  void Number(const ColumnProfile& column, int64_t present) {
    Zeros(column, present);
    Outliers(column, present);
    if (column.skew && std::fabs(*column.skew) > kSkew) {
      Add("skew", column.name, 0.12,
          column.name + " is skewed (" + Short(*column.skew) +
              "): a logarithm or robust scaling helps linear models");
    }
  }

  /// Of two values the rarer one is no outlier: where it has less than a quarter of the rows, the
  /// spread of the bulk is 0 and every one of them would lie beyond it.
  void Outliers(const ColumnProfile& column, int64_t present) {
    if (column.distinct <= 2) return;
    const int64_t iqr = column.outliers_iqr.value_or(0);
    const int64_t modified = column.outliers_modified_z.value_or(0);
    if (Share(iqr, present) > kIqrShare || Share(modified, present) > kModifiedZShare) {
      Add("outliers", column.name, 0.15 + 0.3 * Share(std::max(iqr, modified), present),
          column.name + " has outliers: " + std::to_string(iqr) + " by IQR, " +
              std::to_string(modified) + " by modified z, of " + std::to_string(present) +
              " values from " + Bound(*column.min) + " to " + Bound(*column.max));
    }
  }

  /// A 0 that lies further from the smallest other value than the others spread is rarely a
  /// measurement.
  void Zeros(const ColumnProfile& column, int64_t present) {
    if (column.zeros == 0 || !column.min_nonzero || !column.min || *column.min < 0) return;
    const double spread = *column.q75_nonzero - *column.q25_nonzero;
    if (!(spread > 0) || *column.min_nonzero <= spread || column.distinct <= 10) return;
    Add("zeros", column.name, 0.5 + 0.4 * Share(column.zeros, present),
        column.name + " is 0 in " + Of(column.zeros, present) + " rows, all others lie from " +
            Bound(*column.min_nonzero) + " to " + Bound(*column.max) +
            ": is 0 a missing value written as a number?");
  }

  void Pairs() {
    std::vector<const Association*> strong;
    for (const Association& one : profile_.associations) {
      if (!one.value || std::fabs(*one.value) < kTogether || one.rows < kEnoughRows) continue;
      if (profile_.target && (one.a == profile_.target->name || one.b == profile_.target->name)) {
        continue;
      }
      // Pearson and Spearman of one pair stand side by side: one alert is enough.
      if (!strong.empty() && strong.back()->a == one.a && strong.back()->b == one.b) continue;
      strong.push_back(&one);
    }
    std::stable_sort(strong.begin(), strong.end(), [](const Association* a, const Association* b) {
      return std::fabs(*a->value) > std::fabs(*b->value);
    });
    if (strong.size() > kPairs) strong.resize(kPairs);
    for (const Association* one : strong) {
      Add("high_correlation", one->a, 0.3,
          one->a + " and " + one->b + " say nearly the same (" + MeasureWords(one->measure) + " " +
              Short(*one->value) + "): one of them is enough");
    }
  }

  const TableProfile& profile_;
  std::vector<Alert> alerts_;
};

}  // namespace

std::vector<Alert> FindAlerts(const TableProfile& profile) { return Finder(profile).Run(); }

}  // namespace quern::data
