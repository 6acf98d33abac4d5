#include "monitoring/profile.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "monitoring/drift_column.h"
#include "monitoring/values.h"
#include "stats/summary.h"

namespace quern::monitoring {
namespace {

constexpr size_t kManyDistinct = 20;  // as the shared cut of two samples
constexpr size_t kMostLabels = 200;
constexpr size_t kMostSamples = 1000;

std::vector<double> CountBins(const std::vector<double>& values, const std::vector<double>& edges) {
  std::vector<double> counts(edges.size() + 1, 0);
  for (double v : values) {
    const auto above = std::upper_bound(edges.begin(), edges.end(), v) - edges.begin();
    auto bin = static_cast<size_t>(above);
    if (v == edges.back()) bin = edges.size() - 1;
    ++counts[bin];
  }
  return counts;
}

// One cell per label, then the rest.
std::vector<double> CountKnown(const std::vector<std::string>& values,
                               const std::vector<std::string>& labels) {
  std::vector<double> counts(labels.size() + 1, 0);
  std::vector<std::string> by_text = labels;
  std::sort(by_text.begin(), by_text.end());
  std::vector<size_t> slot(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto at = std::lower_bound(by_text.begin(), by_text.end(), labels[i]);
    slot[static_cast<size_t>(at - by_text.begin())] = i;
  }
  for (const std::string& value : values) {
    const auto at = std::lower_bound(by_text.begin(), by_text.end(), value);
    const bool known = at != by_text.end() && *at == value;
    ++counts[known ? slot[static_cast<size_t>(at - by_text.begin())] : labels.size()];
  }
  return counts;
}

std::vector<std::string> AsLabels(const std::vector<double>& values) {
  std::vector<std::string> labels;
  for (double v : values) labels.push_back(ShortestDouble(v == 0 ? 0.0 : v));
  return labels;
}

std::vector<double> Sample(const std::vector<double>& sorted) {
  if (sorted.size() <= kMostSamples) return sorted;
  std::vector<double> sample;
  for (size_t i = 0; i < kMostSamples; ++i) {
    sample.push_back(sorted[i * (sorted.size() - 1) / (kMostSamples - 1)]);
  }
  return sample;
}

ColumnProfile ProfileColumn(const Column& column, ColumnKind kind) {
  ColumnProfile out;
  out.column = column.name;
  out.kind = kind;
  out.rows = static_cast<double>(column.size());
  if (kind == ColumnKind::kNumber) {
    const std::vector<double> sorted = stats::Sorted(NumbersOf(column));
    out.missing = out.rows - static_cast<double>(sorted.size());
    out.sample = Sample(sorted);
    const std::vector<double> distinct = stats::SortedDistinct(sorted);
    if (distinct.size() > kManyDistinct) {
      out.edges = stats::SturgesEdges(sorted);
      out.counts = CountBins(sorted, out.edges);
    } else {
      out.labels = AsLabels(distinct);
      out.counts = CountKnown(AsLabels(sorted), out.labels);
    }
    return out;
  }
  const std::vector<std::string> values = LabelsOf(column, AllNumbers(column));
  out.missing = out.rows - static_cast<double>(values.size());
  LabelCounts counts = Largest(CountLabels(values, {}), kMostLabels);
  if (counts.labels.size() > kMostLabels) counts.labels.pop_back();  // "(other)" is the last cell
  out.labels = counts.labels;
  out.counts = CountKnown(values, out.labels);
  return out;
}

ColumnKind KindOf(const Column& column, const DriftOptions& options) {
  const auto kind = options.kinds.find(column.name);
  return kind != options.kinds.end() ? kind->second : InferKind(column);
}

bool Ignored(const std::string& name, const DriftOptions& options) {
  return std::find(options.ignore.begin(), options.ignore.end(), name) != options.ignore.end();
}

// The picture has no cells outside of the edges: their share is drawn into the outer bins.
std::vector<double> FoldTails(std::vector<double> counts) {
  if (counts.size() < 3) return counts;
  counts[1] += counts.front();
  counts[counts.size() - 2] += counts.back();
  return {counts.begin() + 1, counts.end() - 1};
}

void Draw(const ColumnProfile& profile, const std::vector<double>& current, Picture& picture) {
  if (!profile.edges.empty()) {
    picture.edges = profile.edges;
    picture.reference = SharesOrZeros(FoldTails(profile.counts));
    picture.current = SharesOrZeros(FoldTails(current));
    return;
  }
  picture.labels = profile.labels;
  picture.labels.push_back("(other)");
  picture.reference = SharesOrZeros(profile.counts);
  picture.current = SharesOrZeros(current);
}

void FindNew(const ColumnProfile& profile, const std::vector<std::string>& values,
             std::vector<NewCategory>& out) {
  if (profile.kind != ColumnKind::kCategory || profile.counts.back() > 0) return;
  const LabelCounts counts = CountLabels(profile.labels, values);
  for (size_t i = 0; i < counts.labels.size(); ++i) {
    if (counts.reference[i] > 0) continue;
    out.push_back({counts.labels[i], counts.current[i] / static_cast<double>(values.size())});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const NewCategory& a, const NewCategory& b) { return a.share > b.share; });
  if (out.size() > kMostLabels / 10) out.resize(kMostLabels / 10);
}

ColumnEvidence CompareProfile(const ColumnProfile& profile, const Column* current,
                              size_t current_rows, const DriftOptions& options) {
  ColumnEvidence evidence;
  ColumnDrift& drift = evidence.drift;
  drift.column = profile.column;
  drift.kind = profile.kind;
  drift.presence = current == nullptr ? Presence::kReferenceOnly : Presence::kBoth;
  const Column absent{profile.column, false, {}, {}};
  const Column& column = current == nullptr ? absent : *current;
  Sides sides;
  sides.counts_r = profile.counts;
  if (profile.kind == ColumnKind::kNumber) {
    sides.r = profile.sample;
    sides.c = NumbersOf(column);
    evidence.current_values = sides.c.size();
    sides.counts_c = profile.edges.empty() ? CountKnown(AsLabels(sides.c), profile.labels)
                                           : CountBins(sides.c, profile.edges);
  } else {
    const bool by_number =
        std::all_of(profile.labels.begin(), profile.labels.end(),
                    [](const std::string& label) { return ParseDouble(label).has_value(); });
    const std::vector<std::string> values = LabelsOf(column, by_number);
    evidence.current_values = values.size();
    sides.counts_c = CountKnown(values, profile.labels);
    FindNew(profile, values, drift.new_categories);
  }
  evidence.reference_values = static_cast<size_t>(profile.rows - profile.missing);
  Draw(profile, sides.counts_c, drift.picture);
  evidence.change =
      profile.edges.empty() ? LargestChange(drift.picture) : MedianChange(sides.r, sides.c);
  // Cells empty on both sides are no categories.
  for (size_t i = sides.counts_r.size(); i-- > 0;) {
    if (sides.counts_r[i] + sides.counts_c[i] > 0) continue;
    sides.counts_r.erase(sides.counts_r.begin() + static_cast<std::ptrdiff_t>(i));
    sides.counts_c.erase(sides.counts_c.begin() + static_cast<std::ptrdiff_t>(i));
  }
  const bool discrete = profile.kind == ColumnKind::kCategory ||
                        (profile.edges.empty() && sides.counts_r.size() <= 5);
  RunTests(evidence, discrete, sides, options);
  const double rows = static_cast<double>(current_rows);
  drift.missing = CompareMissing(profile.missing, profile.rows,
                                 rows - static_cast<double>(evidence.current_values), rows);
  return evidence;
}

json::array NumberArray(const std::vector<double>& values) {
  return json::array(values.begin(), values.end());
}

std::unexpected<Error> NoProfile(const std::string& what) {
  return Fail(Code::kDataLoss, "not a reference profile: " + what,
              "register the model again, its package is damaged");
}

Result<std::vector<double>> ReadNumbers(const json::object& from, const char* key) {
  std::vector<double> out;
  const json::value* list = from.if_contains(key);
  if (list == nullptr) return out;
  if (!list->is_array()) return NoProfile(std::string(key) + " is no list");
  for (const json::value& item : list->get_array()) {
    if (!item.is_number()) return NoProfile(std::string(key) + " holds something but numbers");
    out.push_back(item.to_number<double>());
  }
  return out;
}

Result<ColumnProfile> ReadColumn(const json::value& value) {
  if (!value.is_object()) return NoProfile("a column is no object");
  const json::object& from = value.get_object();
  ColumnProfile out;
  const json::value* name = from.if_contains("column");
  const json::value* type = from.if_contains("type");
  const json::value* rows = from.if_contains("rows");
  const json::value* missing = from.if_contains("missing");
  if (name == nullptr || !name->is_string()) return NoProfile("a column has no name");
  out.column = std::string(name->get_string());
  if (type == nullptr || !type->is_string() ||
      (type->get_string() != "number" && type->get_string() != "category")) {
    return NoProfile("column '" + out.column + "' has no type");
  }
  out.kind = type->get_string() == "number" ? ColumnKind::kNumber : ColumnKind::kCategory;
  if (rows == nullptr || !rows->is_number() || missing == nullptr || !missing->is_number()) {
    return NoProfile("column '" + out.column + "' has no counts of rows");
  }
  out.rows = rows->to_number<double>();
  out.missing = missing->to_number<double>();
  QUERN_ASSIGN(out.edges, ReadNumbers(from, "edges"));
  QUERN_ASSIGN(out.counts, ReadNumbers(from, "counts"));
  QUERN_ASSIGN(out.sample, ReadNumbers(from, "sample"));
  if (const json::value* labels = from.if_contains("labels"); labels && labels->is_array()) {
    for (const json::value& label : labels->get_array()) {
      if (!label.is_string()) return NoProfile("labels of '" + out.column + "' hold no text");
      out.labels.emplace_back(label.get_string());
    }
  }
  const size_t cells = out.edges.empty() ? out.labels.size() + 1 : out.edges.size() + 1;
  if (out.counts.size() != cells || !(out.rows > 0) || out.missing < 0 || out.missing > out.rows) {
    return NoProfile("the counts of '" + out.column + "' do not fit");
  }
  return out;
}

}  // namespace

ReferenceProfile BuildProfile(const Frame& reference, const DriftOptions& options) {
  ReferenceProfile profile;
  for (const Column& column : reference.columns) {
    if (Ignored(column.name, options)) continue;
    profile.columns.push_back(ProfileColumn(column, KindOf(column, options)));
  }
  return profile;
}

json::value ProfileRecord(const ReferenceProfile& profile) {
  json::array columns;
  for (const ColumnProfile& column : profile.columns) {
    json::object out;
    out["column"] = column.column;
    out["type"] = KindName(column.kind);
    out["rows"] = column.rows;
    out["missing"] = column.missing;
    if (!column.edges.empty()) {
      out["edges"] = NumberArray(column.edges);
    } else {
      out["labels"] = json::array(column.labels.begin(), column.labels.end());
    }
    out["counts"] = NumberArray(column.counts);
    if (column.kind == ColumnKind::kNumber) out["sample"] = NumberArray(column.sample);
    columns.push_back(std::move(out));
  }
  return json::object{{"columns", std::move(columns)}};
}

Result<ReferenceProfile> ReadProfile(const json::value& value) {
  const json::value* columns =
      value.is_object() ? value.get_object().if_contains("columns") : nullptr;
  if (columns == nullptr || !columns->is_array()) return NoProfile("it has no list of columns");
  ReferenceProfile profile;
  for (const json::value& item : columns->get_array()) {
    QUERN_ASSIGN(ColumnProfile column, ReadColumn(item));
    profile.columns.push_back(std::move(column));
  }
  return profile;
}

Result<DriftReport> CompareToProfile(const ReferenceProfile& profile, const Frame& current,
                                     const DriftOptions& options) {
  QUERN_TRY(CheckDriftOptions(options));
  if (current.rows() == 0) {
    return Fail(Code::kInvalidArgument, "the current data has no rows",
                "drift needs rows on both sides");
  }
  std::vector<ColumnEvidence> evidence;
  for (const ColumnProfile& column : profile.columns) {
    if (Ignored(column.column, options)) continue;
    evidence.push_back(
        CompareProfile(column, current.Find(column.column), current.rows(), options));
  }
  for (const Column& column : current.columns) {
    const bool known = std::any_of(profile.columns.begin(), profile.columns.end(),
                                   [&](const ColumnProfile& p) { return p.column == column.name; });
    if (known || Ignored(column.name, options)) continue;
    evidence.push_back(CompareColumn(column.name, nullptr, &column, KindOf(column, options),
                                     current.rows(), options));
  }
  return FinishReport(std::move(evidence), options);
}

}  // namespace quern::monitoring
