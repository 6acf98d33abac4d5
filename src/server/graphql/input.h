#pragma once
// Values that come in, as literals of a document or as JSON of variables, held against the schema.
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/json_doc.h"
#include "server/graphql/schema.h"

namespace quern::server::graphql {

/// A JSON value as a Value: strings stay strings, even where an enum is wanted.
Value FromJson(JsonRef json);

/// Where a value came from: messages show it in that form.
enum class Origin { kLiteral, kVariable };

/// The value as messages show it: `{runId: "a"}` of a literal, `{'runId': 'a'}` of a variable, in
/// which form MLflow's own server shows it. Cut after some hundred characters.
std::string ShowValue(const Value& value, Origin origin);

/// Values of variables: JSON text, fields of input types under their keys. One that was not given
/// and has no default is not there.
using Variables = std::map<std::string, std::string, std::less<>>;

/// Checks values and writes them as JSON.
class Coercer {
 public:
  /// `path`: "input.runIds[1]", what is wrong there.
  using Report =
      std::function<void(const std::string& path, const Value& value, std::string message)>;
  /// Of literals variables are taken from `variables`; without them they are only passed over.
  Coercer(const Schema& schema, Origin origin, const Variables* variables, Report report)
      : schema_(schema), origin_(origin), variables_(variables), report_(std::move(report)) {}

  /// Appends the JSON; what it appends if something was reported means nothing.
  void Coerce(const TypeRef& type, const Value& value, const std::string& path, std::string* out);
  /// Those of a field or directive, which were validated, as one JSON object.
  std::string Arguments(const std::vector<InputField>& fields,
                        const std::vector<Argument>& arguments);

 private:
  void CoerceList(const TypeRef& type, const Value& value, const std::string& path,
                  std::string* out);
  void CoerceObject(const Type& type, const Value& value, const std::string& path,
                    std::string* out);
  void CoerceEnum(const Type& type, const Value& value, const std::string& path, std::string* out);
  void CoerceScalar(const Type& type, const Value& value, const std::string& path,
                    std::string* out);
  /// A variable that has no value: what it would set stays unset.
  bool IsUnset(const Value& value) const;
  void Wrong(const std::string& path, const Value& value, std::string message) const {
    report_(path, value, std::move(message));
  }

  const Schema& schema_;
  Origin origin_;
  const Variables* variables_;
  Report report_;
};

struct VariablesRead {
  Variables values;
  /// What is wrong with them, at most kMaxErrors.
  std::vector<std::string> errors;
};
/// More are not told.
inline constexpr size_t kMaxErrors = 50;
/// Those of an operation. `given`: the request's, if it has any.
VariablesRead ReadVariables(const Schema& schema, const Operation& operation,
                            const std::optional<JsonRef>& given);

/// " Did you mean 'x'?" or "".
std::string Suggest(std::string_view word, const std::vector<std::string>& known);

}  // namespace quern::server::graphql
