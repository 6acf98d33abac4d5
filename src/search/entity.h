#pragma once
// What can be searched, as tables of names: per entity its attributes, its keyed values (tags,
// params, metrics, datasets), which SQL stands for each, and how rows are ordered.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::search {

/// kId is an integer that filters write as a text, `experiment_id = '7'`.
enum class ValueType { kText, kInteger, kReal, kId };

/// An index of the database: rows of `table`, called x, sorted by `value`, within one key where
/// there are keys. Nothing without a table.
struct Index {
  std::string table;
  /// Equals the entity's `id`; no two rows of one key have the same.
  std::string owner;
  /// Of a text perhaps the beginning alone.
  std::string value;
  /// The value as it is.
  std::string whole;
  bool empty() const { return table.empty(); }
};

/// What an index keeps of a text: its first characters (migration 0006).
std::string BeginningOf(const std::string& text);

struct Attribute {
  /// The first is the one that messages show; the rest are aliases.
  std::vector<std::string> names;
  ValueType type = ValueType::kText;
  std::string sql;
  bool nullable = false;
  /// Words of clients and what is stored for them.
  std::vector<std::pair<std::string, std::string>> words;
  Index index = {};
};

/// One fixed key of a Group of datasets.
struct DatasetField {
  std::string name;
  std::string rows;
  std::string value;
};

/// Values under a key. `rows` is the FROM and WHERE that selects those of one row of the entity,
/// from a table called x whose column `key` has the keys; `value` is NULL for a NaN.
struct Group {
  enum class Kind { kAttribute, kMetric, kParam, kTag, kDataset };
  Kind kind = Kind::kAttribute;
  /// What may stand before the dot; the first is the one that messages show.
  std::vector<std::string> names;
  std::string rows;
  std::string value;
  /// At most one row per key; else a comparison holds if it holds for any of them.
  bool unique = true;
  /// ORDER BY of the rows, the one that counts first, where there may be several.
  std::string newest;
  /// Least value, greatest value and number of points of a row; empty where there are none.
  std::string least;
  std::string greatest;
  std::string count;
  /// Columns of the dataset of a value, if it has one.
  std::string dataset_name;
  std::string dataset_digest;
  /// Of kDataset, instead of rows and value.
  std::vector<DatasetField> fields;
  bool orderable = false;
  /// By key and value; of groups that are unique.
  Index index = {};
};

struct OrderRule {
  std::string attribute;
  bool descending = false;
};

/// Immutable after the program's start; safe to share.
struct Entity {
  std::string name;
  /// Table and alias: "runs r".
  std::string from;
  /// What an index's `owner` equals; empty where there is none.
  std::string id;
  std::vector<Attribute> attributes;
  std::vector<Group> groups;
  /// The order when nothing is asked for.
  std::vector<OrderRule> default_order;
  /// Added to every order unless named by it; together they tell any two rows apart.
  std::vector<OrderRule> tie_breakers;
  /// Texts need no quotes: `params.lr = 0.01`.
  bool bare_texts = false;
  /// Numbers may stand between quotes: `version_number = '3'`.
  bool quoted_numbers = false;
  /// The rows that are not prompts, for filters that do not name kPromptTag; "" where there are
  /// no prompts.
  std::string no_prompts;
};

/// Set to 'true' on models and versions that hold a prompt. A row without it counts as 'false'.
inline constexpr std::string_view kPromptTag = "mlflow.prompt.is_prompt";

/// Over `runs r`. Beyond MLflow: `duration` (end - start, ms; NULL while running).
const Entity& Runs();
/// Over `experiments e`.
const Entity& Experiments();
/// Over `registered_models m`.
const Entity& RegisteredModels();
/// Over `model_versions v`. Deleted versions are left out by the caller's scope.
const Entity& ModelVersions();
/// Over `logged_models l`.
const Entity& LoggedModels();

}  // namespace quern::search
