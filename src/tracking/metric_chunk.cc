#include "tracking/metric_chunk.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

namespace quern::tracking {
namespace {

static_assert(std::endian::native == std::endian::little, "values are written as they lie");

constexpr char kVersion = 1;

void PutVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(static_cast<unsigned char>(value | 0x80));
    value >>= 7;
  }
  out += static_cast<char>(static_cast<unsigned char>(value));
}

/// Small differences of either sign become small numbers. Differences wrap: any two fit.
uint64_t ZigZag(uint64_t difference) { return (difference << 1) ^ (0 - (difference >> 63)); }
uint64_t UnZigZag(uint64_t value) { return (value >> 1) ^ (0 - (value & 1)); }

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::optional<uint64_t> Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) return std::nullopt;
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

std::unexpected<Error> Broken(const char* what) {
  return Fail(Code::kDataLoss, std::string("a chunk of metric values is damaged: ") + what,
              "restore a backup of the database");
}

/// One column of whole numbers: each as its difference from the one before.
void PutColumn(std::string& out, std::span<const Point> points, int64_t Point::* column) {
  uint64_t before = 0;
  for (const Point& point : points) {
    const auto value = static_cast<uint64_t>(point.*column);
    PutVarint(out, ZigZag(value - before));
    before = value;
  }
}

/// Reads one column of whole numbers: `set(i, value)` for each of `count`.
template <class Set>
Status ReadColumn(Reader& reader, size_t count, const char* what, Set set) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto difference = reader.Varint();
    if (!difference) return Broken(what);
    value += UnZigZag(*difference);
    set(i, static_cast<int64_t>(value));
  }
  return {};
}

/// Version and count; what is left are the columns.
Result<std::pair<size_t, Reader>> ReadHead(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return Broken("unknown version");
  Reader reader(bytes.substr(1));
  const auto count = reader.Varint();
  // A point takes ten bytes at least.
  if (!count || *count > bytes.size() / 10) return Broken("more points than bytes");
  return std::pair{static_cast<size_t>(*count), reader};
}

}  // namespace

bool Before(const Point& a, const Point& b) {
  if (a.time_ms != b.time_ms) return a.time_ms < b.time_ms;
  if (a.step != b.step) return a.step < b.step;
  if (std::isnan(a.value) || std::isnan(b.value))
    return std::isnan(a.value) && !std::isnan(b.value);
  return a.value < b.value;
}

bool Same(const Point& a, const Point& b) {
  return a.time_ms == b.time_ms && a.step == b.step &&
         (a.value == b.value || (std::isnan(a.value) && std::isnan(b.value)));
}

std::string EncodeChunk(std::span<const Point> points) {
  std::string out(1, kVersion);
  out.reserve(16 + points.size() * 12);
  PutVarint(out, points.size());
  PutColumn(out, points, &Point::step);
  PutColumn(out, points, &Point::time_ms);
  for (const Point& point : points) {
    out.append(reinterpret_cast<const char*>(&point.value), sizeof(double));
  }
  return out;
}

Result<std::vector<Point>> DecodeChunk(std::string_view bytes) {
  QUERN_ASSIGN(auto head, ReadHead(bytes));
  auto& [count, reader] = head;
  std::vector<Point> points(count);
  QUERN_TRY(ReadColumn(reader, count, "its steps end early",
                       [&](size_t i, int64_t step) { points[i].step = step; }));
  QUERN_TRY(ReadColumn(reader, count, "its times end early",
                       [&](size_t i, int64_t time) { points[i].time_ms = time; }));
  if (reader.rest().size() != count * sizeof(double)) return Broken("its values have another size");
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(&points[i].value, reader.rest().data() + i * sizeof(double), sizeof(double));
  }
  return points;
}

Result<std::vector<int64_t>> DecodeSteps(std::string_view bytes) {
  QUERN_ASSIGN(auto head, ReadHead(bytes));
  auto& [count, reader] = head;
  std::vector<int64_t> steps(count);
  QUERN_TRY(ReadColumn(reader, count, "its steps end early",
                       [&](size_t i, int64_t step) { steps[i] = step; }));
  return steps;
}

}  // namespace quern::tracking
