#include "registry/measured.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <vector>

#include "base/digest.h"
#include "base/json_read.h"
#include "base/text.h"

namespace quern::registry {
namespace {

/// Rows that a retraining set aside of its batch.
MeasuredRows SetAside(const Dossier& d) {
  const std::string batch = TextAt(d.retrain, "/batch");
  const std::string rows = WriteJson(At(d.retrain, "/holdout_rows"));
  MeasuredRows measured{fmt::format("{} rows set aside of batch {}", rows, batch), ""};
  for (const json::value& record : d.data) {
    if (TextAt(record, "/source") != batch) continue;
    measured.identity =
        Digester().Add("set aside").Add(batch).Add(TextAt(record, "/digest")).Add(rows).Finish();
  }
  return measured;
}

/// Rows that training held out: those numbers of the rows of all its sources, in their order.
MeasuredRows HeldOut(const Dossier& d) {
  std::vector<std::string> sources;
  Digester digester;
  digester.Add("held out");
  for (const json::value& record : d.data) {
    sources.push_back(TextAt(record, "/source"));
    digester.Add(TextAt(record, "/digest"));
  }
  const json::value& holdout = At(d.train, "/holdout");
  MeasuredRows measured{fmt::format("{} rows held out", WriteJson(At(d.evaluate, "/rows"))), ""};
  if (!sources.empty()) measured.text += " of " + Join(sources, ", ");
  if (!sources.empty() && holdout.is_array()) {
    measured.identity = digester.Add(WriteJson(holdout)).Finish();
  }
  return measured;
}

}  // namespace

MetricRows::MetricRows(const Dossier& dossier) : dossier_(dossier) {
  if (dossier.candidate.is_object()) {
    all_ = SetAside(dossier);
  } else if (dossier.evaluate.is_object()) {
    all_ = HeldOut(dossier);
  }
}

MeasuredRows MetricRows::Of(std::string_view metric) const {
  if (all_) return *all_;
  if (!dossier_.metric_datasets.is_object()) return {};
  const json::value* dataset = dossier_.metric_datasets.get_object().if_contains(metric);
  if (dataset == nullptr || TextAt(*dataset, "/name").empty()) return {};
  const std::string name = TextAt(*dataset, "/name");
  const std::string digest = TextAt(*dataset, "/digest");
  return {fmt::format("dataset {} ({})", name, digest),
          Digester().Add("dataset").Add(name).Add(digest).Finish()};
}

std::optional<bool> SameRows(const MeasuredRows& a, const MeasuredRows& b) {
  if (a.identity.empty() || b.identity.empty()) return std::nullopt;
  return a.identity == b.identity;
}

}  // namespace quern::registry
