#include "server/served_models.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/log.h"
#include "server/mlflow/invocations.h"
#include "serving/batch_trial.h"

namespace quern::server {
namespace {

std::unexpected<Error> Unknown(std::string_view name) {
  return Fail(Code::kNotFound, "this server knows no model '" + std::string(name) + "'",
              "it loads what it was started with");
}

/// Gives the model a Batcher where joint runs are sound and pay. The compiled engine gains nothing:
/// a call of it costs less than to hand it to another thread.
void LetBatch(serving::ServedModel* served, serving::BatchOptions batch) {
  const model::Engine& engine = served->engine();
  if (batch.rows <= 1 || engine.kind() == model::EngineKind::kCompiled) return;
  const std::string who = "model " + served->name() + " version " + served->version();
  const serving::BatchTrial trial = serving::TryBatch(engine);
  if (!trial.against.empty()) {
    return Log(LogLevel::kInfo, who + ": requests are scored one by one: " + trial.against);
  }
  if (served->rows_per_call() > 0) batch.rows = std::min(batch.rows, served->rows_per_call());
  served->SetBatcher(std::make_shared<serving::Batcher>(served->shared_engine(), batch));
  const auto whole = [](double us) { return std::to_string(std::lround(us)); };
  Log(LogLevel::kInfo, who + ": requests that come together are scored together; a row takes " +
                           whole(trial.alone_us) + " us by itself, " + whole(trial.together_us) +
                           " us among " + std::to_string(trial.rows));
}

}  // namespace

Status ServedModels::Put(const ModelToServe& model) {
  auto loaded = loader_({model.name, model.version, model.path, model.engine, model.signature},
                        clock_.NowMs());
  if (!loaded) {
    return Within(std::move(loaded).error(), "loading model " + model.name + " version " +
                                                 model.version + " from " + model.path);
  }
  if (!loaded->example.empty()) {
    if (Status tried = mlflow::TryExample(loaded->served, loaded->example); !tried) {
      return Within(std::move(tried).error(), "trying model " + model.name + " version " +
                                                  model.version + " with its own example");
    }
    QUERN_TRY(mlflow::KeepExample(loaded->example, loaded->served));
  }
  LetBatch(&loaded->served, batch_);
  QUERN_TRY(catalog_.Add(std::move(loaded->served)));
  for (const std::string& alias : model.aliases) {
    QUERN_TRY(catalog_.SetAlias(model.name, alias, model.version));
  }
  return {};
}

Status ServedModels::Add(const ModelToServe& model) {
  MutexLock loading(loading_);
  Status status = Put(model);
  MutexLock lock(mutex_);
  const auto key = std::make_pair(model.name, model.version);
  if (status) {
    known_[key] = {model, true, ""};
  } else if (auto found = known_.find(key); found != known_.end() && !found->second.loaded) {
    found->second.reason = status.error().message;
  }
  return Changed(std::move(status));
}

Status ServedModels::SetAlias(std::string_view name, std::string_view alias,
                              std::string_view version) {
  QUERN_TRY(catalog_.SetAlias(name, alias, version));
  MutexLock lock(mutex_);
  for (auto& [key, entry] : known_) {
    if (key.first != name) continue;
    std::erase(entry.model.aliases, alias);
    if (key.second == version) entry.model.aliases.emplace_back(alias);
  }
  return {};
}

Status ServedModels::Remove(std::string_view name, std::string_view version) {
  MutexLock loading(loading_);
  QUERN_TRY(catalog_.Remove(name, version));
  MutexLock lock(mutex_);
  known_.erase({std::string(name), std::string(version)});
  return Changed({});
}

std::vector<ModelControl::Known> ServedModels::Index() const {
  MutexLock lock(mutex_);
  std::vector<Known> index;
  for (const auto& [key, entry] : known_) {
    index.push_back({key.first, key.second, entry.loaded, entry.reason, entry.model.path});
  }
  return index;
}

Status ServedModels::Load(std::string_view name) {
  MutexLock loading(loading_);
  return Changed(LoadAll(name));
}

Status ServedModels::LoadAll(std::string_view name) {
  std::vector<ModelToServe> models;
  {
    MutexLock lock(mutex_);
    for (const auto& [key, entry] : known_) {
      if (key.first == name) models.push_back(entry.model);
    }
  }
  if (models.empty()) return Unknown(name);
  for (const ModelToServe& model : models) {
    Status status = Put(model);
    MutexLock lock(mutex_);
    Entry& entry = known_[{model.name, model.version}];
    // A version that cannot be loaded again stays in service as it was.
    entry.loaded = entry.loaded || status.has_value();
    entry.reason = status ? "" : status.error().message;
    if (!status) return status;
  }
  return {};
}

Status ServedModels::Unload(std::string_view name) {
  MutexLock loading(loading_);
  return Changed(UnloadAll(name));
}

Status ServedModels::UnloadAll(std::string_view name) {
  bool found = false;
  MutexLock lock(mutex_);
  for (auto& [key, entry] : known_) {
    if (key.first != name) continue;
    found = true;
    if (entry.loaded) QUERN_TRY(catalog_.Remove(key.first, key.second));
    entry.loaded = false;
    entry.reason = "unloaded";
  }
  return found ? Status() : Unknown(name);
}

}  // namespace quern::server
