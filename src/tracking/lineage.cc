#include "tracking/lineage.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>
#include <string_view>

namespace quern::tracking {

using store::Row;

json::value LineageJson(const LineageGraph& graph) {
  json::array nodes, edges;
  for (const LineageNode& node : graph.nodes) {
    nodes.push_back(json::object{{"id", node.id},
                                 {"kind", node.kind},
                                 {"label", node.label},
                                 {"detail", node.detail},
                                 {"created_ms", node.created_ms},
                                 {"actor", node.actor}});
  }
  for (const LineageEdge& edge : graph.edges) {
    edges.push_back(json::object{{"from", edge.from}, {"to", edge.to}});
  }
  return json::object{{"nodes", std::move(nodes)}, {"edges", std::move(edges)}};
}

Status Lineage::Add(const LineageNode& node, const std::vector<std::string>& inputs) {
  return db_.Transaction([&]() -> Status {
    QUERN_TRY(db_.Execute(
        "INSERT INTO lineage_nodes(id, kind, label, detail, created_ms, actor) "
        "VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT(id) DO UPDATE SET label = excluded.label, detail = excluded.detail",
        {node.id, node.kind, node.label, node.detail, clock_.NowMs(), actor_}));
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
  QUERN_TRY(
      db_.Query("SELECT id, kind, label, detail, created_ms, actor FROM lineage_nodes ORDER BY "
                "created_ms, id",
                {}, [&](const Row& row) {
                  graph.nodes.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3),
                                         row.Int(4), row.Text(5)});
                }));
  QUERN_TRY(db_.Query("SELECT from_id, to_id FROM lineage_edges ORDER BY from_id, to_id", {},
                      [&](const Row& row) { graph.edges.push_back({row.Text(0), row.Text(1)}); }));
  return graph;
}

namespace {

using Neighbours = std::multimap<std::string_view, std::string_view>;

/// From each node to the next ones along edges, forwards or backwards. Borrows the graph.
Neighbours NextOf(const LineageGraph& graph, bool forwards) {
  Neighbours next;
  for (const LineageEdge& edge : graph.edges) {
    next.emplace(forwards ? edge.from : edge.to, forwards ? edge.to : edge.from);
  }
  return next;
}

/// Adds what is reachable from `start`.
void Reach(const Neighbours& next, std::string_view start, std::set<std::string_view>& seen) {
  std::vector<std::string_view> todo{start};
  while (!todo.empty()) {
    const std::string_view at = todo.back();
    todo.pop_back();
    const auto [first, last] = next.equal_range(at);
    for (auto edge = first; edge != last; ++edge) {
      if (seen.insert(edge->second).second) todo.push_back(edge->second);
    }
  }
}

/// Adds the kept nodes that `start` leads to without another kept one between.
void NearestKept(const Neighbours& next, std::string_view start,
                 const std::set<std::string_view>& kept, std::set<std::string_view>& found) {
  std::set<std::string_view> seen;
  std::vector<std::string_view> todo{start};
  while (!todo.empty()) {
    const std::string_view at = todo.back();
    todo.pop_back();
    const auto [first, last] = next.equal_range(at);
    for (auto edge = first; edge != last; ++edge) {
      if (!seen.insert(edge->second).second) continue;
      if (kept.contains(edge->second)) {
        found.insert(edge->second);
      } else {
        todo.push_back(edge->second);
      }
    }
  }
}

/// Drops all but the kept nodes, and edges that have lost an end.
void Drop(LineageGraph& graph, const std::set<std::string>& kept) {
  std::erase_if(graph.nodes, [&](const LineageNode& node) { return !kept.contains(node.id); });
  std::erase_if(graph.edges, [&](const LineageEdge& edge) {
    return !kept.contains(edge.from) || !kept.contains(edge.to);
  });
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
  std::set<std::string_view> reached{matches.front()};
  Reach(NextOf(all, true), matches.front(), reached);
  Reach(NextOf(all, false), matches.front(), reached);
  LineageGraph graph = all;
  Drop(graph, std::set<std::string>(reached.begin(), reached.end()));
  return graph;
}

void KeepKinds(LineageGraph& graph, const std::vector<std::string_view>& kinds) {
  std::set<std::string_view> kept;
  for (const LineageNode& node : graph.nodes) {
    if (std::find(kinds.begin(), kinds.end(), node.kind) != kinds.end()) kept.insert(node.id);
  }
  const Neighbours next = NextOf(graph, true);
  std::vector<LineageEdge> edges;
  for (const std::string_view from : kept) {
    std::set<std::string_view> found;
    NearestKept(next, from, kept, found);
    for (const std::string_view to : found) edges.push_back({std::string(from), std::string(to)});
  }
  const std::set<std::string> names(kept.begin(), kept.end());
  Drop(graph, names);
  graph.edges = std::move(edges);
}

void KeepNewest(LineageGraph& graph, size_t count, const std::string& always) {
  if (graph.nodes.size() <= count) return;
  std::set<std::string> kept;
  for (size_t i = graph.nodes.size() - count; i < graph.nodes.size(); ++i) {
    kept.insert(graph.nodes[i].id);
  }
  const bool whole = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                 [&](const LineageNode& node) { return node.id == always; });
  for (const LineageNode& node : graph.nodes) {
    const bool meant = whole ? node.id == always : node.id.starts_with(always);
    if (!always.empty() && meant) kept.insert(node.id);
  }
  Drop(graph, kept);
}

}  // namespace quern::tracking
