#include <algorithm>
#include <array>
#include <memory>

#include "base/mutex.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/tracking_routes.h"
#include "tracking/names.h"

namespace quern::server::mlflow {
namespace {

constexpr char kHistoryTag[] = "mlflow.log-model.history";
constexpr std::array<std::string_view, 4> kKept = {"run_id", "utc_time_created", "artifact_path",
                                                   "model_uuid"};

/// What the history keeps of a model's description: where it lies and its flavors without their
/// settings.
std::string HistoryEntry(JsonRef model) {
  std::string out;
  {
    ObjectOut object(&out);
    for (std::string_view key : kKept) {
      if (const auto value = model.Find(key)) object.Name(key)->append(ShowJson(*value));
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

ApiHandler LogModelHandler(const TrackingContext& c) {
  // Two models of one run at a time would each write the list without the other.
  auto one_at_a_time = std::make_shared<Mutex>();
  return [c, one_at_a_time](const Args& args) -> Result<net::HttpResponse> {
    const std::string id = args.RequiredRunId();
    const std::string text = args.RequiredText("model_json");
    QUERN_TRY(args.status());
    QUERN_ASSIGN(const std::string entry, ReadEntry(text));
    MutexLock lock(*one_at_a_time);
    QUERN_ASSIGN(const tracking::Run run, c.runs.Get(id));
    std::string history = "[]";
    if (auto tag = run.tags.find(kHistoryTag); tag != run.tags.end()) history = tag->second;
    if (!history.ends_with("]")) history = "[]";
    history.pop_back();
    history += (history.size() > 1 ? "," : "") + entry + "]";
    QUERN_TRY(tracking::CheckLength(history, tracking::kMaxTagValue, kHistoryTag));
    tracking::Batch batch;
    batch.tags.emplace_back(kHistoryTag, history);
    QUERN_TRY(c.runs.Log(id, batch));
    return Done();
  };
}

}  // namespace quern::server::mlflow
