#pragma once
// What every operation on single values means; folding of constants and the program share it.
#include <cmath>
#include <cstdint>
#include <limits>

#include "model/terms.h"

namespace quern::model {

/// Integers wrap around; a division by zero gives 0, so that no model can stop the process.
struct Wrapping {
  static int64_t Of(uint64_t value) { return static_cast<int64_t>(value); }
  static uint64_t U(int64_t value) { return static_cast<uint64_t>(value); }
  static int64_t Div(int64_t a, int64_t b) {
    if (b == 0) return 0;
    return b == -1 ? Of(-U(a)) : a / b;
  }
  /// The sign of the divisor, as ONNX has it.
  static int64_t Mod(int64_t a, int64_t b) {
    if (b == 0 || b == -1) return 0;
    const int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
};

/// NaN wins, as in ONNX Runtime.
template <class T>
T LessOf(T a, T b) {
  return a < b || a != a ? a : b;
}
template <class T>
T MoreOf(T a, T b) {
  return a > b || a != a ? a : b;
}

template <class T>
T Logistic(T x) {
  return 1 / (1 + std::exp(-x));
}

/// Calls `visit` with the function of two numbers that `op` means; false if it is none.
template <class T, class Visit>
bool VisitArithmetic(Op op, Visit&& visit) {
  constexpr bool kWhole = std::is_same_v<T, int64_t>;
  using W = Wrapping;
  switch (op) {
    case Op::kAdd:
      if constexpr (kWhole)
        visit([](T a, T b) { return W::Of(W::U(a) + W::U(b)); });
      else
        visit([](T a, T b) { return a + b; });
      return true;
    case Op::kSub:
      if constexpr (kWhole)
        visit([](T a, T b) { return W::Of(W::U(a) - W::U(b)); });
      else
        visit([](T a, T b) { return a - b; });
      return true;
    case Op::kMul:
      if constexpr (kWhole)
        visit([](T a, T b) { return W::Of(W::U(a) * W::U(b)); });
      else
        visit([](T a, T b) { return a * b; });
      return true;
    case Op::kDiv:
      if constexpr (kWhole)
        visit([](T a, T b) { return W::Div(a, b); });
      else
        visit([](T a, T b) { return a / b; });
      return true;
    case Op::kMod:
      if constexpr (kWhole)
        visit([](T a, T b) { return W::Mod(a, b); });
      else
        visit([](T a, T b) { return std::fmod(a, b); });
      return true;
    case Op::kPow:
      if constexpr (kWhole)
        return false;
      else
        visit([](T a, T b) { return std::pow(a, b); });
      return true;
    case Op::kMin:
      visit([](T a, T b) { return b != b ? b : LessOf(a, b); });
      return true;
    case Op::kMax:
      visit([](T a, T b) { return b != b ? b : MoreOf(a, b); });
      return true;
    default:
      return false;
  }
}

/// Likewise of one number.
template <class T, class Visit>
bool VisitUnary(Op op, Visit&& visit) {
  constexpr bool kWhole = std::is_same_v<T, int64_t>;
  if (op == Op::kCopy) {
    visit([](T a) { return a; });
    return true;
  }
  if constexpr (kWhole) {
    if (op == Op::kNeg) visit([](T a) { return Wrapping::Of(-Wrapping::U(a)); });
    if (op == Op::kAbs) visit([](T a) { return a < 0 ? Wrapping::Of(-Wrapping::U(a)) : a; });
    if (op == Op::kNot) visit([](T a) { return T{a == 0}; });
    return op == Op::kNeg || op == Op::kAbs || op == Op::kNot;
  } else {
    switch (op) {
      case Op::kNeg:
        visit([](T a) { return -a; });
        return true;
      case Op::kAbs:
        visit([](T a) { return std::abs(a); });
        return true;
      case Op::kFloor:
        visit([](T a) { return std::floor(a); });
        return true;
      case Op::kCeil:
        visit([](T a) { return std::ceil(a); });
        return true;
      case Op::kRound:
        visit([](T a) { return std::nearbyint(a); });
        return true;
      case Op::kSqrt:
        visit([](T a) { return std::sqrt(a); });
        return true;
      case Op::kExp:
        visit([](T a) { return std::exp(a); });
        return true;
      case Op::kLog:
        visit([](T a) { return std::log(a); });
        return true;
      case Op::kTanh:
        visit([](T a) { return std::tanh(a); });
        return true;
      case Op::kErf:
        visit([](T a) { return std::erf(a); });
        return true;
      case Op::kLogistic:
        visit([](T a) { return Logistic(a); });
        return true;
      default:
        return false;
    }
  }
}

/// Comparisons and logic: 0 or 1 of two values.
template <class T, class Visit>
bool VisitCompare(Op op, Visit&& visit) {
  switch (op) {
    case Op::kEqual:
      visit([](const T& a, const T& b) { return int64_t{a == b}; });
      return true;
    case Op::kLess:
      visit([](const T& a, const T& b) { return int64_t{a < b}; });
      return true;
    case Op::kLessEqual:
      visit([](const T& a, const T& b) { return int64_t{a <= b}; });
      return true;
    default:
      break;
  }
  if constexpr (std::is_same_v<T, int64_t>) {
    if (op == Op::kAnd) visit([](T a, T b) { return a & b; });
    if (op == Op::kOr) visit([](T a, T b) { return a | b; });
    if (op == Op::kXor) visit([](T a, T b) { return a ^ b; });
    return op == Op::kAnd || op == Op::kOr || op == Op::kXor;
  }
  return false;
}

/// Tests of one number: 0 or 1.
template <class T, class Visit>
bool VisitTest(Op op, Visit&& visit) {
  constexpr T kInf = std::numeric_limits<T>::infinity();
  switch (op) {
    case Op::kIsNaN:
      visit([](T a) { return int64_t{a != a}; });
      return true;
    case Op::kIsPositiveInf:
      visit([](T a) { return int64_t{a == kInf}; });
      return true;
    case Op::kIsNegativeInf:
      visit([](T a) { return int64_t{a == -kInf}; });
      return true;
    case Op::kTruth:
      visit([](T a) { return int64_t{a != 0}; });
      return true;
    default:
      return false;
  }
}

/// Numbers between banks. Out of range and NaN, which C++ leaves open, become the least integer, as
/// the processor does.
template <class To, class From>
To Convert(From value) {
  if constexpr (std::is_same_v<To, int64_t> && !std::is_same_v<From, int64_t>) {
    constexpr From kEnd = static_cast<From>(9223372036854775808.0);
    if (!(value >= -kEnd && value < kEnd)) return std::numeric_limits<int64_t>::min();
  }
  return static_cast<To>(value);
}

inline float RoundUp(double value) {
  const float rounded = static_cast<float>(value);
  return static_cast<double>(rounded) < value
             ? std::nextafter(rounded, std::numeric_limits<float>::infinity())
             : rounded;
}

/// kNumeric of one value.
template <class T>
struct NumericOf {
  T impute, low, high, offset, scale;
  explicit NumericOf(const NumericStep& s)
      : impute(static_cast<T>(s.impute)),
        low(static_cast<T>(s.low)),
        high(static_cast<T>(s.high)),
        offset(static_cast<T>(s.offset)),
        scale(static_cast<T>(s.scale)) {}
  T Centre(T x) const {
    x = x != x ? impute : x;
    x = x < low ? low : x;
    x = x > high ? high : x;
    return x - offset;
  }
};

}  // namespace quern::model
