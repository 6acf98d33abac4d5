#include "webhooks/webhooks.h"

#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/ids.h"
#include "base/text.h"
#include "webhooks/check.h"

namespace quern::webhooks {

using store::Row;

namespace {

constexpr char kColumns[] =
    "SELECT id, name, url, description, status, created_ms, updated_ms FROM webhooks ";

Webhook ReadWebhook(const Row& row) {
  Webhook webhook;
  webhook.id = row.Text(0);
  webhook.name = row.Text(1);
  webhook.url = row.Text(2);
  webhook.description = row.Text(3);
  webhook.active = row.Text(4) == "ACTIVE";
  webhook.created_ms = row.Int(5);
  webhook.updated_ms = row.Int(6);
  return webhook;
}

std::string StatusWord(bool active) { return active ? "ACTIVE" : "DISABLED"; }

/// Time and id of the last webhook that was shown.
struct Place {
  int64_t created_ms = 0;
  std::string id;
};

Result<Place> ReadToken(const std::string& token) {
  if (token.empty()) return Place{INT64_MAX, ""};
  const auto text = FromBase64(token);
  const size_t slash = text ? text->find('/') : std::string::npos;
  const auto time = slash == std::string::npos ? std::nullopt
                                               : ParseInt(std::string_view(*text).substr(0, slash));
  if (!time) return Fail(Code::kInvalidArgument, "Invalid page token, could not base64-decode");
  return Place{*time, text->substr(slash + 1)};
}

}  // namespace

Status Webhooks::FillEvents(Webhook& webhook) {
  return db_.Query(
      "SELECT entity, action FROM webhook_events WHERE webhook_id = ? ORDER BY position",
      {webhook.id}, [&](const Row& row) { webhook.events.push_back({row.Text(0), row.Text(1)}); });
}

Status Webhooks::WriteEvents(const std::string& id, const std::vector<EventName>& events) {
  QUERN_TRY(db_.Execute("DELETE FROM webhook_events WHERE webhook_id = ?", {id}));
  int64_t position = 0;
  for (const EventName& event : events) {
    QUERN_TRY(db_.Execute(
        "INSERT INTO webhook_events(webhook_id, position, entity, action) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        {id, position++, event.entity, event.action}));
  }
  return {};
}

Result<Webhook> Webhooks::Create(const NewWebhook& webhook) {
  QUERN_TRY(CheckName(webhook.name));
  QUERN_TRY(CheckUrl(webhook.url, settings_));
  QUERN_TRY(CheckEvents(webhook.events));
  const std::string id = NewUuid7(clock_);
  QUERN_ASSIGN(const std::string secret, vault_.Hide(webhook.secret, id));
  const int64_t now = clock_.NowMs();
  QUERN_TRY(db_.Write([&]() -> Status {
    QUERN_TRY(db_.Execute(
        "INSERT INTO webhooks(id, name, url, description, secret, status, created_ms, updated_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {id, webhook.name, webhook.url, webhook.description, secret, StatusWord(webhook.active),
         now, now}));
    return WriteEvents(id, webhook.events);
  }));
  return Get(id);
}

Result<Webhook> Webhooks::Get(const std::string& id) {
  std::optional<Webhook> found;
  QUERN_TRY(db_.Query(std::string(kColumns) + "WHERE id = ?", {id},
                      [&](const Row& row) { found = ReadWebhook(row); }));
  if (!found) return Fail(Code::kNotFound, "Webhook with ID " + id + " not found.");
  QUERN_TRY(FillEvents(*found));
  return std::move(*found);
}

Result<WebhookPage> Webhooks::List(int64_t max_results, const std::string& page_token) {
  if (max_results < 1 || max_results > kMaxPage) {
    return Fail(Code::kInvalidArgument, "max_results must be between 1 and 1000.");
  }
  QUERN_ASSIGN(const Place after, ReadToken(page_token));
  WebhookPage page;
  QUERN_TRY(db_.Query(std::string(kColumns) + "WHERE created_ms < ? OR (created_ms = ? AND id < ?) "
                                              "ORDER BY created_ms DESC, id DESC LIMIT ?",
                      {after.created_ms, after.created_ms, after.id, max_results + 1},
                      [&](const Row& row) { page.items.push_back(ReadWebhook(row)); }));
  if (static_cast<int64_t>(page.items.size()) > max_results) {
    page.items.pop_back();
    const Webhook& last = page.items.back();
    page.next_token = ToBase64(std::to_string(last.created_ms) + "/" + last.id);
  }
  for (Webhook& webhook : page.items) QUERN_TRY(FillEvents(webhook));
  return page;
}

Result<Webhook> Webhooks::Update(const std::string& id, const WebhookChange& change) {
  QUERN_ASSIGN(Webhook now, Get(id));
  if (change.name) QUERN_TRY(CheckName(*change.name));
  if (change.url) QUERN_TRY(CheckUrl(*change.url, settings_));
  if (change.events) QUERN_TRY(CheckEvents(*change.events));
  now.name = change.name.value_or(now.name);
  now.url = change.url.value_or(now.url);
  now.description = change.description.value_or(now.description);
  now.active = change.active.value_or(now.active);
  std::string secret;
  if (change.secret) {
    QUERN_ASSIGN(secret, vault_.Hide(*change.secret, id));
  }
  QUERN_TRY(db_.Write([&]() -> Status {
    QUERN_TRY(db_.Execute(
        "UPDATE webhooks SET name = ?, url = ?, description = ?, status = ?, updated_ms = ? "
        "WHERE id = ?",
        {now.name, now.url, now.description, StatusWord(now.active), clock_.NowMs(), id}));
    if (change.secret) {
      QUERN_TRY(db_.Execute("UPDATE webhooks SET secret = ? WHERE id = ?", {secret, id}));
    }
    if (!now.active) {
      QUERN_TRY(db_.Execute("DELETE FROM webhook_deliveries WHERE webhook_id = ?", {id}));
    }
    return change.events ? WriteEvents(id, *change.events) : Status();
  }));
  return Get(id);
}

Status Webhooks::Delete(const std::string& id) {
  return db_.Write([&]() -> Status {
    QUERN_TRY(Get(id));
    return db_.Execute("DELETE FROM webhooks WHERE id = ?", {id});
  });
}

Result<int64_t> Webhooks::Tell(const EventName& event, const std::string& data) {
  std::vector<std::string> ids;
  QUERN_TRY(
      db_.Query("SELECT w.id FROM webhook_events e JOIN webhooks w ON w.id = e.webhook_id "
                "WHERE e.entity = ? AND e.action = ? AND w.status = 'ACTIVE'",
                {event.entity, event.action}, [&](const Row& row) { ids.push_back(row.Text(0)); }));
  const int64_t now = clock_.NowMs();
  for (const std::string& id : ids) {
    QUERN_TRY(db_.Execute(
        "INSERT INTO webhook_deliveries(id, webhook_id, entity, action, happened_ms, data, "
        "attempts, due_ms) VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
        {NewUuid7(clock_), id, event.entity, event.action, now, data, now}));
  }
  return static_cast<int64_t>(ids.size());
}

}  // namespace quern::webhooks
