#include <array>

#include "server/mlflow/json_out.h"
#include "server/mlflow/tracking_routes.h"

namespace quern::server::mlflow {
namespace {

constexpr std::array<std::string_view, 4> kKept = {"run_id", "artifact_path", "utc_time_created",
                                                   "model_uuid"};

/// What the history keeps of a model's description: where it lies and its flavors without their
/// settings.
std::string HistoryEntry(JsonRef model) {
  std::string out;
  {
    ObjectOut object(&out);
    for (std::string_view key : kKept) {
      // The first three are there; models of old have no model_uuid.
      const auto value = model.Find(key);
      object.Name(key)->append(value ? ShowJson(*value) : "null");
    }
    ObjectOut flavors(object.Name("flavors"));
    model.Find("flavors")->ForEachMember([&](std::string_view name, JsonRef flavor) {
      if (!flavor.Is(JsonKind::kObject)) {
        flavors.AnyName(name)->append(ShowJson(flavor));
        return;
      }
      ObjectOut settings(flavors.AnyName(name));
      flavor.ForEachMember([&](std::string_view key, JsonRef value) {
        if (key != "config") settings.AnyName(key)->append(ShowJson(value));
      });
    });
  }
  return out;
}

/// Checks the description; gives its entry in the history.
Result<std::string> ReadEntry(const std::string& text) {
  const auto doc = JsonDoc::Parse(text);
  if (!doc || !doc->root().Is(JsonKind::kObject)) {
    return Fail(Code::kInvalidArgument,
                "Malformed model info. \n " + text + " \n is not a valid JSON.");
  }
  std::string missing;
  for (const char* key : {"artifact_path", "flavors", "utc_time_created", "run_id"}) {
    const auto value = doc->root().Find(key);
    if (value && (std::string_view(key) != "flavors" || value->Is(JsonKind::kObject))) continue;
    missing.append(missing.empty() ? "'" : ", '").append(key).append("'");
  }
  if (!missing.empty()) {
    return Fail(Code::kInvalidArgument,
                "Model json is missing mandatory fields: {" + missing + "}");
  }
  return HistoryEntry(doc->root());
}

}  // namespace

Result<net::HttpResponse> LogModel(const TrackingContext& c, const Args& args) {
  const std::string id = args.RequiredRunId();
  const std::string text = args.RequiredText("model_json");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const std::string entry, ReadEntry(text));
  QUERN_TRY(c.runs.LogModel(id, entry));
  return Done();
}

}  // namespace quern::server::mlflow
