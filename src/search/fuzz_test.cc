// Random changes of the filters under tests/fuzz/filter: none crashes, and what is taken is SQL
// that the databases prepare. The same changes in every run.
#include "base/fuzz_test.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "search/test_store.h"

namespace quern::search {
namespace {

constexpr int kMutations = 20'000;

/// Whole filters of the corpus, joined and nested at random: mostly sound ones.
std::string Composed(const std::vector<std::string>& corpus, Rng& rng) {
  std::string text = corpus[rng.Below(corpus.size())];
  for (uint64_t more = rng.Below(4); more > 0; --more) {
    if (rng.Below(2) == 0) text = (rng.Below(2) == 0 ? "NOT (" : "(") + text + ")";
    text += (rng.Below(2) == 0 ? " AND " : " OR ") + corpus[rng.Below(corpus.size())];
  }
  return text;
}

const std::vector<std::string> kPieces = {
    " AND ", " OR ", " NOT ", "(",        ")",       "'",     "\"",       "`",   ".",
    " IN (", " IS ", "NULL",  " LIKE ",   "ILIKE",   "min(",  "count(",   "=",   "!=",
    ">=",    "-",    "1e999", "metrics.", "params.", "tags.", "dataset.", ",",   "%",
    "ä",     "\xff", "\n",    "0.5",      "status",  "name",  "''",       "'x'", "loss"};

}  // namespace

TEST_CASE("no filter crashes, and every filter that is taken is SQL") {
  TestStore store;
  const std::vector<std::string> corpus = testing::Corpus(QUERN_SOURCE_DIR, "filter");
  const Entity* entities[] = {&Runs(), &Experiments(), &RegisteredModels(), &ModelVersions(),
                              &LoggedModels()};
  const std::vector<std::string> orders = {
      "metrics.loss DESC", "tags.`a b` asc", "start_time",
      "min(metrics.x)",    "name",           "attribute.experiment_id"};
  Rng rng(20'251);
  int taken = 0;
  for (int i = 0; i < kMutations; ++i) {
    Request request;
    request.filter =
        rng.Below(4) == 0 ? Composed(corpus, rng) : testing::Mutated(corpus, kPieces, rng);
    if (rng.Below(8) == 0) request.order_by = {testing::Mutated(orders, kPieces, rng)};
    const Entity& entity = *entities[rng.Below(3) == 0 ? rng.Below(5) : 0];
    const auto query = Compile(entity, request, store.db().dialect());
    if (!query) {
      const Error& error = query.error();
      if (error.code == Code::kInvalidArgument && !FindInvalidUtf8(error.message) &&
          error.message.size() < 1000) {
        continue;
      }
      CAPTURE(request.filter);
      FAIL_CHECK(error.message);
      continue;
    }
    ++taken;
    for (const Few few : {Few{0}, Few{1'000'000}}) {
      const auto run = ReadPage(store.db(), *query, "1", 1, {}, 5, [](const store::Row&) {}, few);
      if (run) continue;
      CAPTURE(request.filter);
      FAIL_CHECK(run.error().message);
    }
  }
  CHECK(taken > kMutations / 20);
  CHECK(taken < kMutations);
}

TEST_CASE("no page token crashes") {
  Request request;
  request.order_by = {"metrics.m", "tags.t DESC"};
  const Query query = Compile(Runs(), request, Dialect::kSqlite).value();
  const std::string token =
      NextToken(query, {1.5, int64_t{0}, std::string("ä"), int64_t{10}, std::string("id")});
  Rng rng(3);
  for (int i = 0; i < 5'000; ++i) {
    request.page_token = token;
    for (uint64_t changes = 1 + rng.Below(3); changes > 0; --changes) {
      const size_t at = rng.Below(request.page_token.size());
      request.page_token[at] = static_cast<char>(rng.Below(256));
    }
    const auto compiled = Compile(Runs(), request, Dialect::kSqlite);
    if (compiled || compiled.error().code == Code::kInvalidArgument) continue;
    FAIL_CHECK(compiled.error().message);
  }
}

}  // namespace quern::search
