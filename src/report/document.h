#pragma once
// The report page's document (docs/format/records.md) from the steps of a run: what the page of
// `quern report` and that of `quern server` are drawn from. Pure.
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"

namespace quern::report {

struct DocumentStep {
  std::string id;  // "ingest:cleveland"
  std::string phase;
  std::string state;
  std::string reason;
  double seconds = 0;
  json::value record;  // null if it left none
};

struct DocumentHead {
  std::string project;
  std::string program_version;
  std::string generated_at;
  std::string run_id;
};

/// `steps` in the order of the graph; the report's own step is left out. `lineage` as
/// tracking::LineageJson gives it, or null.
json::object MakeDocument(const DocumentHead& head, std::vector<DocumentStep> steps,
                          json::value lineage);

}  // namespace quern::report
