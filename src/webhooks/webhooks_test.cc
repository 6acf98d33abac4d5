#include "webhooks/webhooks.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>

#include "base/base64.h"
#include "tests/store/engines.h"
#include "webhooks/check.h"
#include "webhooks/test_events.h"

namespace quern::webhooks {
namespace {

std::string Said(const Status& status) { return status ? "" : status.error().message; }

struct WebhooksFixture {
  WebhooksFixture() : vault(std::string(32, 'k'), RealFs(), dir.File("secrets")) {
    settings.allow_private = true;
    settings.schemes = {"http", "https"};
  }
  Webhooks Store() { return Webhooks(*database, clock, vault, settings); }
  NewWebhook Draft(const std::string& name = "hook") {
    return {name, "http://127.0.0.1:9/x", "", "hush", true, {kCreated, kTagSet}};
  }
  std::string Cell(const std::string& sql) {
    std::string text;
    REQUIRE(database->Query(sql, {}, [&](const store::Row& row) { text = row.Text(0); }));
    return text;
  }

  TempDir dir;
  ManualClock clock{1000};
  Settings settings;
  Vault vault;
  store::TestDatabase database{store::EachEngine()};
};

}  // namespace

TEST_CASE("a webhook from its creation to its end") {
  WebhooksFixture f;
  auto hooks = f.Store();
  const auto made = hooks.Create(f.Draft());
  REQUIRE(made);
  CHECK(made->active);
  CHECK(made->events == std::vector{kCreated, kTagSet});
  CHECK(made->created_ms == 1000);
  const std::string stored = f.Cell("SELECT secret FROM webhooks");
  CHECK(stored.find("hush") == std::string::npos);
  CHECK(FromBase64(stored)->find("hush") == std::string::npos);
  CHECK(*f.vault.Show(stored, made->id) == "hush");

  f.clock.Set(2000);
  WebhookChange change;
  change.name = "other";
  change.events = {{kTagSet}};
  const auto changed = hooks.Update(made->id, change);
  REQUIRE(changed);
  CHECK(changed->name == "other");
  CHECK(changed->url == made->url);
  CHECK(changed->events == std::vector{kTagSet});
  CHECK(changed->updated_ms == 2000);
  CHECK(f.Cell("SELECT secret FROM webhooks") == stored);
  change = {};
  change.secret = "";
  change.url = "ftp://x";
  CHECK_FALSE(hooks.Update(made->id, change));
  CHECK(f.Cell("SELECT secret FROM webhooks") == stored);
  change.url.reset();
  REQUIRE(hooks.Update(made->id, change));
  CHECK(f.Cell("SELECT secret FROM webhooks").empty());

  CHECK(hooks.Update("nope", {}).error().message == "Webhook with ID nope not found.");
  REQUIRE(hooks.Delete(made->id));
  CHECK(hooks.Get(made->id).error().code == Code::kNotFound);
  CHECK(hooks.Delete(made->id).error().code == Code::kNotFound);
}

TEST_CASE("webhooks are listed newest first, page by page") {
  WebhooksFixture f;
  auto hooks = f.Store();
  for (int i = 0; i < 5; ++i) {
    f.clock.Set(1000 + i / 2);
    REQUIRE(hooks.Create(f.Draft("hook" + std::to_string(i))));
  }
  std::map<std::string, int> seen;
  std::string token;
  int64_t last = INT64_MAX;
  int pages = 0;
  do {
    const auto page = hooks.List(2, token);
    REQUIRE(page);
    for (const Webhook& webhook : page->items) {
      CHECK(webhook.created_ms <= last);
      CHECK(webhook.events.size() == 2);
      last = webhook.created_ms;
      ++seen[webhook.name];
    }
    token = page->next_token;
    ++pages;
  } while (!token.empty());
  CHECK(seen.size() == 5);
  CHECK(pages == 3);
  CHECK(hooks.List(0, "").error().message == "max_results must be between 1 and 1000.");
  CHECK(hooks.List(1001, "").error().code == Code::kInvalidArgument);
  CHECK(hooks.List(1, "zzz").error().code == Code::kInvalidArgument);
}

TEST_CASE("an event is queued once for each active webhook that wants it") {
  WebhooksFixture f;
  auto hooks = f.Store();
  REQUIRE(hooks.Create(f.Draft("a")));
  const auto b = hooks.Create(f.Draft("b"));
  NewWebhook other = f.Draft("c");
  other.events = {kTagSet, kTagSet};
  REQUIRE(hooks.Create(other));
  NewWebhook asleep = f.Draft("d");
  asleep.active = false;
  REQUIRE(hooks.Create(asleep));
  CHECK(*hooks.Tell(kCreated, "{}") == 2);
  CHECK(*hooks.Tell({"prompt", "created"}, "{}") == 0);
  CHECK(f.Cell("SELECT count(*) FROM webhook_deliveries") == "2");
  WebhookChange sleep;
  sleep.active = false;
  REQUIRE(hooks.Update(b->id, sleep));
  CHECK(f.Cell("SELECT count(*) FROM webhook_deliveries") == "1");
  const Status failed = f.database->Write([&]() -> Status {
    QUERN_TRY(hooks.Tell(kCreated, "{}"));
    return Fail(Code::kInternal, "the change failed");
  });
  CHECK_FALSE(failed);
  CHECK(f.Cell("SELECT count(*) FROM webhook_deliveries") == "1");
}

TEST_CASE("names, addresses and events, in MLflow's words") {
  Settings open;
  open.allow_private = true;
  CHECK(CheckName("a"));
  CHECK(CheckName("My-hook_2.x"));
  CHECK(CheckName(std::string(63, 'w')));
  for (const std::string& name : {std::string("w!"), std::string("-w"), std::string("w."),
                                  std::string(""), std::string(64, 'w'), std::string("a b")}) {
    CAPTURE(name);
    CHECK(Said(CheckName(name)).starts_with("Webhook name '" + name + "' is invalid."));
  }
  CHECK(CheckUrl("https://example.invalid/x", open));
  CHECK(Said(CheckUrl("http://a", open)) ==
        "Invalid webhook URL scheme: 'http'. Allowed schemes are: https.");
  CHECK(Said(CheckUrl(" ", open)) == "Webhook URL cannot be empty or just whitespace: ' '");
  CHECK(Said(CheckUrl("https:///x", open)) == "Webhook URL must include a hostname: 'https:///x'");
  CHECK_FALSE(CheckUrl("https://a\r\nHost: b/", open));
  CHECK_FALSE(CheckUrl("https://a/" + std::string(2048, 'x'), open));
  CHECK_FALSE(CheckUrl("javascript", open));
  CHECK_FALSE(CheckEvents({}));

  Settings closed;
  CHECK(Said(CheckUrl("https://127.0.0.1:80/x", closed)) ==
        "Webhook URL must not resolve to a non-public IP address. '127.0.0.1' resolves to "
        "127.0.0.1.");
  for (const char* url : {"https://localhost/", "https://user:word@10.0.0.1/", "https://[::1]:8/",
                          "https://127.1/", "https://169.254.169.254/latest", "https://0/"}) {
    CAPTURE(url);
    CHECK(Said(CheckUrl(url, closed)).find("non-public") != std::string::npos);
  }
  CHECK(Said(CheckUrl("https://nowhere.invalid/", closed))
            .starts_with("Cannot resolve Webhook URL hostname 'nowhere.invalid'"));
}

TEST_CASE("settings are read from MLflow's names") {
  std::map<std::string, std::string> values;
  const auto environment = [&](const char* name) -> const char* {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : found->second.c_str();
  };
  const auto plain = ReadSettings(environment);
  REQUIRE(plain);
  CHECK(plain->schemes == std::vector<std::string>{"https"});
  CHECK_FALSE(plain->allow_private);
  CHECK(plain->retries == 3);
  values = {{"MLFLOW_WEBHOOK_REQUEST_TIMEOUT", "5"},
            {"MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES", "0"},
            {"MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS", "2"},
            {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES", "http, HTTPS"},
            {"MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", "True"},
            {"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY", ToBase64(std::string(32, '\xff'))}};
  const auto set = ReadSettings(environment);
  REQUIRE(set);
  CHECK(set->timeout == 5);
  CHECK(set->retries == 0);
  CHECK(set->parallel == 2);
  CHECK(set->schemes == std::vector<std::string>{"http", "https"});
  CHECK(set->allow_private);
  CHECK(set->key == std::string(32, '\xff'));
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"MLFLOW_WEBHOOK_REQUEST_TIMEOUT", "0"},
                                          {"MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES", "x"},
                                          {"MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS", "-1"},
                                          {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES", "http,file"},
                                          {"MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", "maybe"},
                                          {"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY", "c2hvcnQ="}}) {
    values = {{name, value}};
    CAPTURE(name);
    const auto bad = ReadSettings(environment);
    REQUIRE_FALSE(bad);
    CHECK(bad.error().message.find(name) != std::string::npos);
  }
  CHECK(ReadSettings(environment).error().message.find("c2hv") == std::string::npos);
}

TEST_CASE("a key of its own is made when the first secret comes, and found again") {
  TempDir dir;
  const std::string folder = dir.File("state/secrets");
  Vault first("", RealFs(), folder);
  CHECK(first.Hide("", "id") == std::string());
  CHECK_FALSE(RealFs().Exists(folder));
  const auto hidden = first.Hide("hush", "id");
  REQUIRE(hidden);
  CHECK(std::filesystem::status(folder).permissions() == std::filesystem::perms::owner_all);
  Vault second("", RealFs(), folder);
  CHECK(second.Show(*hidden, "id") == "hush");
  CHECK_FALSE(second.Show(*hidden, "another id"));
  Vault third(std::string(32, 'k'), RealFs(), folder);
  CHECK(third.Show(*hidden, "id").error().code == Code::kDataLoss);
  Vault fourth("", RealFs(), dir.File("nothing here"));
  CHECK_FALSE(fourth.Show(*hidden, "id"));
}

}  // namespace quern::webhooks
