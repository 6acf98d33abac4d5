#pragma once
// A sampled request as it waits to be sent, of fixed size, and as OTLP's JSON.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/tracer.h"

namespace quern::server {

/// A text's first bytes.
template <size_t N>
struct ShortText {
  std::array<char, N> bytes;
  uint8_t size = 0;

  void Set(std::string_view text) {
    static_assert(N < 256);
    size = static_cast<uint8_t>(text.copy(bytes.data(), N));
  }
  std::string_view view() const { return {bytes.data(), size}; }
};

struct Tracer::Record {
  RequestSpan span;
  std::array<SpanId, 3> children;  // parse, infer, log
  /// Nanoseconds since the epoch: of the request its beginning and end; of a call the beginning,
  /// and the ends of parsing, inference and logging.
  int64_t begin = 0;
  int64_t end = 0;
  bool called = false;
  std::array<int64_t, 4> call{};
  Protocol protocol = Protocol::kHttp;
  int status = 0;
  int code = 0;  // of gRPC
  uint64_t rows = 0;
  ShortText<8> method;
  ShortText<120> path;
  ShortText<64> model;
  ShortText<32> version;
  ShortText<64> request_id;

  size_t spans() const { return called ? 4 : 1; }
};

/// An ExportTraceServiceRequest.
std::string OtlpJson(std::span<const Tracer::Record> records, std::string_view service);

}  // namespace quern::server
