#include "server/mlflow/render_points.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "serving/json_text.h"

namespace quern::server::mlflow {
namespace {

/// What a double (24 characters) and two integers (20 each) take at most, and some.
constexpr size_t kNumbers = 80;

/// A place in a text that is long enough.
struct Cursor {
  char* at;
  void Put(std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  }
  template <class Number>
  void Put(Number value) {
    at = std::to_chars(at, at + kNumbers, value).ptr;
  }
  void PutDouble(double value, std::string_view quote) {
    if (std::isfinite(value)) return Put(value);
    Put(quote);
    Put(std::string_view(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"));
    Put(quote);
  }
};

/// Calls `put(Cursor&, const Point&)` per point; one takes `size` characters at most besides its
/// numbers.
template <class Put>
void AppendEach(std::string* out, std::span<const tracking::Point> points, size_t size, Put put) {
  const size_t most = size + kNumbers + 1;
  bool comma = !out->empty() && out->back() != '[';
  // In steps: a text is not made longer than it needs to be by more than one of them.
  constexpr size_t kStep = 512;
  for (size_t at = 0; at < points.size(); at += kStep) {
    const auto some = points.subspan(at, std::min(kStep, points.size() - at));
    const size_t begin = out->size();
    out->resize(begin + some.size() * most);
    Cursor cursor{out->data() + begin};
    for (const tracking::Point& point : some) {
      if (comma) *cursor.at++ = ',';
      comma = true;
      put(cursor, point);
    }
    out->resize(static_cast<size_t>(cursor.at - out->data()));
  }
}

std::string Quoted(std::string_view text) {
  std::string out;
  serving::AppendJsonText(&out, text);
  return out;
}

}  // namespace

void AppendPoints(std::string* out, std::string_view key, std::string_view run_id,
                  std::span<const tracking::Point> points) {
  using namespace std::string_view_literals;
  constexpr std::string_view kTime = ",\"timestamp\":"sv, kStep = ",\"step\":"sv;
  const std::string head = "{\"key\":" + Quoted(key) + ",\"value\":";
  const std::string tail = run_id.empty() ? "}" : ",\"run_id\":" + Quoted(run_id) + "}";
  AppendEach(out, points, head.size() + kTime.size() + kStep.size() + tail.size(),
             [&](Cursor& cursor, const tracking::Point& point) {
               cursor.Put(std::string_view(head));
               cursor.PutDouble(point.value, "\"");
               cursor.Put(kTime);
               cursor.Put(point.time_ms);
               cursor.Put(kStep);
               cursor.Put(point.step);
               cursor.Put(std::string_view(tail));
             });
}

void AppendBulkPoints(std::string* out, std::string_view key, std::string_view run_id,
                      std::span<const tracking::Point> points) {
  using namespace std::string_view_literals;
  constexpr std::string_view kTime = ",\"timestamp\":"sv, kValue = ",\"value\":"sv;
  const std::string head =
      "{\"key\":" + Quoted(key) + ",\"run_id\":" + Quoted(run_id) + ",\"step\":";
  AppendEach(out, points, head.size() + kTime.size() + kValue.size() + 1,
             [&](Cursor& cursor, const tracking::Point& point) {
               cursor.Put(std::string_view(head));
               cursor.Put(point.step);
               cursor.Put(kTime);
               cursor.Put(point.time_ms);
               cursor.Put(kValue);
               cursor.PutDouble(point.value, "");
               cursor.Put("}"sv);
             });
}

}  // namespace quern::server::mlflow
