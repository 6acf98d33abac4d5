#include "server/model_watch.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace quern::server {

ModelWatch::ModelWatch(ModelsInService& server, std::vector<WatchedModel> models, VersionSet fixed,
                       double seconds)
    : server_(server),
      models_(std::move(models)),
      fixed_(std::move(fixed)),
      complaints_(models_.size()),
      thread_([this, seconds] { Run(seconds); }) {}

ModelWatch::~ModelWatch() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void ModelWatch::Run(double seconds) {
  for (;;) {
    {
      std::unique_lock lock(mutex_.native());
      wake_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return stop_; });
      if (stop_) return;
    }
    Look();
  }
}

void ModelWatch::Look() {
  for (size_t i = 0; i < models_.size(); ++i) Follow(i);
}

void ModelWatch::Complain(size_t index, const std::string& what) {
  if (complaints_[index] == what) return;
  complaints_[index] = what;
  Log(LogLevel::kWarning, what);
}

void ModelWatch::AddAliases(const ModelToServe& meant, std::vector<std::string>* known) {
  for (const std::string& alias : meant.aliases) {
    if (std::find(known->begin(), known->end(), alias) != known->end()) continue;
    if (server_.SetAlias(meant.name, alias, meant.version)) known->push_back(alias);
  }
}

void ModelWatch::Follow(size_t index) {
  WatchedModel& watched = models_[index];
  auto meant = watched.resolve();
  if (!meant) {
    return Complain(index, "watching " + watched.reference + ": " + meant.error().message +
                               "; version " + watched.current.version + " stays in service");
  }
  ModelToServe& current = watched.current;
  if (meant->version == current.version) {
    complaints_[index].clear();
    AddAliases(*meant, &current.aliases);
    return;
  }
  if (server_.Serves(meant->name, meant->version)) {
    // A release has loaded it, or it is served under another reference too.
    std::vector<std::string> known;
    AddAliases(*meant, &known);
    meant->aliases = std::move(known);
  } else if (Status status = server_.AddModel(*meant); !status) {
    return Complain(index, "watching " + watched.reference + ": version " + meant->version +
                               " cannot be served: " + status.error().message + "; version " +
                               current.version + " stays in service");
  }
  complaints_[index].clear();
  Log(LogLevel::kInfo,
      watched.reference + " is version " + meant->version + " now, it was " + current.version);
  const ModelToServe before = current;
  current = std::move(*meant);
  const bool still =
      fixed_.contains({before.name, before.version}) ||
      std::any_of(models_.begin(), models_.end(), [&](const WatchedModel& other) {
        return other.current.name == before.name && other.current.version == before.version;
      });
  if (!still) (void)server_.RemoveModel(before.name, before.version);
}

}  // namespace quern::server
