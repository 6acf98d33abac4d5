#include "webhooks/deliverer.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/base64.h"
#include "base/secret.h"
#include "tests/store/engines.h"
#include "webhooks/test_events.h"
#include "webhooks/webhooks.h"

namespace quern::webhooks {
namespace {

/// A receiver that remembers requests and answers as told.
class Receiver {
 public:
  explicit Receiver(std::vector<int> statuses = {})
      : statuses_(std::move(statuses)),
        server_({}, [this](const net::HttpRequest& request) { return Take(request); }) {
    const auto port = server_.Start();
    REQUIRE(port);
    url = "http://127.0.0.1:" + std::to_string(*port) + "/hook";
  }

  /// Waits until so many requests have come.
  std::vector<net::HttpRequest> Await(size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(30),
                              [&] { return requests_.size() >= count; }));
    return requests_;
  }

  std::string url;

 private:
  net::HttpResponse Take(const net::HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    net::HttpResponse response;
    if (requests_.size() < statuses_.size()) response.status = statuses_[requests_.size()];
    requests_.push_back(request);
    changed_.notify_all();
    return response;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<net::HttpRequest> requests_;
  std::vector<int> statuses_;
  net::HttpServer server_;
};

struct DelivererFixture {
  DelivererFixture() : vault(std::string(32, 'k'), RealFs(), dir.File("secrets")) {
    settings.allow_private = true;
    settings.schemes = {"http"};
    settings.backoff = 0;
  }
  std::string Subscribe(const std::string& url, const std::string& secret = "hush") {
    const auto made = Webhooks(*database, SystemClock(), vault, settings)
                          .Create({"hook", url, "", secret, true, {kCreated}});
    REQUIRE(made);
    return made->id;
  }
  void Tell(const std::string& data) {
    REQUIRE(Webhooks(*database, SystemClock(), vault, settings).Tell(kCreated, data));
  }
  int64_t Waiting() {
    int64_t count = -1;
    REQUIRE(database->Query("SELECT count(*) FROM webhook_deliveries", {},
                            [&](const store::Row& row) { count = row.Int(0); }));
    return count;
  }
  /// Until the queue is empty: the receiver has seen a request before its end is written down.
  void AwaitDone() {
    const double until = MonotonicSeconds() + 30;
    while (Waiting() > 0 && MonotonicSeconds() < until) std::this_thread::yield();
    CHECK(Waiting() == 0);
  }

  TempDir dir;
  Settings settings;
  Vault vault;
  store::TestDatabase database{store::EachEngine()};
};

}  // namespace

TEST_CASE("a delivery is signed over id, time and body") {
  DelivererFixture f;
  Receiver receiver;
  f.Subscribe(receiver.url);
  f.Tell(R"({"name":"heart"})");
  Deliverer deliverer(*f.database, SystemClock(), f.vault, f.settings);
  deliverer.Wake();
  const auto request = receiver.Await(1)[0];
  const std::string id(request.Find("X-MLflow-Delivery-Id"));
  const std::string time(request.Find("X-MLflow-Timestamp"));
  CHECK(request.method == "POST");
  CHECK(request.Find("Content-Type") == "application/json");
  CHECK(
      request.body.starts_with(R"({"entity":"registered_model","action":"created","timestamp":")"));
  CHECK(request.body.ends_with(R"(+00:00","data":{"name":"heart"}})"));
  CHECK(request.Find("X-MLflow-Signature") ==
        "v1," + ToBase64(HmacSha256("hush", id + "." + time + "." + request.body)));
  f.AwaitDone();
}

TEST_CASE("without a secret nothing is signed; several webhooks are all told") {
  DelivererFixture f;
  Receiver a, b;
  f.Subscribe(a.url, "");
  f.Subscribe(b.url, "");
  Deliverer deliverer(*f.database, SystemClock(), f.vault, f.settings);
  for (int i = 0; i < 20; ++i) {
    f.Tell("{\"n\":" + std::to_string(i) + "}");
    deliverer.Wake();
  }
  CHECK(a.Await(20)[0].Find("X-MLflow-Signature").empty());
  b.Await(20);
  f.AwaitDone();
}

TEST_CASE("what another process queues is found without being told") {
  DelivererFixture f;
  Receiver receiver;
  f.Subscribe(receiver.url);
  Deliverer deliverer(*f.database, SystemClock(), f.vault, f.settings);
  REQUIRE(deliverer.Start());
  f.Tell(R"({"n":1})");
  receiver.Await(1);
  f.AwaitDone();
  f.Tell(R"({"n":2})");
  CHECK(receiver.Await(2)[1].body.ends_with(R"("data":{"n":2}})"));
}

TEST_CASE("a busy receiver is asked again under the same id") {
  DelivererFixture f;
  Receiver busy({503, 429, 200});
  f.Subscribe(busy.url);
  f.Tell("{}");
  Deliverer deliverer(*f.database, SystemClock(), f.vault, f.settings);
  deliverer.Wake();
  const auto requests = busy.Await(3);
  CHECK(requests[0].Find("X-MLflow-Delivery-Id") == requests[2].Find("X-MLflow-Delivery-Id"));
  f.AwaitDone();
}

TEST_CASE("a receiver that refuses is not asked again") {
  DelivererFixture f;
  Receiver refusing({400, 200});
  f.Subscribe(refusing.url);
  f.Tell("{}");
  Deliverer deliverer(*f.database, SystemClock(), f.vault, f.settings);
  deliverer.Wake();
  f.AwaitDone();
  CHECK(refusing.Await(1).size() == 1);
}

TEST_CASE("a receiver that stays away is given up after the last repetition") {
  DelivererFixture f;
  f.settings.retries = 2;
  Receiver down({500, 500, 500, 500, 500});
  f.Subscribe(down.url);
  f.Tell("{}");
  Deliverer deliverer(*f.database, SystemClock(), f.vault, f.settings);
  deliverer.Wake();
  f.AwaitDone();
  CHECK(down.Await(3).size() == 3);
}

TEST_CASE("what an earlier process left is sent at the start") {
  DelivererFixture f;
  Receiver receiver;
  f.Subscribe(receiver.url);
  f.Tell("{}");
  {
    Deliverer never_woken(*f.database, SystemClock(), f.vault, f.settings);
  }
  CHECK(f.Waiting() == 1);
  Deliverer deliverer(*f.database, SystemClock(), f.vault, f.settings);
  REQUIRE(deliverer.Start());
  receiver.Await(1);
  f.AwaitDone();
}

TEST_CASE("a private address is refused at the moment of connecting, once and for all") {
  DelivererFixture f;
  Receiver receiver;
  f.Subscribe(receiver.url);
  f.settings.allow_private = false;
  f.Tell("{}");
  Deliverer deliverer(*f.database, SystemClock(), f.vault, f.settings);
  deliverer.Wake();
  f.AwaitDone();
  CHECK(receiver.Await(0).empty());
}

TEST_CASE("a secret that cannot be read sends nothing unsigned") {
  DelivererFixture f;
  Receiver receiver;
  const std::string id = f.Subscribe(receiver.url);
  f.Tell("{}");
  Vault other(std::string(32, 'x'), RealFs(), f.dir.File("secrets"));
  Deliverer deliverer(*f.database, SystemClock(), other, f.settings);
  CHECK(deliverer.SendNow(id, kCreated, "{}").error().code == Code::kDataLoss);
  deliverer.Wake();
  f.AwaitDone();
  CHECK(receiver.Await(0).empty());
}

TEST_CASE("one event can be tried at once") {
  DelivererFixture f;
  Receiver receiver({418});
  const std::string id = f.Subscribe(receiver.url);
  Deliverer deliverer(*f.database, SystemClock(), f.vault, f.settings);
  CHECK(deliverer.SendNow(id, kCreated, "{}")->status == 418);
  CHECK(deliverer.SendNow("nope", kCreated, "{}").error().code == Code::kNotFound);
}

}  // namespace quern::webhooks
