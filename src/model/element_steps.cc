// The loops of steps on single values: over items for one row, else over the rows of each item.
#include <algorithm>
#include <bit>
#include <cmath>

#include "model/program.h"
#include "model/scalar_ops.h"

namespace quern::model {
namespace {

template <class To, class From, class F>
void Each(const ElementStep& step, const Registers& registers, F f) {
  To* out = registers.Bank<To>();
  const From* in = registers.Bank<From>();
  if (registers.stride == 1) {
    for (const Item& item : step.items) out[item.out] = f(in[item.a]);
    return;
  }
  for (const Item& item : step.items) {
    To* to = out + item.out * registers.stride;
    const From* a = in + item.a * registers.stride;
    for (size_t r = 0; r < registers.rows; ++r) to[r] = f(a[r]);
  }
}

template <class To, class From, class F>
void Each2(const ElementStep& step, const Registers& registers, F f) {
  To* out = registers.Bank<To>();
  const From* in = registers.Bank<From>();
  if (registers.stride == 1) {
    for (const Item& item : step.items) out[item.out] = f(in[item.a], in[item.b]);
    return;
  }
  for (const Item& item : step.items) {
    To* to = out + item.out * registers.stride;
    const From* a = in + item.a * registers.stride;
    const From* b = in + item.b * registers.stride;
    for (size_t r = 0; r < registers.rows; ++r) to[r] = f(a[r], b[r]);
  }
}

template <class T>
void Where(const ElementStep& step, const Registers& registers) {
  T* all = registers.Bank<T>();
  for (const Item& item : step.items) {
    const int64_t* condition = registers.integers + item.a * registers.stride;
    const T* yes = all + item.b * registers.stride;
    const T* no = all + item.c * registers.stride;
    T* to = all + item.out * registers.stride;
    for (size_t r = 0; r < registers.rows; ++r) to[r] = condition[r] != 0 ? yes[r] : no[r];
  }
}

template <class T>
void Numeric(const ElementStep& step, const Registers& registers) {
  T* all = registers.Bank<T>();
  for (size_t i = 0; i < step.items.size(); ++i) {
    const NumericOf<T> numeric(step.numeric[i]);
    const T* a = all + step.items[i].a * registers.stride;
    T* to = all + step.items[i].out * registers.stride;
    if (step.numeric[i].multiplies) {
      for (size_t r = 0; r < registers.rows; ++r) to[r] = numeric.Centre(a[r]) * numeric.scale;
    } else {
      for (size_t r = 0; r < registers.rows; ++r) to[r] = numeric.Centre(a[r]) / numeric.scale;
    }
  }
}

template <class From>
void CastFrom(const ElementStep& step, const Registers& registers) {
  switch (step.to) {
    case Bank::kDouble:
      return Each<double, From>(step, registers, [](From x) { return Convert<double>(x); });
    case Bank::kFloat:
      return Each<float, From>(step, registers, [](From x) { return Convert<float>(x); });
    default:
      return Each<int64_t, From>(step, registers, [](From x) { return Convert<int64_t>(x); });
  }
}

template <class T>
void Run(const ElementStep& step, const Registers& registers) {
  switch (step.op) {
    case Op::kWhere:
      return Where<T>(step, registers);
    case Op::kCast:
      return CastFrom<T>(step, registers);
    case Op::kNumeric:
      if constexpr (!std::is_same_v<T, int64_t>) Numeric<T>(step, registers);
      return;
    case Op::kRoundUp:
      if constexpr (std::is_same_v<T, double>) Each<float, double>(step, registers, RoundUp);
      return;
    default:
      break;
  }
  VisitUnary<T>(step.op, [&](auto f) { Each<T, T>(step, registers, f); }) ||
      VisitTest<T>(step.op, [&](auto f) { Each<int64_t, T>(step, registers, f); }) ||
      VisitArithmetic<T>(step.op, [&](auto f) { Each2<T, T>(step, registers, f); }) ||
      VisitCompare<T>(step.op, [&](auto f) { Each2<int64_t, T>(step, registers, f); });
}

template <class T>
void TakeFrom(const std::vector<T>& list, const TakeStep& step, const Registers& registers) {
  using Kept = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;
  Kept* out = registers.Bank<Kept>();
  for (const Item& item : step.items) {
    const int64_t* index = registers.integers + item.a * registers.stride;
    Kept* to = out + item.out * registers.stride;
    for (size_t r = 0; r < registers.rows; ++r) {
      // Negative indices count from the end.
      auto at = static_cast<size_t>(index[r] < 0 ? index[r] + static_cast<int64_t>(list.size())
                                                 : index[r]);
      if (at >= list.size()) at = 0;
      to[r] = list[at];
    }
  }
}

size_t Hash(std::string_view text) {
  uint64_t hash = 0x9E3779B97F4A7C15U ^ text.size();
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3U;
  return hash ^ (hash >> 29);
}

/// Equal floats have equal keys: -0 is 0.
int64_t KeyOf(float value) { return std::bit_cast<int32_t>(value == 0 ? 0.0F : value); }

}  // namespace

void RunElements(const ElementStep& step, const Registers& registers) {
  switch (step.from) {
    case Bank::kDouble:
      return Run<double>(step, registers);
    case Bank::kFloat:
      return Run<float>(step, registers);
    case Bank::kInteger:
      return Run<int64_t>(step, registers);
    case Bank::kText:
      break;
  }
  using Text = std::string_view;
  if (step.op == Op::kWhere) return Where<Text>(step, registers);
  if (step.op == Op::kCopy) return Each<Text, Text>(step, registers, [](Text x) { return x; });
  VisitCompare<Text>(step.op, [&](auto f) { Each2<int64_t, Text>(step, registers, f); });
}

void RunTake(const TakeStep& step, const Registers& registers) {
  std::visit([&](const auto& list) { TakeFrom(list, step, registers); }, step.list);
}

LookupStep::LookupStep(const LookupTable& table, Bank from) : from_(from), values_(table.values) {
  const size_t count = std::visit([](const auto& keys) { return keys.size(); }, table.keys);
  std::visit(
      [&](auto& values) {
        values.push_back(std::get<std::decay_t<decltype(values)>>(table.fallback).front());
      },
      values_);
  none_ = nan_ = static_cast<uint32_t>(count);
  if (const auto* texts = std::get_if<std::vector<std::string>>(&table.keys)) {
    texts_ = *texts;
    slots_.assign(std::bit_ceil(2 * count + 1), 0);
    for (size_t i = 0; i < count; ++i) {
      size_t at = Hash(texts_[i]) & (slots_.size() - 1);
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<uint32_t>(i + 1);
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    const auto place = static_cast<uint32_t>(i);
    if (const auto* floats = std::get_if<std::vector<float>>(&table.keys)) {
      if (std::isnan((*floats)[i])) {
        nan_ = place;
      } else {
        integers_.emplace_back(KeyOf((*floats)[i]), place);
      }
    } else if (const auto* whole = std::get_if<std::vector<int64_t>>(&table.keys)) {
      integers_.emplace_back((*whole)[i], place);
    }
  }
  std::sort(integers_.begin(), integers_.end());
  if (!integers_.empty()) {
    dense_from_ = integers_.front().first;
    const auto span =
        static_cast<uint64_t>(integers_.back().first) - static_cast<uint64_t>(dense_from_);
    dense_ = from == Bank::kInteger && span == integers_.size() - 1;
  }
}

size_t LookupStep::Find(std::string_view key) const {
  size_t at = Hash(key) & (slots_.size() - 1);
  while (slots_[at] != 0) {
    if (texts_[slots_[at] - 1] == key) return slots_[at] - 1;
    at = (at + 1) & (slots_.size() - 1);
  }
  return none_;
}

size_t LookupStep::Find(int64_t key) const {
  if (dense_) {
    const uint64_t at = static_cast<uint64_t>(key) - static_cast<uint64_t>(dense_from_);
    return at < integers_.size() ? integers_[at].second : none_;
  }
  const auto found =
      std::lower_bound(integers_.begin(), integers_.end(), std::pair<int64_t, uint32_t>(key, 0));
  return found != integers_.end() && found->first == key ? found->second : none_;
}

size_t LookupStep::Find(float key) const { return std::isnan(key) ? nan_ : Find(KeyOf(key)); }

void LookupStep::Run(const Registers& registers) const {
  const auto each = [&](const auto* in) {
    std::visit(
        [&](const auto& values) {
          using T = typename std::decay_t<decltype(values)>::value_type;
          using Kept = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;
          Kept* out = registers.Bank<Kept>();
          for (const Item& item : items) {
            for (size_t r = 0; r < registers.rows; ++r) {
              out[item.out * registers.stride + r] =
                  values[Find(in[item.a * registers.stride + r])];
            }
          }
        },
        values_);
  };
  switch (from_) {
    case Bank::kText:
      return each(registers.texts);
    case Bank::kInteger:
      return each(registers.integers);
    case Bank::kFloat:
      return each(registers.floats);
    case Bank::kDouble:
      return;  // refused by the compiler
  }
}

}  // namespace quern::model
