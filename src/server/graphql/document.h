#pragma once
// A GraphQL request document as it was written (GraphQL specification of October 2021, section 2):
// operations and fragments. No library that is still kept carries a parser for C++ in a registry
// that a setup can reach, so this is one of the executable language, and of as much of the type
// language as schema.h needs.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace quern::server::graphql {

/// A value in a document, or one of a variable, which came as JSON.
struct Value {
  enum class Kind { kVariable, kInt, kFloat, kString, kBoolean, kNull, kEnum, kList, kObject };
  Kind kind = Kind::kNull;
  /// A variable's or enum value's name; digits of a number; a string's characters; true or false.
  std::string text;
  std::vector<Value> items;
  std::vector<std::pair<std::string, Value>> members;
};

/// "[Int!]!": a name, or a list of `item`.
struct TypeRef {
  std::string name;
  std::shared_ptr<const TypeRef> item;
  bool non_null = false;

  std::string Show() const;
  /// The name inside all lists.
  const std::string& Named() const { return item ? item->Named() : name; }
};

struct Argument {
  std::string name;
  Value value;
};

struct Directive {
  std::string name;
  std::vector<Argument> arguments;
};

struct Selection {
  enum class Kind { kField, kSpread, kInline };
  Kind kind = Kind::kField;
  /// Of a field or of the fragment that is spread; the type of an inline one, or "".
  std::string name;
  std::string alias;
  std::vector<Argument> arguments;
  std::vector<Directive> directives;
  /// Of a spread: none, they stand in its fragment.
  std::vector<Selection> selections;

  /// Under which name a field is answered.
  const std::string& key() const { return alias.empty() ? name : alias; }
};

struct Variable {
  std::string name;
  TypeRef type;
  std::optional<Value> fallback;
  std::vector<Directive> directives;
};

struct Operation {
  enum class Kind { kQuery, kMutation, kSubscription };
  Kind kind = Kind::kQuery;
  std::string name;
  std::vector<Variable> variables;
  std::vector<Directive> directives;
  std::vector<Selection> selections;
};

struct Fragment {
  std::string name;
  std::string on;
  std::vector<Directive> directives;
  std::vector<Selection> selections;
};

struct Document {
  std::vector<Operation> operations;
  std::vector<Fragment> fragments;
  std::map<std::string, size_t, std::less<>> fragment_index;

  /// The first of that name, or null.
  const Fragment* Find(std::string_view name) const;
};

/// Braces, brackets and types nested deeper than this are refused before anything else is asked.
inline constexpr int kMaxNesting = 64;

/// kInvalidArgument with the place: "Syntax Error: Expected Name, found <EOF> (line 1, column 2).".
Result<Document> ParseDocument(std::string_view text);

/// "query", "mutation", "subscription".
std::string_view KindName(Operation::Kind kind);

}  // namespace quern::server::graphql
