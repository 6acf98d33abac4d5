#pragma once
// What went into what: one graph from source file to decision. An edge reads "went into".
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "store/database.h"

namespace quern::tracking {

struct LineageNode {
  std::string
      id;  // "snapshot:cleveland@3fa9…": kind and content, so that writing twice is harmless
  std::string
      kind;  // source, snapshot, check, run, model_version, deployment, batch, labels, decision
  std::string label;  // for people
  std::string detail;
  int64_t created_ms = 0;  // set by reading
  std::string actor = {};  // set by reading: who made it first; "" if that was not noted
};

struct LineageEdge {
  std::string from;
  std::string to;
};

struct LineageGraph {
  std::vector<LineageNode> nodes;
  std::vector<LineageEdge> edges;
};

/// {"nodes": [{id, kind, label, detail, created_ms, actor}], "edges": [{from, to}]}
/// (docs/format/records.md).
json::value LineageJson(const LineageGraph& graph);

/// Keeps nodes of these kinds. Where a node between two of them goes, an edge joins them.
void KeepKinds(LineageGraph& graph, const std::vector<std::string_view>& kinds);
/// Keeps the newest `count` nodes, and `always` if it is one of the graph; else what begins with
/// it, as Lineage::Around() finds it.
void KeepNewest(LineageGraph& graph, size_t count, const std::string& always);

/// Thread-safe as the database is. Borrows it.
class Lineage {
 public:
  /// `actor` is who makes what is added, as the audit log shows it.
  Lineage(store::Database& database, const Clock& clock, std::string actor = "")
      : db_(database), clock_(clock), actor_(std::move(actor)) {}
  /// Adds or replaces the node and adds edges from each of `inputs`, which must exist.
  Status Add(const LineageNode& node, const std::vector<std::string>& inputs);
  Result<LineageGraph> All();
  /// Everything that `id` came from and everything that came from it. A unique prefix is enough.
  Result<LineageGraph> Around(const std::string& id_or_prefix);

 private:
  store::Database& db_;
  const Clock& clock_;
  std::string actor_;
};

}  // namespace quern::tracking
