#include "model/shapley.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/random.h"

namespace quern::model {
namespace {

/// Mixed rows that are scored together: enough that the call costs little beside them; fewer of
/// wide tables, so that a block stays small.
constexpr size_t kBlockRows = 1024;
constexpr size_t kBlockCells = size_t{1} << 20;
/// Scores that are held until their pieces are added up: many blocks.
constexpr size_t kHeldScores = 16 * kBlockRows;
/// Rows of the background below which nothing is compared, unless there are no more.
constexpr size_t kLeastBackground = 10;
constexpr size_t kLeastPairs = 2;  // to know how much pairs differ
/// A game of more columns is never enumerated, whatever it may cost.
constexpr size_t kMostEnumerated = 24;

/// Coalitions between nobody and everybody, whose scores are known.
size_t CoalitionsOf(size_t players) { return (size_t{1} << players) - 2; }
/// An order gives players - 1 mixed rows, its reverse as many.
size_t PairRows(size_t players) { return 2 * (players - 1); }

/// The game against one row of the background.
struct Match {
  uint32_t background = 0;
  std::vector<uint32_t> players;  // columns that differ
  bool enumerated = true;
  size_t pairs = 0;  // if not

  bool CanEnumerate(size_t evaluations) const {
    return players.size() <= kMostEnumerated && CoalitionsOf(players.size()) <= evaluations;
  }
  size_t Least() const {
    if (players.size() < 2) return 0;
    const size_t sampled = kLeastPairs * PairRows(players.size());
    return CanEnumerate(sampled) ? CoalitionsOf(players.size()) : sampled;
  }
  /// The best that can be had; returns what it costs.
  size_t Plan(size_t evaluations) {
    if (players.size() < 2) return 0;
    enumerated = CanEnumerate(evaluations);
    if (enumerated) return CoalitionsOf(players.size());
    pairs = std::max(kLeastPairs, evaluations / PairRows(players.size()));
    return pairs * PairRows(players.size());
  }
};

/// The games that can be had.
Result<std::vector<Match>> ChooseMatches(const ShapleyGame& game, size_t max_evaluations) {
  std::vector<Match> matches;
  const size_t wanted = std::min(game.background.size(), kLeastBackground);
  size_t least = 0;
  for (uint32_t b = 0; b < game.background.size(); ++b) {
    Match match;
    match.background = b;
    for (uint32_t c = 0; c < game.columns; ++c) {
      if (game.differs[b * game.columns + c] != 0) match.players.push_back(c);
    }
    if (matches.size() >= wanted && least + match.Least() > max_evaluations) break;
    least += match.Least();
    matches.push_back(std::move(match));
  }
  if (least <= max_evaluations) return matches;
  return Fail(Code::kInvalidArgument, "max_evaluations is " + std::to_string(max_evaluations) +
                                          ", but to explain a row takes " + std::to_string(least) +
                                          " at least");
}

/// Divides the evaluations among them. Small ones are planned first: what they leave is for the
/// others.
void PlanMatches(std::vector<Match>& matches, size_t max_evaluations) {
  std::vector<size_t> order(matches.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return matches[a].players.size() < matches[b].players.size();
  });
  size_t spare = max_evaluations;
  for (const Match& match : matches) spare -= match.Least();
  for (size_t i = 0; i < order.size(); ++i) {
    Match& match = matches[order[i]];
    const size_t share = spare / (order.size() - i);
    spare -= match.Plan(match.Least() + share) - match.Least();
  }
}

/// weight[s] = s! (n-1-s)! / n!: of a player who joins s others.
std::vector<double> JoinWeights(size_t players) {
  std::vector<double> weights(players);
  weights[0] = 1.0 / static_cast<double>(players);
  for (size_t s = 1; s < players; ++s) {
    weights[s] = weights[s - 1] * static_cast<double>(s) / static_cast<double>(players - s);
  }
  return weights;
}

/// Collects mixed rows of all games into blocks, and adds up what their scores say.
class Estimator {
 public:
  explicit Estimator(const ShapleyGame& game)
      : game_(game),
        block_rows_(std::clamp<size_t>(kBlockCells / game.columns, 1, kBlockRows)),
        columns_(game.columns) {}

  Status Run(const std::vector<Match>& matches, uint64_t seed) {
    const Rng root(seed);
    for (const Match& match : matches) {
      if (match.players.size() == 1) {
        columns_[match.players[0]].value += game_.score - game_.background[match.background];
      } else if (match.players.size() > 1) {
        QUERN_TRY(match.enumerated ? Enumerate(match) : Sample(match, root.Fork(match.background)));
      }
    }
    return Flush();
  }

  ShapleyValues Finish(const std::vector<Match>& matches) {
    EndPairs();
    ShapleyValues values;
    values.background_rows = matches.size();
    values.evaluations = evaluations_;
    const auto rows = static_cast<double>(matches.size());
    for (const Match& match : matches) {
      values.base_value += game_.background[match.background];
      values.exact = values.exact && match.enumerated;
    }
    values.base_value /= rows;
    for (Contribution& column : columns_) {
      column.value /= rows;
      column.standard_error = std::sqrt(column.standard_error) / rows;  // was a sum of variances
    }
    values.columns = std::move(columns_);
    return values;
  }

 private:
  /// Scores that belong together.
  struct Piece {
    const Match* match = nullptr;
    size_t first_row = 0;
    uint64_t first_mask = 0;      // enumerated: masks from here
    size_t masks = 0;             // how many; 0: a pair
    std::vector<uint32_t> order;  // of a pair: columns as they join
  };
  /// Of the pairs of one game, per column: Welford's mean and sum of squared differences.
  struct PairSums {
    const Match* match = nullptr;
    size_t pairs = 0;
    std::vector<double> mean;
    std::vector<double> squares;
  };

  size_t Held() const { return scores_.size() + background_.size(); }

  /// A row of nobody, to be filled before the next one.
  Result<std::span<uint8_t>> AddRow(const Match& match) {
    if (background_.size() >= block_rows_) QUERN_TRY(ScoreBlock());
    background_.push_back(match.background);
    taken_.resize(taken_.size() + game_.columns, 0);
    return std::span(taken_).last(game_.columns);
  }

  Status Enumerate(const Match& match) {
    const uint64_t end = CoalitionsOf(match.players.size()) + 1;
    for (uint64_t mask = 1; mask < end;) {
      if (Held() >= kHeldScores) QUERN_TRY(Flush());
      Piece piece{&match, Held(), mask, 0, {}};
      piece.masks = std::min<size_t>(end - mask, kBlockRows);
      for (const uint64_t stop = mask + piece.masks; mask < stop; ++mask) {
        QUERN_ASSIGN(const std::span<uint8_t> row, AddRow(match));
        for (size_t i = 0; i < match.players.size(); ++i) {
          row[match.players[i]] = (mask >> i) & 1;
        }
      }
      pieces_.push_back(std::move(piece));
    }
    // Nobody and everybody.
    const std::vector<double> weights = JoinWeights(match.players.size());
    for (uint32_t player : match.players) {
      columns_[player].value +=
          weights.back() * game_.score - weights.front() * game_.background[match.background];
    }
    return {};
  }

  Status Sample(const Match& match, Rng rng) {
    const size_t players = match.players.size();
    for (size_t pair = 0; pair < match.pairs; ++pair) {
      if (Held() >= kHeldScores) QUERN_TRY(Flush());
      Piece piece{&match, Held(), 0, 0, match.players};
      rng.Shuffle(std::span(piece.order));
      for (size_t joined = 1; joined < players; ++joined) {
        QUERN_ASSIGN(const std::span<uint8_t> row, AddRow(match));
        for (size_t i = 0; i < joined; ++i) row[piece.order[i]] = 1;
      }
      for (size_t joined = 1; joined < players; ++joined) {
        QUERN_ASSIGN(const std::span<uint8_t> row, AddRow(match));
        for (size_t i = 0; i < joined; ++i) row[piece.order[players - 1 - i]] = 1;
      }
      pieces_.push_back(std::move(piece));
    }
    return {};
  }

  Status ScoreBlock() {
    if (background_.empty()) return {};
    const size_t before = scores_.size();
    scores_.resize(before + background_.size());
    QUERN_TRY(game_.evaluate({background_, taken_}, std::span(scores_).subspan(before)));
    evaluations_ += background_.size();
    background_.clear();
    taken_.clear();
    return {};
  }

  /// Between pieces: scores what is left and adds all of it up.
  Status Flush() {
    QUERN_TRY(ScoreBlock());
    for (const Piece& piece : pieces_) piece.masks > 0 ? AddMasks(piece) : AddPair(piece);
    scores_.clear();
    pieces_.clear();
    return {};
  }

  void AddMasks(const Piece& piece) {
    const std::vector<uint32_t>& players = piece.match->players;
    const std::vector<double> weights = JoinWeights(players.size());
    for (size_t m = 0; m < piece.masks; ++m) {
      const uint64_t mask = piece.first_mask + m;
      const double score = scores_[piece.first_row + m];
      const auto size = static_cast<size_t>(__builtin_popcountll(mask));
      for (size_t i = 0; i < players.size(); ++i) {
        const bool in = ((mask >> i) & 1) != 0;
        columns_[players[i]].value += in ? weights[size - 1] * score : -weights[size] * score;
      }
    }
  }

  void AddPair(const Piece& piece) {
    if (pairs_.match != piece.match) {
      EndPairs();
      pairs_ = {piece.match, 0, std::vector<double>(game_.columns),
                std::vector<double>(game_.columns)};
    }
    ++pairs_.pairs;
    const size_t players = piece.order.size();
    const double nobody = game_.background[piece.match->background];
    const double* forth = &scores_[piece.first_row];
    const double* back = forth + (players - 1);
    const auto step = [&](const double* walk, size_t i) {
      return (i + 1 < players ? walk[i] : game_.score) - (i > 0 ? walk[i - 1] : nobody);
    };
    for (size_t i = 0; i < players; ++i) {
      const double value = (step(forth, i) + step(back, players - 1 - i)) / 2;
      double& mean = pairs_.mean[piece.order[i]];
      const double off = value - mean;
      mean += off / static_cast<double>(pairs_.pairs);
      pairs_.squares[piece.order[i]] += off * (value - mean);
    }
  }

  void EndPairs() {
    if (pairs_.match == nullptr) return;
    const auto pairs = static_cast<double>(pairs_.pairs);
    for (uint32_t column : pairs_.match->players) {
      columns_[column].value += pairs_.mean[column];
      columns_[column].standard_error += pairs_.squares[column] / (pairs - 1) / pairs;
    }
    pairs_.match = nullptr;
  }

  const ShapleyGame& game_;
  const size_t block_rows_;
  std::vector<Contribution> columns_;  // sums over the games; standard_error of variances
  std::vector<uint32_t> background_;   // the block that is being filled
  std::vector<uint8_t> taken_;
  std::vector<double> scores_;  // of the blocks before it
  std::vector<Piece> pieces_;
  PairSums pairs_;
  size_t evaluations_ = 0;
};

}  // namespace

Result<ShapleyValues> EstimateShapley(const ShapleyGame& game, const ShapleyOptions& options) {
  if (game.background.empty() || game.columns == 0) {
    return Fail(Code::kInvalidArgument, "an explanation needs columns, and rows to compare with");
  }
  QUERN_ASSIGN(std::vector<Match> matches, ChooseMatches(game, options.max_evaluations));
  PlanMatches(matches, options.max_evaluations);
  Estimator estimator(game);
  QUERN_TRY(estimator.Run(matches, options.seed));
  return estimator.Finish(matches);
}

}  // namespace quern::model
