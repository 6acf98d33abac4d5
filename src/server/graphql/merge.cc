#include "server/graphql/merge.h"

#include <algorithm>
#include <map>
#include <set>

#include "server/graphql/input.h"

namespace quern::server::graphql {
namespace {

class Collector {
 public:
  Collector(const Document& document,
            const std::function<bool(const std::vector<Directive>&)>& wanted)
      : document_(document), wanted_(wanted) {}

  void Add(const std::vector<Selection>& selections) {
    for (const Selection& selection : selections) {
      if (!wanted_(selection.directives)) continue;
      if (selection.kind == Selection::Kind::kField) {
        const auto [place, added] = index_.try_emplace(selection.key(), groups_.size());
        if (added) groups_.push_back({selection.key(), {}});
        groups_[place->second].second.push_back(&selection);
      } else if (selection.kind == Selection::Kind::kInline) {
        Add(selection.selections);
      } else if (const Fragment* fragment = document_.Find(selection.name);
                 fragment != nullptr && spread_.insert(selection.name).second) {
        Add(fragment->selections);
      }
    }
  }

  FieldGroups Take() { return std::move(groups_); }

 private:
  const Document& document_;
  const std::function<bool(const std::vector<Directive>&)>& wanted_;
  FieldGroups groups_;
  std::map<std::string_view, size_t> index_;
  std::set<std::string_view> spread_;
};

bool SameValue(const Value& a, const Value& b) {
  const auto same = [](const auto& x, const auto& y) {
    return x.first == y.first && SameValue(x.second, y.second);
  };
  return a.kind == b.kind && a.text == b.text &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), SameValue) &&
         std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(), same);
}

/// In any order.
bool SameArguments(const Selection& a, const Selection& b) {
  return a.arguments.size() == b.arguments.size() &&
         std::all_of(a.arguments.begin(), a.arguments.end(), [&](const Argument& one) {
           return std::any_of(b.arguments.begin(), b.arguments.end(), [&](const Argument& other) {
             return one.name == other.name && SameValue(one.value, other.value);
           });
         });
}

void FindConflicts(const Document& document,
                   const std::vector<const std::vector<Selection>*>& selections,
                   std::vector<std::string>* conflicts) {
  const auto all = [](const std::vector<Directive>&) { return true; };
  for (const auto& [key, nodes] : CollectFields(document, selections, all)) {
    for (size_t i = 1; i < nodes.size(); ++i) {
      const Selection& first = *nodes[0];
      const Selection& other = *nodes[i];
      std::string reason;
      if (first.name != other.name) {
        reason = "'" + first.name + "' and '" + other.name + "' are different fields";
      } else if (!SameArguments(first, other)) {
        reason = "they have differing arguments";
      }
      if (reason.empty()) continue;
      if (conflicts->size() >= kMaxErrors) return;
      conflicts->push_back("Fields '" + std::string(key) + "' conflict because " + reason +
                           ". Use different aliases on the fields to fetch both if this was "
                           "intentional.");
    }
    FindConflicts(document, InnerSelections(nodes), conflicts);
  }
}

}  // namespace

FieldGroups CollectFields(const Document& document,
                          const std::vector<const std::vector<Selection>*>& selections,
                          const std::function<bool(const std::vector<Directive>&)>& wanted) {
  Collector collector(document, wanted);
  for (const std::vector<Selection>* one : selections) collector.Add(*one);
  return collector.Take();
}

std::vector<const std::vector<Selection>*> InnerSelections(
    const std::vector<const Selection*>& nodes) {
  std::vector<const std::vector<Selection>*> inner;
  for (const Selection* node : nodes) inner.push_back(&node->selections);
  return inner;
}

std::vector<std::string> MergeConflicts(const Document& document) {
  std::vector<std::string> conflicts;
  for (const Operation& operation : document.operations) {
    FindConflicts(document, {&operation.selections}, &conflicts);
  }
  return conflicts;
}

}  // namespace quern::server::graphql
