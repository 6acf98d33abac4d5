#include "server/mlflow/webhook_routes.h"

#include <utility>

#include "base/text.h"
#include "server/http/respond.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/webhook_events.h"

namespace quern::server::mlflow {

using webhooks::EventName;
using webhooks::Webhook;

namespace {

constexpr int64_t kWebhooksPage = 100;
constexpr std::string_view kWebhookStatuses[] = {"ACTIVE", "DISABLED"};

void AppendWord(std::string* out, std::string_view lower) {
  std::string upper(lower);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  serving::AppendJsonText(out, upper);
}

void AppendWebhook(std::string* out, const Webhook& webhook) {
  ObjectOut object(out);
  object.Text("webhook_id", webhook.id);
  object.Text("name", webhook.name);
  object.TextIfSet("description", webhook.description);
  object.Text("url", webhook.url);
  object.ListIfAny("events", webhook.events, [&](const EventName& event) {
    ObjectOut one(out);
    AppendWord(one.Name("entity"), event.entity);
    AppendWord(one.Name("action"), event.action);
  });
  object.Text("status", kWebhookStatuses[webhook.active ? 0 : 1]);
  object.Int("creation_timestamp", webhook.created_ms);
  object.Int("last_updated_timestamp", webhook.updated_ms);
}

net::HttpResponse OneWebhook(const Webhook& webhook) {
  std::string out;
  {
    ObjectOut object(&out);
    AppendWebhook(object.Name("webhook"), webhook);
  }
  return JsonResponse(std::move(out));
}

/// `{"entity", "action"}` in the words of requests; both must be there.
EventName ReadEvent(const Fields& fields) {
  const auto entity = fields.Choice("entity", WebhookEntities());
  const auto action = fields.Choice("action", WebhookActions());
  if (!entity) fields.Missing("entity");
  if (!action) fields.Missing("action");
  if (!entity || !action) return {};
  return {ToLower(WebhookEntities()[*entity]), ToLower(WebhookActions()[*action])};
}

std::vector<EventName> ReadEvents(const Args& args) {
  std::vector<EventName> events;
  for (const Fields& item : args.Items("events")) events.push_back(ReadEvent(item));
  return events;
}

Status CheckAll(const std::vector<EventName>& events) {
  for (const EventName& event : events) QUERN_TRY(CheckWebhookEvent(event));
  return {};
}

Result<net::HttpResponse> CreateWebhook(const WebhookContext& c, const Args& args) {
  webhooks::NewWebhook webhook;
  webhook.name = args.RequiredText("name");
  webhook.url = args.RequiredText("url");
  if (!args.Has("events")) args.Missing("events");
  webhook.events = ReadEvents(args);
  webhook.description = args.Text("description");
  webhook.secret = args.Text("secret");
  webhook.active = args.Choice("status", kWebhookStatuses).value_or(0) == 0;
  QUERN_TRY(args.status());
  QUERN_TRY(CheckAll(webhook.events));
  QUERN_ASSIGN(const Webhook made, c.webhooks.Create(webhook));
  c.deliverer.Wake();  // from now on it looks for what other processes queue
  return OneWebhook(made);
}

Result<net::HttpResponse> ListWebhooks(const WebhookContext& c, const Args& args) {
  const int64_t asked = args.Int("max_results", 0);
  const std::string token = args.Text("page_token");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto page, c.webhooks.List(asked == 0 ? kWebhooksPage : asked, token));
  std::string out;
  {
    ObjectOut object(&out);
    object.ListIfAny("webhooks", page.items,
                     [&](const Webhook& webhook) { AppendWebhook(&out, webhook); });
    object.TextIfSet("next_page_token", page.next_token);
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> GetWebhook(const WebhookContext& c, const Args& args) {
  QUERN_ASSIGN(const Webhook webhook, c.webhooks.Get(args.PathParam("webhook_id")));
  return OneWebhook(webhook);
}

/// A name, an address or a list of events that is empty counts as absent.
template <class T>
std::optional<T> UnlessEmpty(T value) {
  return value.empty() ? std::nullopt : std::optional<T>(std::move(value));
}

Result<net::HttpResponse> UpdateWebhook(const WebhookContext& c, const Args& args) {
  webhooks::WebhookChange change;
  change.name = UnlessEmpty(args.Text("name"));
  change.url = UnlessEmpty(args.Text("url"));
  change.description = args.MaybeText("description");
  change.secret = args.MaybeText("secret");
  change.events = UnlessEmpty(ReadEvents(args));
  if (const auto status = args.Choice("status", kWebhookStatuses)) change.active = *status == 0;
  QUERN_TRY(args.status());
  if (change.events) QUERN_TRY(CheckAll(*change.events));
  QUERN_ASSIGN(const Webhook changed, c.webhooks.Update(args.PathParam("webhook_id"), change));
  return OneWebhook(changed);
}

Result<net::HttpResponse> DeleteWebhook(const WebhookContext& c, const Args& args) {
  QUERN_TRY(c.webhooks.Delete(args.PathParam("webhook_id")));
  return Done();
}

/// What a foreign server sends may be any bytes, and was cut anywhere.
std::string ReadableText(std::string text) {
  size_t at = 0;
  while (const auto bad = FindInvalidUtf8(std::string_view(text).substr(at))) {
    at += *bad;
    text[at++] = '?';
  }
  return text;
}

Result<net::HttpResponse> Test(const WebhookContext& c, const Args& args) {
  std::optional<EventName> asked;
  if (args.Has("event")) asked = ReadEvent(args.Object("event"));
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const Webhook webhook, c.webhooks.Get(args.PathParam("webhook_id")));
  const EventName event = asked.value_or(webhook.events.front());
  QUERN_TRY(CheckWebhookEvent(event));
  const auto answer = c.deliverer.SendNow(webhook.id, event, ExamplePayload(event));
  std::string out;
  {
    ObjectOut object(&out);
    ObjectOut result(object.Name("result"));
    result.Flag("success", answer && answer->status < 400);
    if (answer) {
      result.Int("response_status", answer->status);
      result.Text("response_body", ReadableText(answer->body));
    } else {
      result.Text("error_message", "Failed to test webhook: " + PublicMessage(answer.error()));
    }
  }
  return JsonResponse(std::move(out));
}

}  // namespace

std::vector<ApiRoute> WebhookRoutes(const WebhookContext& context) {
  return {
      {"POST", "/mlflow/webhooks", "subscribes to events", Bind(context, CreateWebhook)},
      {"GET", "/mlflow/webhooks", "lists webhooks", Bind(context, ListWebhooks)},
      {"GET", "/mlflow/webhooks/{webhook_id}", "one webhook", Bind(context, GetWebhook)},
      {"PATCH", "/mlflow/webhooks/{webhook_id}", "changes a webhook", Bind(context, UpdateWebhook)},
      {"DELETE", "/mlflow/webhooks/{webhook_id}", "ends a subscription",
       Bind(context, DeleteWebhook)},
      {"POST", "/mlflow/webhooks/{webhook_id}/test", "sends an example", Bind(context, Test)},
  };
}

}  // namespace quern::server::mlflow
