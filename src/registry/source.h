#pragma once
// Where a model version says that its files are. Pure checks: nothing here reads a database.
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::registry {

/// Parts of a source. "s3://bucket/a" is {"s3", "bucket", "/a"}, "/tmp/m" is {"", "", "/tmp/m"}.
struct SourceUri {
  std::string scheme;  // lower case
  std::string authority;
  std::string path;  // percent signs as sent

  /// A path of the server's own machine.
  bool local() const { return scheme.empty() || scheme == "file"; }
  /// What the tracking server itself hands out, wherever it keeps it.
  bool proxied() const { return scheme == "mlflow-artifacts"; }
};
SourceUri ParseSource(std::string_view source);

/// "models:/…" taken apart.
struct ModelReference {
  std::string model_id;  // "m-…", a logged model; else a version of `name`:
  std::string name;
  std::string alias;    // "champion" of models:/name@champion
  std::string version;  // "3", "latest" or a stage of models:/name/3
};
/// kInvalidArgument for what is none of the forms.
Result<ModelReference> ParseModelReference(std::string_view source);

/// Refuses what leaves the place that it names, however often it is encoded: "..", NUL, a
/// backslash, a path that is not absolute, a query string. For sources that are not local.
Status CheckRemoteSource(std::string_view source);
/// Refuses a local source that is not inside of `artifacts`, the folder (or file: URI) of the run's
/// artifacts; links are followed.
Status CheckLocalSource(std::string_view source, std::string_view artifacts);

/// "Invalid model version source: 'S'. WHY"
std::unexpected<Error> InvalidSource(std::string_view source, std::string_view why);

/// Which sources an operator allows: a regular expression that must be found in the source.
/// Immutable.
class SourceRule {
 public:
  /// kInvalidArgument, naming `where` the expression comes from, if it is none.
  static Result<std::shared_ptr<const SourceRule>> Make(const std::string& expression,
                                                        const std::string& where);
  virtual ~SourceRule() = default;
  virtual Status Check(const std::string& source) const = 0;
};

}  // namespace quern::registry
