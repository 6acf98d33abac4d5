#include "server/native/ingest_routes.h"

#include <memory>
#include <utility>

#include "server/http/respond.h"
#include "server/mlflow/errors.h"
#include "server/mlflow/json_out.h"
#include "server/native/ingest_arrow.h"
#include "server/native/ingest_ndjson.h"

namespace quern::server::native {
namespace {

constexpr std::string_view kPaths[] = {"/api/2.0/quern/ingest", "/ajax-api/2.0/quern/ingest"};
constexpr char kDoc[] = "metrics, parameters and tags in bulk: NDJSON or an Arrow stream";

std::unique_ptr<RecordReader> ReaderOf(const net::HttpRequest& head, tracking::BulkLog& log) {
  const std::string type = ParseMediaType(head.Find("Content-Type")).type;
  if (type == "application/x-ndjson" || type == "application/ndjson" ||
      type == "application/jsonl" || type == "application/jsonlines") {
    return std::make_unique<NdjsonReader>(log);
  }
  if (type == "application/vnd.apache.arrow.stream") return std::make_unique<ArrowReader>(log);
  return nullptr;
}

/// One body, on its way into the store.
class IngestBody : public net::BodySink {
 public:
  IngestBody(const net::HttpRequest& head, tracking::Runs& runs)
      : log_(runs), reader_(ReaderOf(head, log_)) {}

  /// Whether the body's media type is one that is read.
  bool known() const { return reader_ != nullptr; }
  Status Append(std::string_view bytes) override {
    if (!known()) return Fail(Code::kInvalidArgument, "unknown media type");
    return reader_->Feed(bytes);
  }
  Status Finish() {
    QUERN_TRY(reader_->End());
    return log_.Flush();
  }
  /// What was whole before a stream broke is kept like the rest.
  Status Keep() { return log_.Flush(); }
  const RecordReader& reader() const { return *reader_; }
  const tracking::BulkReport& report() const { return log_.report(); }

 private:
  tracking::BulkLog log_;
  std::unique_ptr<RecordReader> reader_;
};

std::string Refused(const tracking::BulkReport& report, std::string_view unit) {
  const auto& first = report.refusals.front();
  return std::to_string(report.refused) +
         " records were refused, the others are kept; the first: " + std::string(unit) + " " +
         std::to_string(first.record) + ": " + first.message;
}

/// What was taken, also beside an error.
net::HttpResponse Answer(const IngestBody& body, const Status& end) {
  const tracking::BulkReport& report = body.report();
  const std::string unit(body.reader().unit());
  std::string_view code;
  std::string message;
  if (!end) {
    code = mlflow::MlflowErrorCode(PublicCode(end.error()));
    message = PublicMessage(end.error());
  } else if (report.refused > 0) {
    code = mlflow::MlflowErrorCode(Code::kInvalidArgument);
    message = Refused(report, unit);
  }
  std::string out;
  {
    mlflow::ObjectOut object(&out);
    object.TextIfSet("error_code", code);
    object.TextIfSet("message", message);
    object.Int("records", body.reader().records());
    object.Int("metrics", report.metrics);
    object.Int("repeated", report.repeated);
    object.Int("params", report.params);
    object.Int("tags", report.tags);
    object.Int("refused", report.refused);
    object.ListIfAny("errors", report.refusals, [&](const auto& refusal) {
      mlflow::ObjectOut one(&out);
      one.Int(unit, refusal.record);
      one.Text("message", refusal.message);
    });
  }
  return JsonResponse(std::move(out), code.empty() ? 200 : mlflow::MlflowStatus(code));
}

net::HttpResponse Ingest(const Call& call) {
  const auto body = std::dynamic_pointer_cast<IngestBody>(call.request.sink);
  if (body == nullptr) {
    // Refused before its body was read, or none came.
    if (call.request.body_error) return mlflow::MlflowError(*call.request.body_error);
    return mlflow::MlflowError("INVALID_PARAMETER_VALUE", "the request has no body: send records");
  }
  if (!body->known()) {
    net::HttpResponse response = mlflow::MlflowError(
        "INVALID_PARAMETER_VALUE",
        "Content-Type is application/x-ndjson or application/vnd.apache.arrow.stream, not '" +
            Printable(call.request.Find("Content-Type")) + "'");
    response.status = 415;
    return response;
  }
  if (!call.request.body_error) return Answer(*body, body->Finish());
  const Status kept = body->Keep();
  return Answer(*body, kept ? std::unexpected(*call.request.body_error) : kept);
}

}  // namespace

net::BodyHook IngestBodies(tracking::Runs& runs) {
  return [&runs](const net::HttpRequest& head) -> Result<std::shared_ptr<net::BodySink>> {
    if (head.method != "POST") return nullptr;
    for (const std::string_view path : kPaths) {
      if (head.path == path) return std::make_shared<IngestBody>(head, runs);
    }
    return nullptr;
  };
}

void AddIngestRoutes(Router* router) {
  for (const std::string_view path : kPaths) {
    router->Add({"POST", std::string(path), kDoc, Ingest});
  }
}

}  // namespace quern::server::native
