#pragma once
// Arguments of MLflow's requests: from the query of a GET or the JSON body of anything else, as
// leniently as MLflow's own server reads them, with its words for what is missing or wrong.
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_doc.h"
#include "base/result.h"
#include "net/http.h"
#include "server/http/query.h"

namespace quern::server::mlflow {

/// One object of arguments: the request's own, or an item of a list in it. Getters never fail: the
/// first that finds something wrong leaves its error with the request, which Args::status() gives.
/// An absent field and a null are the same. Not thread-safe; lives as long as its Args.
class Fields {
 public:
  /// "" if absent.
  std::string Text(std::string_view key) const;
  std::optional<std::string> MaybeText(std::string_view key) const;
  /// An empty text is a missing one.
  std::string RequiredText(std::string_view key) const;

  /// 12, "12", 12.0 and "1e+05", which is how R writes 100000, are integers.
  int64_t Int(std::string_view key, int64_t fallback = 0) const;
  std::optional<int64_t> MaybeInt(std::string_view key) const;
  int64_t RequiredInt(std::string_view key) const;

  /// A number or a text that is one; NaN, Infinity and -Infinity with quotes or without.
  std::optional<double> MaybeNumber(std::string_view key) const;
  double RequiredNumber(std::string_view key) const;

  /// true or false; as a text in any case: "FALSE" is R's.
  bool Flag(std::string_view key, bool fallback) const;

  /// One of `names`, by its name or its number, which counts from 1: the index in `names`.
  std::optional<size_t> Choice(std::string_view key, std::span<const std::string_view> names) const;

  /// A list of texts; in a query a repeated key.
  std::vector<std::string> Texts(std::string_view key) const;
  /// A list of objects.
  std::vector<Fields> Items(std::string_view key) const;
  /// An object; one without fields if it is absent.
  Fields Object(std::string_view key) const;

  /// The value as it came in a body; nothing if it is absent, or of a query.
  std::optional<JsonRef> Json(std::string_view key) const;

  bool Has(std::string_view key) const { return Find(key).has_value(); }
  /// "K", "list[3].K", "list[3].object.K": how messages name a field.
  std::string Path(std::string_view key) const;
  /// Leaves `Missing value for required parameter 'K'. …` with the request.
  void Missing(std::string_view key) const;
  /// Leaves `Invalid value … for parameter 'K' supplied:  Hint: …` with the request, of a value
  /// that has the right type and is wrong all the same.
  void Invalid(std::string_view key) const;
  /// Leaves an error of the caller's own (kInvalidArgument), unless there is one already.
  void Refuse(std::string message) const;

 protected:
  struct Sink {
    std::optional<Error> error;
  };
  /// A value as it came: of a query it is always a text.
  struct Raw {
    JsonKind kind = JsonKind::kNull;
    std::string_view text;
    std::optional<JsonRef> json;
  };

  explicit Fields(Sink* sink) : sink_(sink) {}
  /// The path of this object itself: "", "metrics[3]", "datasets[0].dataset".
  std::string Here() const;
  std::optional<Raw> Find(std::string_view key) const;
  void Invalid(std::string_view key, const Raw& raw) const;
  /// Refuses U+0000, which PostgreSQL does not keep and SQLite keeps by halves.
  void CheckText(std::string_view key, std::string_view text) const;

  std::optional<JsonRef> object_;
  const Query* query_ = nullptr;
  Sink* sink_;
  std::string parent_;     // of what is nested deeper: the path of the object around it
  std::string_view list_;  // of an item: the list it stands in
  size_t index_ = 0;
};

/// What the body of a request holds.
enum class BodyForm {
  kJson,
  kRaw,  // bytes of a file: arguments stand in the query
};

/// A request's arguments. Reading never fails at once; call status() after the last getter and
/// before acting.
class Args : public Fields {
 public:
  /// Borrows the request. `path_params` are the parts of the path that the route names.
  explicit Args(const net::HttpRequest& request,
                std::vector<std::pair<std::string_view, std::string>> path_params = {},
                BodyForm form = BodyForm::kJson);
  Args(const Args&) = delete;
  Args& operator=(const Args&) = delete;

  const net::HttpRequest& request() const { return request_; }
  /// The part of the path at `{name}`; "" if the route has none.
  std::string PathParam(std::string_view name) const;
  /// The query, also of requests that have a body.
  const Query& query() const { return query_args_; }
  /// run_id, or its older name run_uuid.
  std::string RequiredRunId() const;
  /// The first error of any getter, in the order they were called. A body that is no JSON counts as
  /// an empty one until here: what is missing is said first.
  Status status() const;

 private:
  void ReadBody();
  void ReadJson(std::string_view text);

  const net::HttpRequest& request_;
  std::vector<std::pair<std::string_view, std::string>> path_params_;
  Sink sink_storage_;
  Query query_args_;
  std::deque<JsonDoc> docs_;  // a second one if the body is JSON within a JSON string
  std::optional<Error> malformed_;
};

}  // namespace quern::server::mlflow
