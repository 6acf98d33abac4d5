#include "tracking/lineage.h"

#include <boost/json.hpp>
#include <set>

namespace quern::tracking {

using store::Row;

json::value LineageJson(const LineageGraph& graph) {
  json::array nodes, edges;
  for (const LineageNode& node : graph.nodes) {
    nodes.push_back(json::object{
        {"id", node.id}, {"kind", node.kind}, {"label", node.label}, {"detail", node.detail}});
  }
  for (const LineageEdge& edge : graph.edges) {
    edges.push_back(json::object{{"from", edge.from}, {"to", edge.to}});
  }
  return json::object{{"nodes", std::move(nodes)}, {"edges", std::move(edges)}};
}

Status Lineage::Add(const LineageNode& node, const std::vector<std::string>& inputs) {
  return db_.Transaction([&]() -> Status {
    QUERN_TRY(db_.Execute(
        "INSERT INTO lineage_nodes(id, kind, label, detail, created_ms) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT(id) DO UPDATE SET label = excluded.label, detail = excluded.detail",
        {node.id, node.kind, node.label, node.detail, clock_.NowMs()}));
    for (const std::string& input : inputs) {
      QUERN_TRY(db_.Execute(
          "INSERT INTO lineage_edges(from_id, to_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
          {input, node.id}));
    }
    return {};
  });
}

Result<LineageGraph> Lineage::All() {
  LineageGraph graph;
  QUERN_TRY(db_.Query("SELECT id, kind, label, detail FROM lineage_nodes ORDER BY created_ms, id",
                      {}, [&](const Row& row) {
                        graph.nodes.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3)});
                      }));
  QUERN_TRY(db_.Query("SELECT from_id, to_id FROM lineage_edges ORDER BY from_id, to_id", {},
                      [&](const Row& row) { graph.edges.push_back({row.Text(0), row.Text(1)}); }));
  return graph;
}

namespace {

/// Nodes reachable from `start` along edges, forwards or backwards.
void Reach(const LineageGraph& graph, const std::string& start, bool forwards,
           std::set<std::string>& seen) {
  std::vector<std::string> todo{start};
  while (!todo.empty()) {
    const std::string at = todo.back();
    todo.pop_back();
    for (const LineageEdge& edge : graph.edges) {
      const std::string& near = forwards ? edge.from : edge.to;
      const std::string& far = forwards ? edge.to : edge.from;
      if (near == at && seen.insert(far).second) todo.push_back(far);
    }
  }
}

}  // namespace

Result<LineageGraph> Lineage::Around(const std::string& id_or_prefix) {
  QUERN_ASSIGN(const LineageGraph all, All());
  std::vector<std::string> matches;
  for (const LineageNode& node : all.nodes) {
    if (node.id == id_or_prefix) matches = {node.id};
    if (node.id == id_or_prefix) break;
    if (node.id.starts_with(id_or_prefix)) matches.push_back(node.id);
  }
  if (matches.size() != 1) {
    return Fail(matches.empty() ? Code::kNotFound : Code::kInvalidArgument,
                (matches.empty() ? "nothing in the lineage is called '"
                                 : "more than one thing in the lineage begins with '") +
                    id_or_prefix + "'",
                "`quern lineage` lists all");
  }
  std::set<std::string> kept{matches.front()};
  Reach(all, matches.front(), true, kept);
  Reach(all, matches.front(), false, kept);
  LineageGraph graph;
  for (const LineageNode& node : all.nodes) {
    if (kept.contains(node.id)) graph.nodes.push_back(node);
  }
  for (const LineageEdge& edge : all.edges) {
    if (kept.contains(edge.from) && kept.contains(edge.to)) graph.edges.push_back(edge);
  }
  return graph;
}

}  // namespace quern::tracking
