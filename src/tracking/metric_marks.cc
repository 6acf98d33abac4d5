#include "tracking/metric_marks.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace quern::tracking {

bool Earlier(const Point& a, const Point& b, Along along) {
  const int64_t at_a = PlaceOf(a, along), at_b = PlaceOf(b, along);
  return at_a != at_b ? at_a < at_b : Before(a, b);
}

bool IsOdd(double value) {
  return std::isnan(value) || std::abs(value) >= std::numeric_limits<double>::max();
}

double Marks::mean() const {
  return any() ? static_cast<double>(total / static_cast<long double>(count - odd)) : std::nan("");
}

void Marks::Add(const Point& point, Along along) {
  if (IsOdd(point.value)) {
    if (!first_odd || Earlier(point, *first_odd, along)) first_odd = point;
    ++odd;
  } else {
    Widen(point, point, point, point, along);
    total += point.value;
  }
  ++count;
}

void Marks::Add(const Marks& more, Along along) {
  if (more.first_odd && (!first_odd || Earlier(*more.first_odd, *first_odd, along))) {
    first_odd = more.first_odd;
  }
  if (more.any()) Widen(more.first, more.least, more.greatest, more.last, along);
  count += more.count;
  odd += more.odd;
  total += more.total;
}

void Marks::Widen(const Point& their_first, const Point& their_least, const Point& their_greatest,
                  const Point& their_last, Along along) {
  if (!any()) {
    first = their_first;
    least = their_least;
    greatest = their_greatest;
    last = their_last;
    return;
  }
  if (Earlier(their_first, first, along)) first = their_first;
  if (Earlier(last, their_last, along)) last = their_last;
  const auto replaces = [along](double theirs, double ours, const Point& from, const Point& to) {
    return theirs < ours || (theirs == ours && Earlier(from, to, along));
  };
  if (replaces(their_least.value, least.value, their_least, least)) least = their_least;
  if (replaces(-their_greatest.value, -greatest.value, their_greatest, greatest)) {
    greatest = their_greatest;
  }
}

std::optional<KeptMarks> KeepMarks(std::span<const Point> points) {
  Marks marks;
  const Point* before = nullptr;
  for (const Point& point : points) {
    if (before != nullptr && point.step < before->step) return std::nullopt;
    before = &point;
    marks.Add(point, Along::kTime);
  }
  KeptMarks kept{"", marks.odd, marks.any() ? marks.mean() : 0};
  if (marks.any()) {
    kept.points = EncodeChunk(std::array{marks.first, marks.least, marks.greatest, marks.last});
  } else if (marks.first_odd) {
    kept.points = EncodeChunk(std::array{*marks.first_odd});
  }
  return kept;
}

Result<Marks> ReadMarks(std::string_view bytes, int64_t count, int64_t odd, double mean) {
  QUERN_ASSIGN(const std::vector<Point> four, DecodeChunk(bytes));  // or one that is odd
  Marks marks;
  marks.count = count;
  marks.odd = odd;
  if (four.size() != (count > odd ? 4U : 1U)) {
    return Fail(Code::kDataLoss, "the marks of a chunk of metric values are damaged",
                "restore a backup of the database");
  }
  if (!marks.any()) {
    marks.first_odd = four[0];
    return marks;
  }
  marks.total = static_cast<long double>(mean) * static_cast<long double>(count - odd);
  marks.first = four[0];
  marks.least = four[1];
  marks.greatest = four[2];
  marks.last = four[3];
  return marks;
}

}  // namespace quern::tracking
