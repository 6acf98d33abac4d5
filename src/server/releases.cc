#include "server/releases.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "base/log.h"
#include "base/text.h"

namespace quern::server {
namespace {

constexpr size_t kIdsPerQuery = 500;
/// Between two looks at a release that is under way, and at whether another process has begun one.
constexpr std::chrono::milliseconds kBusy{100};
constexpr std::chrono::milliseconds kIdle{1000};

}  // namespace

Releases::Releases(serving::Catalog& catalog, ServedModels& models, store::Database& database,
                   const Clock& clock, ReleaseSource source, serving::InferenceOptions inference)
    : catalog_(catalog),
      models_(models),
      database_(database),
      clock_(clock),
      source_(std::move(source)),
      store_(database),
      shadow_(catalog, clock, inference) {
  deploy::ReleaseActions& actions = *this;
  for (const std::string& model : source_.models) {
    auto followed = std::make_unique<Followed>();
    followed->controller = std::make_unique<deploy::ReleaseController>(
        model, store_, actions, clock_, deploy::ControllerOptions{1000, 0});
    followed_.push_back(std::move(followed));
  }
}

Status Releases::Start() {
  for (const auto& followed : followed_) QUERN_TRY(followed->controller->Resume());
  ticker_ = std::thread([this] { Run(); });
  return {};
}

void Releases::Stop() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (!ticker_.joinable()) return;
  ticker_.join();
  shadow_.Stop();
  for (const auto& followed : followed_) {
    if (const Status written = followed->controller->Flush(); !written) {
      Log(LogLevel::kError, "the counters of a release are not written: " +
                                written.error().ToString() + "; those of the last second are lost");
    }
  }
}

bool Releases::UnderWay() const {
  return std::any_of(followed_.begin(), followed_.end(), [](const auto& followed) {
    const auto release = followed->controller->Current();
    return release && release->ended_ms == 0;
  });
}

void Releases::Run() {
  for (;;) {
    {
      const auto pause = UnderWay() ? kBusy : kIdle;
      std::unique_lock lock(mutex_.native());
      wake_.wait_for(lock, pause, [&] { return stop_ || begun_; });
      if (stop_) return;
      begun_ = false;
    }
    TickAll();
  }
}

void Releases::TickAll() {
  for (size_t i = 0; i < followed_.size(); ++i) {
    Followed& followed = *followed_[i];
    followed.has_champion = catalog_.Aliases(source_.models[i]).contains("champion");
    const Status ticked = followed.controller->Tick();
    const std::string complaint = ticked ? "" : ticked.error().ToString();
    if (!complaint.empty() && complaint != followed.complaint) {
      Log(LogLevel::kWarning,
          "release of " + source_.models[i] + ": " + complaint + "; tried again until it succeeds");
    }
    followed.complaint = complaint;
  }
}

deploy::ReleaseController* Releases::Deciding(std::string_view model, std::string_view version,
                                              deploy::RouteQuestion* question) const {
  for (size_t i = 0; i < followed_.size(); ++i) {
    if (source_.models[i] != model) continue;
    *question = followed_[i]->controller->Asks();
    if (question->release.empty()) return nullptr;
    const bool meant = version.empty()
                           ? question->alias == "champion" || !followed_[i]->has_champion.load()
                           : version == question->alias;
    return meant ? followed_[i]->controller.get() : nullptr;
  }
  return nullptr;
}

void Releases::Learn(std::span<const serving::Label> labels, std::span<const size_t> first) {
  const bool any = std::any_of(followed_.begin(), followed_.end(), [](const auto& followed) {
    return followed->controller->Current().has_value();
  });
  if (!any) return;
  for (size_t at = 0; at < first.size(); at += kIdsPerQuery) {
    const Status learnt =
        LearnSome(labels, first.subspan(at, std::min(kIdsPerQuery, first.size() - at)));
    if (learnt) continue;
    if (told_.IsDue()) {
      Log(LogLevel::kError, "labels are stored, but not counted by the release under way: " +
                                learnt.error().ToString());
    }
    return;
  }
}

Status Releases::LearnSome(std::span<const serving::Label> labels, std::span<const size_t> some) {
  struct Logged {
    std::string id, model, route, decision;
  };
  std::map<std::string_view, std::string_view> label_of;
  std::vector<store::Param> ids;
  std::string sql =
      "SELECT prediction_id, model, route, decision FROM predictions WHERE prediction_id IN (";
  for (const size_t i : some) {
    sql += ids.empty() ? "?" : ",?";
    ids.emplace_back(labels[i].prediction_id);
    label_of[labels[i].prediction_id] = labels[i].label;
  }
  std::vector<Logged> found;
  QUERN_TRY(database_.Query(sql + ")", ids, [&](const store::Row& row) {
    found.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3)});
  }));
  for (const Logged& prediction : found) {
    const auto logged = deploy::ReadRouteText(prediction.route);
    auto controller = Of(prediction.model);
    if (!logged || prediction.decision.empty() || !controller) continue;
    const bool wrong = !serving::SameLabel(prediction.decision, label_of[prediction.id]);
    (*controller)->ObserveLabel(*logged, wrong);
    QUERN_TRY((*controller)->ObserveReward(*logged, wrong ? 0 : 1));  // of a bandit alone
  }
  return {};
}

bool Releases::Holds(std::string_view model, std::string_view version) const {
  const auto controller = Of(model);
  if (!controller) return false;
  const auto release = (*controller)->Current();
  if (!release) return false;
  // What an abort goes back to, also after the alias has moved.
  if (!release->closed && release->stable == version) return true;
  MutexLock lock(held_mutex_);
  return held_.contains({std::string(model), std::string(version)});
}

Result<deploy::ReleaseController*> Releases::Of(std::string_view model) const {
  const auto found = std::find(source_.models.begin(), source_.models.end(), model);
  if (found != source_.models.end()) {
    return followed_[static_cast<size_t>(found - source_.models.begin())]->controller.get();
  }
  return Fail(Code::kNotFound,
              "this server carries out no releases of a model '" + std::string(model) + "'",
              source_.models.empty() ? "serve a registered model by its name or an alias"
                                     : "it does of " + Join(source_.models, ", "));
}

Result<std::string> Releases::Begin(deploy::NewRelease wanted) {
  QUERN_ASSIGN(deploy::ReleaseController* const controller, Of(wanted.model));
  const auto number = [&](std::string* version) -> Status {
    if (version->empty()) return {};
    QUERN_ASSIGN(const ModelToServe meant, source_.find(wanted.model, *version));
    *version = meant.version;
    return {};
  };
  if (wanted.stable.empty()) wanted.stable = wanted.alias;
  QUERN_TRY(number(&wanted.stable));
  QUERN_TRY(number(&wanted.candidate));
  for (deploy::VersionShare& share : wanted.strategy.versions) QUERN_TRY(number(&share.version));
  if (wanted.strategy.kind == deploy::StrategyKind::kBasic) {
    QUERN_TRY(MayPromote(wanted.model, wanted.alias, wanted.candidate));
  }
  QUERN_ASSIGN(std::string id, controller->Begin(std::move(wanted)));
  QUERN_TRY(controller->Tick());
  {
    MutexLock lock(mutex_);
    begun_ = true;
  }
  wake_.notify_all();
  return id;
}

bool Releases::ServesVersion(const std::string& model, const std::string& version) const {
  const std::vector<std::string> served = catalog_.Versions(model);
  return std::find(served.begin(), served.end(), version) != served.end();
}

Status Releases::Prepare(const std::string& model, const std::string& version) {
  {
    MutexLock lock(held_mutex_);
    held_.insert({model, version});
  }
  // What is in service was loaded and tried when it came.
  if (ServesVersion(model, version)) return {};
  QUERN_ASSIGN(ModelToServe meant, source_.find(model, version));
  meant.name = model;
  meant.aliases.clear();  // they move when the release says so
  return models_.Add(meant);
}

Status Releases::MayPromote(const std::string& model, const std::string& alias,
                            const std::string& version) {
  return source_.may_promote ? source_.may_promote(model, alias, version) : Status();
}

Status Releases::SetAlias(const std::string& model, const std::string& alias,
                          const std::string& version) {
  QUERN_TRY(source_.set_alias(model, alias, version));
  if (!ServesVersion(model, version)) QUERN_TRY(Prepare(model, version));
  return models_.SetAlias(model, alias, version);
}

Status Releases::Retire(const std::string& model, const std::string& version) {
  {
    MutexLock lock(held_mutex_);
    held_.erase({model, version});
  }
  if (source_.fixed.contains({model, version}) || !ServesVersion(model, version)) return {};
  for (const auto& [alias, target] : catalog_.Aliases(model)) {
    if (target == version) return {};
  }
  return models_.Remove(model, version);
}

}  // namespace quern::server
