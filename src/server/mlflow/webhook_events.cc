#include "server/mlflow/webhook_events.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "server/mlflow/json_out.h"

namespace quern::server::mlflow {

using registry::Event;
using webhooks::EventName;

namespace {

constexpr std::array<std::string_view, 9> kEntities{
    "REGISTERED_MODEL", "MODEL_VERSION", "MODEL_VERSION_TAG",  "MODEL_VERSION_ALIAS", "PROMPT",
    "PROMPT_VERSION",   "PROMPT_TAG",    "PROMPT_VERSION_TAG", "PROMPT_ALIAS"};
constexpr std::array<std::string_view, 4> kActions{"CREATED", "UPDATED", "DELETED", "SET"};

/// What can happen to each entity, sorted.
constexpr std::array<std::pair<std::string_view, std::array<std::string_view, 2>>, 9> kHappens{{
    {"registered_model", {"created", ""}},
    {"model_version", {"created", ""}},
    {"model_version_tag", {"deleted", "set"}},
    {"model_version_alias", {"created", "deleted"}},
    {"prompt", {"created", ""}},
    {"prompt_version", {"created", ""}},
    {"prompt_tag", {"deleted", "set"}},
    {"prompt_version_tag", {"deleted", "set"}},
    {"prompt_alias", {"created", "deleted"}},
}};

constexpr char kPromptText[] = "mlflow.prompt.text";
/// Tags that say that something is a prompt are left out of what is told of it.
constexpr std::string_view kPromptMarks[] = {"mlflow.prompt.is_prompt", "_mlflow_prompt_type",
                                             kPromptText};

constexpr Event::Kind kKinds[] = {Event::Kind::kModelCreated,  Event::Kind::kVersionCreated,
                                  Event::Kind::kModelTagSet,   Event::Kind::kModelTagDeleted,
                                  Event::Kind::kVersionTagSet, Event::Kind::kVersionTagDeleted,
                                  Event::Kind::kAliasSet,      Event::Kind::kAliasDeleted};

void AppendTextOrNull(ObjectOut& out, std::string_view name, std::string_view value) {
  if (value.empty()) {
    out.Name(name)->append("null");
  } else {
    out.Text(name, value);
  }
}

/// Tags and description of what was created.
void AppendDescription(ObjectOut& out, const Event& event) {
  {
    ObjectOut tags(out.Name("tags"));
    for (const auto& [key, value] : event.tags) {
      const bool mark = std::find(std::begin(kPromptMarks), std::end(kPromptMarks), key) !=
                        std::end(kPromptMarks);
      if (!event.prompt || !mark) serving::AppendJsonText(tags.AnyName(key), value);
    }
  }
  AppendTextOrNull(out, "description", event.description);
}

void AppendVersionCreated(ObjectOut& out, const Event& event) {
  out.Text("version", std::to_string(event.version));
  if (event.prompt) {
    const auto found = event.tags.find(kPromptText);
    AppendTextOrNull(out, "template", found == event.tags.end() ? "" : found->second);
  } else {
    out.Text("source", event.source);
    AppendTextOrNull(out, "run_id", event.run_id);
  }
  AppendDescription(out, event);
}

/// All but the name, which every event has.
void AppendDetails(ObjectOut& out, const Event& event) {
  using Kind = Event::Kind;
  const Kind kind = event.kind;
  if (kind == Kind::kModelCreated) return AppendDescription(out, event);
  if (kind == Kind::kVersionCreated) return AppendVersionCreated(out, event);
  if (kind == Kind::kAliasSet || kind == Kind::kAliasDeleted) {
    out.Text("alias", event.alias);
    if (kind == Kind::kAliasSet) out.Text("version", std::to_string(event.version));
    return;
  }
  if (kind == Kind::kVersionTagSet || kind == Kind::kVersionTagDeleted) {
    out.Text("version", std::to_string(event.version));
  }
  out.Text("key", event.key);
  if (kind == Kind::kVersionTagSet || kind == Kind::kModelTagSet) out.Text("value", event.value);
}

}  // namespace

std::span<const std::string_view> WebhookEntities() { return kEntities; }
std::span<const std::string_view> WebhookActions() { return kActions; }

Status CheckWebhookEvent(const EventName& event) {
  for (const auto& [entity, actions] : kHappens) {
    if (entity != event.entity) continue;
    if (std::find(actions.begin(), actions.end(), event.action) != actions.end()) return {};
    std::string known = "'" + std::string(actions[0]) + "'";
    if (!actions[1].empty()) known += ", '" + std::string(actions[1]) + "'";
    return Fail(Code::kInvalidArgument, "Invalid action '" + event.action + "' for entity '" +
                                            event.entity + "'. Valid actions are: [" + known + "]");
  }
  return Fail(Code::kInvalidArgument, "Invalid webhook entity '" + event.entity + "'.");
}

EventName WebhookEventOf(const Event& event) {
  const bool prompt = event.prompt;
  switch (event.kind) {
    case Event::Kind::kModelCreated:
      return {prompt ? "prompt" : "registered_model", "created"};
    case Event::Kind::kVersionCreated:
      return {prompt ? "prompt_version" : "model_version", "created"};
    case Event::Kind::kModelTagSet:
      return prompt ? EventName{"prompt_tag", "set"} : EventName();
    case Event::Kind::kModelTagDeleted:
      return prompt ? EventName{"prompt_tag", "deleted"} : EventName();
    case Event::Kind::kVersionTagSet:
      return {prompt ? "prompt_version_tag" : "model_version_tag", "set"};
    case Event::Kind::kVersionTagDeleted:
      return {prompt ? "prompt_version_tag" : "model_version_tag", "deleted"};
    case Event::Kind::kAliasSet:
      return {prompt ? "prompt_alias" : "model_version_alias", "created"};
    case Event::Kind::kAliasDeleted:
      return {prompt ? "prompt_alias" : "model_version_alias", "deleted"};
  }
  return {};
}

std::string PayloadOf(const Event& event) {
  std::string text;
  {
    ObjectOut out(&text);
    out.Text("name", event.name);
    AppendDetails(out, event);
  }
  return text;
}

std::string ExamplePayload(const EventName& name) {
  Event event;
  for (const Event::Kind kind : kKinds) {
    for (const bool prompt : {false, true}) {
      event.kind = kind;
      event.prompt = prompt;
      if (WebhookEventOf(event) != name) continue;
      event.name = prompt ? "example_prompt" : "example_model";
      event.version = 1;
      event.key = "example_key";
      event.value = "example_value";
      event.alias = "example_alias";
      event.description = prompt ? "An example prompt" : "An example model";
      event.source = "models:/m-0123456789abcdef0123456789abcdef";
      event.run_id = "0123456789abcdef0123456789abcdef";
      event.tags = {{"example_key", "example_value"}};
      if (prompt) event.tags[kPromptText] = "Hello {{name}}!";
      return PayloadOf(event);
    }
  }
  return "{}";
}

Status WebhookTeller::Happened(const Event& event) {
  const EventName name = WebhookEventOf(event);
  if (name.entity.empty()) return {};
  QUERN_ASSIGN(const int64_t told, webhooks_.Tell(name, PayloadOf(event)));
  if (told > 0) queued_ = true;
  return {};
}

void WebhookTeller::Committed() {
  if (queued_.exchange(false) && deliverer_ != nullptr) deliverer_->Wake();
}

}  // namespace quern::server::mlflow
