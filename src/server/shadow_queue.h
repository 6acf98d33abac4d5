#pragma once
// Requests that a candidate sees too, unseen by their callers: copied into a bounded queue,
// answered by a thread of their own, compared.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "deploy/controller.h"
#include "serving/catalog.h"
#include "serving/inference.h"

namespace quern::server {

/// Thread-safe; borrows the catalog and the clock. Answers of candidates go into no prediction log.
class ShadowQueue {
 public:
  /// Requests that wait; one more is dropped and counted, as is one of more than kMaxElements.
  static constexpr size_t kCapacity = 256;
  static constexpr size_t kMaxElements = size_t{1} << 16;

  ShadowQueue(const serving::Catalog& catalog, const Clock& clock,
              serving::InferenceOptions inference);
  ~ShadowQueue() { Stop(); }

  /// Copies a request and what the stable version made of it in `ms`. Never waits for a candidate.
  /// Requests that failed by the caller's fault are not compared.
  void Offer(deploy::ReleaseController& controller, std::string_view candidate,
             const serving::InferenceCall& call, const Result<serving::InferenceAnswer>& answer,
             double ms);
  /// What still waits is dropped.
  void Stop();

 private:
  struct Row {
    std::string id;
    std::string decision;
    double score = 0;
  };
  struct Job {
    deploy::ReleaseController* controller = nullptr;
    std::string model;
    std::string version;
    Arena arena;
    serving::InferenceCall call;
    std::vector<Row> stable;
    double stable_ms = 0;
    bool stable_failed = false;
  };
  static std::vector<Row> RowsOf(const serving::InferenceAnswer& answer);
  void Run();
  void Compare(Job& job) const;

  const serving::Catalog& catalog_;
  const serving::InferenceService service_;
  Mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> jobs_ QUERN_GUARDED_BY(mutex_);
  bool stop_ QUERN_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace quern::server
