#include "search/select.h"

#include <string>
#include <utility>

#include "search/order.h"

namespace quern::search {
namespace {

/// One way to reach rows: where they come from, and the sort keys as they are there.
struct Way {
  Sql from;
  /// Conditions that come first, each with " AND " behind it.
  Sql where;
  std::vector<SortKey> keys;
  /// The first of the keys that differ from row to row; those before are constants.
  size_t first = 0;
  /// Of those too: a second key that is a constant.
  bool second_is_fixed = false;
  /// What an index sorts by before the keys do, or nothing.
  std::string ahead;
  bool from_token = true;
};

std::string KeyName(size_t index) { return "sort_key_" + std::to_string(index); }

std::vector<size_t> Differing(const Way& way) {
  std::vector<size_t> which;
  for (size_t i = way.first; i < way.keys.size(); ++i) {
    if (i != 1 || !way.second_is_fixed) which.push_back(i);
  }
  return which;
}

void AddScope(Sql& sql, const Query& query, const Scope& scope) {
  if (!scope.where.empty()) {
    Sql where("(" + scope.where + ") AND ");
    where.params = scope.params;
    sql.Add(where);
  }
  sql.Add(query.filter);
}

void AddAfter(Sql& sql, const Query& query, const Way& way) {
  if (query.after.empty() || !way.from_token) return;
  std::vector<SortKey> keys;
  std::vector<store::Param> values;
  for (const size_t i : Differing(way)) {
    keys.push_back(way.keys[i]);
    values.push_back(query.after[i]);
  }
  sql.Add(" AND ").Add(After(keys, values));
  if (way.ahead.empty()) return;
  // The index is entered where the page begins.
  sql.Add(" AND " + way.ahead + (keys[0].descending ? " <= " : " >= "));
  sql.Add(BeginningOf("CAST(? AS TEXT)"), values[0]);
}

void AddOrder(Sql& sql, const Way& way) {
  const std::vector<size_t> differing = Differing(way);
  sql.Add(" ORDER BY ");
  if (!way.ahead.empty()) {
    sql.Add(way.ahead + (way.keys[differing[0]].descending ? " DESC, " : ", "));
  }
  for (size_t at = 0; at < differing.size(); ++at) {
    const SortKey& key = way.keys[differing[at]];
    if (at > 0) sql.Add(", ");
    sql.Add(KeyName(differing[at]));
    if (key.descending) sql.Add(" DESC");
    if (key.nullable) sql.Add(" NULLS LAST");
  }
}

Statement Select(const Asked& asked, const Way& way, int64_t limit) {
  Sql sql("SELECT " + std::string(asked.columns));
  for (size_t i = 0; i < way.keys.size(); ++i) {
    sql.Add(", ").Add(way.keys[i].sql).Add(" AS " + KeyName(i));
  }
  sql.Add(" FROM ").Add(way.from).Add(" WHERE ").Add(way.where);
  AddScope(sql, asked.query, asked.scope);
  AddAfter(sql, asked.query, way);
  AddOrder(sql, way);
  sql.Add(" LIMIT ?", limit);
  return {std::move(sql.text), std::move(sql.params)};
}

/// CROSS JOIN is SQLite's word for "the left one first"; PostgreSQL begins there because of the
/// LIMIT, which says what its statistics do not know. Rows may have come since they were counted:
/// twice as many are let through.
Sql FromCandidates(const Query& query, const Candidates& candidates) {
  Sql from("(");
  from.Add(candidates.finder.Select());
  from.Add(" LIMIT " + std::to_string(2 * candidates.fewer_than + 1000));
  from.Add(") f CROSS JOIN " + query.entity->from);
  return from;
}

std::string OwnerIs(const Query& query, const std::string& owner) {
  return owner + " = " + query.entity->id + " AND ";
}

/// The parts of a walk.
class Walker {
 public:
  explicit Walker(const Query& query) : query_(query), walk_(*query.walk) {}

  std::vector<Way> Ways() const {
    std::vector<Way> ways;
    if (AtValue()) ways.push_back(Valued());
    if (!walk_.keyed()) {
      if (walk_.nullable) ways.push_back(NullAttribute());
      return ways;
    }
    if (walk_.nullable && !AtMissing()) ways.push_back(NullValue());
    ways.push_back(Missing());
    return ways;
  }

 private:
  bool FirstPage() const { return query_.after.empty(); }
  /// Whether the page begins among the rows with a value.
  bool AtValue() const {
    return FirstPage() || !std::holds_alternative<std::monostate>(query_.after[0]);
  }
  /// Whether it begins among those without one.
  bool AtMissing() const {
    if (AtValue()) return false;
    if (walk_.keys == 1) return true;
    const auto* missing = std::get_if<int64_t>(&query_.after[1]);
    return missing != nullptr && *missing != 0;
  }

  Way FromIndex(const char* condition) const {
    Way way;
    way.keys = query_.keys;
    way.from.Add(walk_.index->table + " CROSS JOIN " + query_.entity->from);
    way.where.Add(OwnerIs(query_, walk_.index->owner));
    if (walk_.keyed()) way.where.Add("x.key = ? AND ", walk_.key);
    way.where.Add(walk_.index->value).Add(condition).Add(" AND ");
    return way;
  }

  Way Valued() const {
    Way way = FromIndex(" IS NOT NULL");
    // What the filter asks of the same values bounds the walk.
    for (const Finder& finder : query_.finders) {
      const IndexRange& range = finder.ranges.front();
      if (finder.ranges.size() > 1 || range.index != walk_.index || range.key != walk_.key) {
        continue;
      }
      for (const Sql& bound : range.bounds) way.where.Add(bound).Add(" AND ");
    }
    SortKey& key = way.keys[0];
    key.sql = Sql(walk_.index->whole);
    key.nullable = false;
    if (walk_.index->whole != walk_.index->value) way.ahead = walk_.index->value;
    if (walk_.keys == 2) {
      way.keys[1].sql = Sql("0");
      way.second_is_fixed = true;
    }
    return way;
  }

  Way NullValue() const {
    Way way = FromIndex(" IS NULL");
    Fix(way, "0");
    way.from_token = !AtValue();
    return way;
  }

  Way NullAttribute() const {
    Way way;
    way.keys = query_.keys;
    way.from.Add(query_.entity->from);
    way.where.Add(walk_.attribute + " IS NULL AND ");
    Fix(way, "0");
    way.from_token = !AtValue();
    return way;
  }

  Way Missing() const {
    Way way;
    way.keys = query_.keys;
    way.from.Add(query_.entity->from);
    way.where.Add("NOT EXISTS (SELECT 1 FROM " + walk_.index->table + " WHERE ");
    way.where.Add(OwnerIs(query_, walk_.index->owner)).Add("x.key = ?) AND ", walk_.key);
    Fix(way, "1");
    way.from_token = AtMissing();
    return way;
  }

  /// Without a value.
  void Fix(Way& way, const char* missing) const {
    way.keys[0].sql = Sql("NULL");
    if (walk_.keys == 2) way.keys[1].sql = Sql(missing);
    way.first = walk_.keys;
  }

  const Query& query_;
  const Walk& walk_;
};

}  // namespace

Statement ScanPage(const Asked& asked, int64_t limit) {
  Way way;
  way.from = Sql(asked.query.entity->from);
  way.keys = asked.query.keys;
  return Select(asked, way, limit);
}

Statement FoundPage(const Asked& asked, const Candidates& candidates, int64_t limit) {
  Way way;
  way.from = FromCandidates(asked.query, candidates);
  way.where.Add(OwnerIs(asked.query, "f.found"));
  way.keys = asked.query.keys;
  return Select(asked, way, limit);
}

std::vector<Statement> WalkPages(const Asked& asked, int64_t limit) {
  std::vector<Statement> statements;
  for (const Way& way : Walker(asked.query).Ways()) {
    statements.push_back(Select(asked, way, limit));
  }
  return statements;
}

Statement CountRows(const Query& query, const Scope& scope) {
  Sql sql("SELECT count(*) FROM " + query.entity->from + " WHERE ");
  AddScope(sql, query, scope);
  return {std::move(sql.text), std::move(sql.params)};
}

Statement CountFound(const Query& query, const Scope& scope, const Candidates& candidates) {
  Sql sql("SELECT count(*) FROM ");
  sql.Add(FromCandidates(query, candidates)).Add(" WHERE ").Add(OwnerIs(query, "f.found"));
  AddScope(sql, query, scope);
  return {std::move(sql.text), std::move(sql.params)};
}

Statement CountAtMost(const Sql& rows, int64_t most) {
  Sql sql("SELECT count(*) FROM (");
  sql.Add(rows).Add(" LIMIT ?", most).Add(") c");
  return {std::move(sql.text), std::move(sql.params)};
}

Sql RowsOf(const Query& query, const Scope& scope) {
  Sql sql("SELECT 1 FROM " + query.entity->from);
  if (scope.where.empty()) return sql;
  Sql where(" WHERE " + scope.where);
  where.params = scope.params;
  return std::move(sql.Add(where));
}

Sql WalkedRows(const Walk& walk) {
  Sql sql("SELECT 1 FROM " + walk.index->table);
  if (walk.keyed()) sql.Add(" WHERE x.key = ?", walk.key);
  return sql;
}

}  // namespace quern::search
