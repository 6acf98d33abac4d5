#pragma once
// What may be asked: types from GraphQL's own type language, and who answers their fields.
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_doc.h"
#include "server/graphql/document.h"

namespace quern::server::graphql {

/// An argument, or a field of an input type.
struct InputField {
  std::string name;
  /// The name with underscores, under which a backend knows it: "runIds" is "run_ids".
  std::string key;
  TypeRef type;
};

/// Where answers come from. One per request: it keeps what it answered until the request is done.
class Backend {
 public:
  virtual ~Backend() = default;
  /// The JSON object that `call` answers to `arguments`, the text of a JSON object. It stays
  /// valid as long as the backend. The same call with the same arguments is made once.
  virtual Result<JsonRef> Ask(std::string_view call, const std::string& arguments) = 0;
};

/// What a value is made from: JSON whose members have the fields' keys. Nothing, unless `null`:
/// the value has only defaults.
struct Source {
  std::optional<JsonRef> json;
  bool null = false;
};

/// Answers a field that the parent's source does not hold. `arguments`: a JSON object.
using Resolver = std::function<Result<Source>(Backend& backend, const Source& parent,
                                              const std::string& arguments)>;

struct Field {
  std::string name;
  std::string key;
  TypeRef type;
  std::vector<InputField> arguments;
  /// Empty: the member at `key` of the parent's source.
  Resolver resolver;
};

struct Type {
  enum class Kind { kScalar, kEnum, kObject, kInput };
  Kind kind = Kind::kScalar;
  std::string name;
  std::vector<Field> fields;        // of an object
  std::vector<InputField> inputs;   // of an input type
  std::vector<std::string> values;  // of an enum

  const Field* FindField(std::string_view name) const;
  bool is_input() const { return kind != Kind::kObject; }
};

struct DirectiveType {
  std::string name;
  std::vector<InputField> arguments;
  std::vector<std::string> places;  // "QUERY", "FIELD", …
};

const InputField* FindInput(const std::vector<InputField>& fields, std::string_view name);

/// Immutable once its resolvers are set. The scalars are String, Int, Float, Boolean and
/// LongString: a 64-bit integer that is written as a string, since JavaScript's numbers cannot hold
/// it.
class Schema {
 public:
  /// `scalar`, `enum`, `type`, `input` and `directive` definitions; kInvalidArgument says what is
  /// wrong with them.
  static Result<Schema> Parse(std::string_view text);

  /// The field must exist.
  void Resolve(std::string_view type, std::string_view field, Resolver resolver);

  const Type* Find(std::string_view name) const;
  const DirectiveType* FindDirective(std::string_view name) const;
  /// Null for subscriptions.
  const Type* Root(Operation::Kind kind) const;

 private:
  friend class SchemaParser;
  Status Check() const;
  std::map<std::string, Type, std::less<>> types_;
  std::vector<DirectiveType> directives_;
};

}  // namespace quern::server::graphql
