#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "ml/search.h"
#include "ml/search/parzen.h"

namespace quern::ml {
namespace {

constexpr size_t kStartup = 10;
constexpr size_t kCandidates = 24;

/// A space with its dimensions, and the way from parameters to points and back.
class Layout {
 public:
  explicit Layout(Space space) : space_(std::move(space)) {
    for (const auto& [name, range] : space_) dimensions_.emplace_back(range);
  }

  const std::vector<Dimension>& dimensions() const { return dimensions_; }

  Params ToParams(const Point& point) const {
    Params params;
    size_t d = 0;
    for (const auto& [name, range] : space_) {
      const double value = point[d++];
      if (range.kind == Range::Kind::kChoice) {
        params[name] = range.choices[static_cast<size_t>(value)];
      } else {
        params[name] = value;
      }
    }
    return params;
  }

  /// The trial's point; false if it lacks a parameter or has a choice that the space has not.
  bool ToPoint(const Params& params, Point& point) const {
    point.clear();
    for (const auto& [name, range] : space_) {
      const auto found = params.find(name);
      if (found == params.end()) return false;
      if (range.kind == Range::Kind::kChoice) {
        const auto at = std::find(range.choices.begin(), range.choices.end(), found->second);
        if (at == range.choices.end()) return false;
        point.push_back(static_cast<double>(at - range.choices.begin()));
      } else if (const double* number = std::get_if<double>(&found->second)) {
        point.push_back(std::clamp(*number, range.low, range.high));
      } else {
        return false;
      }
    }
    return true;
  }

  Params Random(Rng rng) const {
    Point point;
    for (const Dimension& dimension : dimensions_) point.push_back(SampleUniform(dimension, rng));
    return ToParams(point);
  }

 private:
  Space space_;
  std::vector<Dimension> dimensions_;
};

class RandomSampler : public Sampler {
 public:
  RandomSampler(Space space, uint64_t seed) : layout_(std::move(space)), rng_(seed) {}
  Params Suggest(const std::vector<Trial>&, uint64_t number) const override {
    return layout_.Random(rng_.Fork(number));
  }

 private:
  Layout layout_;
  Rng rng_;
};

class TpeSampler : public Sampler {
 public:
  TpeSampler(Space space, uint64_t seed, bool maximize)
      : layout_(std::move(space)), rng_(seed), maximize_(maximize) {}

  Params Suggest(const std::vector<Trial>& history, uint64_t number) const override {
    Rng rng = rng_.Fork(number);
    std::vector<Point> below, above;
    if (!Divide(history, below, above)) return layout_.Random(rng);
    const ParzenEstimator good(layout_.dimensions(), below);
    const ParzenEstimator bad(layout_.dimensions(), above);
    Point best;
    double best_gain = -std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < kCandidates; ++i) {
      Point point = good.Sample(rng);
      const double gain = good.LogDensity(point) - bad.LogDensity(point);
      if (best.empty() || gain > best_gain) {
        best = std::move(point);
        best_gain = gain;
      }
    }
    return layout_.ToParams(best);
  }

 private:
  /// The best tenth (at most 25) against the rest and the running ones; false while starting up.
  bool Divide(const std::vector<Trial>& history, std::vector<Point>& below,
              std::vector<Point>& above) const {
    std::vector<const Trial*> done;
    for (const Trial& trial : history)
      if (trial.state == Trial::State::kDone && !std::isnan(trial.value)) done.push_back(&trial);
    if (done.size() < kStartup || layout_.dimensions().empty()) return false;
    std::stable_sort(done.begin(), done.end(), [&](const Trial* a, const Trial* b) {
      return maximize_ ? a->value > b->value : a->value < b->value;
    });
    const size_t n_below = std::min<size_t>((done.size() + 9) / 10, 25);
    const std::vector<const Trial*> best(done.begin(), done.begin() + static_cast<long>(n_below));
    Point point;
    for (const Trial& trial : history) {
      if (trial.state == Trial::State::kFailed) continue;
      if (trial.state == Trial::State::kDone && std::isnan(trial.value)) continue;
      if (!layout_.ToPoint(trial.params, point)) continue;
      const bool good = std::find(best.begin(), best.end(), &trial) != best.end();
      (good ? below : above).push_back(point);
    }
    return true;
  }

  Layout layout_;
  Rng rng_;
  bool maximize_;
};

}  // namespace

Result<std::unique_ptr<Sampler>> MakeSampler(std::string_view name, Space space, uint64_t seed,
                                             bool maximize) {
  if (name == "random") return std::unique_ptr<Sampler>(new RandomSampler(std::move(space), seed));
  if (name == "tpe")
    return std::unique_ptr<Sampler>(new TpeSampler(std::move(space), seed, maximize));
  const std::vector<std::string> known{"random", "tpe"};
  return Fail(Code::kInvalidArgument, "no sampler '" + std::string(name) + "'",
              SuggestName(name, known));
}

std::vector<Trial> SuggestBatch(const Sampler& sampler, const std::vector<Trial>& history,
                                size_t count) {
  std::vector<Trial> all = history;
  const uint64_t first = history.empty() ? 0 : history.back().number + 1;
  for (size_t i = 0; i < count; ++i) {
    Trial trial;
    trial.number = first + i;
    trial.params = sampler.Suggest(all, trial.number);
    all.push_back(std::move(trial));
  }
  return {all.end() - static_cast<ptrdiff_t>(count), all.end()};
}

}  // namespace quern::ml
