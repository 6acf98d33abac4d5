// Random changes of the filters under tests/fuzz/filter: none crashes, and what is taken is SQL
// that the databases prepare. The same changes in every run.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/random.h"
#include "base/text.h"
#include "search/test_store.h"

namespace quern::search {
namespace {

constexpr const char* kFolder = QUERN_SOURCE_DIR "/tests/fuzz/filter";
constexpr int kMutations = 20'000;

std::vector<std::string> Corpus() {
  std::vector<std::string> filters;
  const auto names = RealFs().List(kFolder);
  REQUIRE(names.has_value());
  for (const std::string& name : *names) {
    const auto text = RealFs().Read(JoinPath(kFolder, name));
    REQUIRE(text.has_value());
    filters.push_back(*text);
  }
  return filters;
}

/// Whole filters of the corpus, joined and nested at random: mostly sound ones.
std::string Composed(const std::vector<std::string>& corpus, Rng& rng) {
  std::string text = corpus[rng.Below(corpus.size())];
  for (uint64_t more = rng.Below(4); more > 0; --more) {
    if (rng.Below(2) == 0) text = (rng.Below(2) == 0 ? "NOT (" : "(") + text + ")";
    text += (rng.Below(2) == 0 ? " AND " : " OR ") + corpus[rng.Below(corpus.size())];
  }
  return text;
}

std::string Mutated(const std::vector<std::string>& corpus, Rng& rng) {
  static const std::vector<std::string> kPieces = {
      " AND ", " OR ", " NOT ", "(",        ")",       "'",     "\"",       "`",   ".",
      " IN (", " IS ", "NULL",  " LIKE ",   "ILIKE",   "min(",  "count(",   "=",   "!=",
      ">=",    "-",    "1e999", "metrics.", "params.", "tags.", "dataset.", ",",   "%",
      "ä",     "\xff", "\n",    "0.5",      "status",  "name",  "''",       "'x'", "loss"};
  std::string text = corpus[rng.Below(corpus.size())];
  for (uint64_t changes = 1 + rng.Below(3); changes > 0; --changes) {
    const size_t at = rng.Below(text.size() + 1);
    switch (rng.Below(6)) {
      case 0:
        text.insert(at, kPieces[rng.Below(kPieces.size())]);
        break;
      case 1:
        text.erase(at, 1 + rng.Below(8));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(rng.Below(256));
        break;
      case 3: {
        // A word of another filter in place of one.
        const std::string& other = corpus[rng.Below(corpus.size())];
        const auto words = Split(other, ' ');
        const size_t end = std::min(text.find(' ', at), text.size());
        text.replace(at, end - at, words[rng.Below(words.size())]);
        break;
      }
      case 4:
        text.insert(at, text.substr(rng.Below(text.size() + 1), rng.Below(40)));
        break;
      default: {
        const std::string& other = corpus[rng.Below(corpus.size())];
        text = text.substr(0, at) + other.substr(rng.Below(other.size() + 1));
      }
    }
  }
  return text;
}

}  // namespace

TEST_CASE("no filter crashes, and every filter that is taken is SQL") {
  TestStore store;
  const std::vector<std::string> corpus = Corpus();
  REQUIRE(corpus.size() > 10);
  const Entity* entities[] = {&Runs(), &Experiments(), &RegisteredModels(), &ModelVersions(),
                              &LoggedModels()};
  const std::vector<std::string> orders = {
      "metrics.loss DESC", "tags.`a b` asc", "start_time",
      "min(metrics.x)",    "name",           "attribute.experiment_id"};
  Rng rng(20'251);
  int taken = 0;
  for (int i = 0; i < kMutations; ++i) {
    Request request;
    request.filter = rng.Below(4) == 0 ? Composed(corpus, rng) : Mutated(corpus, rng);
    if (rng.Below(8) == 0) request.order_by = {Mutated(orders, rng)};
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
