#include "deploy/store_orders.h"

#include "base/ids.h"

namespace quern::deploy {
namespace {

/// A server may write its counters at the same moment: so often the order is given again.
constexpr int kAttempts = 6;

}  // namespace

Result<StoredRelease> StoreOrders::Find(const std::string& model, const std::string& id) {
  if (!id.empty()) return releases_.Get(id);
  QUERN_ASSIGN(auto open, releases_.Unfinished(model));
  if (open) return std::move(*open);
  QUERN_ASSIGN(auto newest, releases_.List(model, 1));
  if (!newest.empty()) return std::move(newest[0]);
  return Fail(Code::kNotFound, "model '" + model + "' has had no release",
              "`quern deploy begin` starts one");
}

Result<Ordered> StoreOrders::Order(const std::string& model, const std::string& id,
                                   const Command& order) {
  for (int attempt = 1;; ++attempt) {
    QUERN_ASSIGN(const StoredRelease stored, Find(model, id));
    QUERN_ASSIGN(const Transition next, Advance(stored.release, order, clock_.NowMs()));
    if (order.kind == CommandKind::kPromote) {
      QUERN_TRY(registry_.may_promote(next.release.model, next.release.alias, next.release.winner));
    }
    auto saved = releases_.Save(stored, next);
    if (!saved && saved.error().code == Code::kAborted && attempt < kAttempts) continue;
    if (!saved) return std::unexpected(saved.error());
    return Ordered{std::move(*saved), next.audit->sentence};
  }
}

Status StoreOrders::EndHold(const std::string& model, const std::string& actor) {
  QUERN_ASSIGN(const auto open, releases_.Unfinished(model));
  if (!open || open->release.phase != Phase::kPromoted) return {};
  Command finish;
  finish.kind = CommandKind::kFinish;
  finish.actor = actor;
  QUERN_TRY(Order(model, open->release.id, finish));
  return {};
}

Result<StoredRelease> StoreOrders::Begin(NewRelease wanted) {
  const auto number = [&](std::string* version) -> Status {
    QUERN_ASSIGN(*version, registry_.number(wanted.model, *version));
    return {};
  };
  wanted.id = NewUuid7(clock_);
  QUERN_TRY(number(&wanted.stable));
  if (!wanted.candidate.empty()) QUERN_TRY(number(&wanted.candidate));
  for (VersionShare& share : wanted.strategy.versions) QUERN_TRY(number(&share.version));
  QUERN_ASSIGN(const Transition begun, deploy::Begin(wanted, clock_.NowMs()));
  if (wanted.strategy.kind == StrategyKind::kBasic) {
    QUERN_TRY(registry_.may_promote(wanted.model, wanted.alias, wanted.candidate));
  }
  QUERN_TRY(EndHold(wanted.model, wanted.actor));
  return releases_.Create(begun);
}

}  // namespace quern::deploy
