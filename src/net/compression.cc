#include "net/compression.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace quern::net {
namespace {

constexpr int kGzipWindow = 15 + 16;
constexpr int kZlibWindow = 15;
constexpr size_t kChunk = 64u << 10;

Bytef* InputBytes(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

Result<std::string> Decompress(std::string_view body, std::string_view encoding,
                               uint64_t max_bytes) {
  std::string kind = ToLower(Trim(encoding));
  if (kind != "gzip" && kind != "x-gzip" && kind != "deflate") {
    return Fail(Code::kInvalidArgument, "Content-Encoding '" + kind + "' is not supported",
                "send gzip, deflate or no encoding");
  }
  z_stream stream{};
  if (inflateInit2(&stream, kind == "deflate" ? kZlibWindow : kGzipWindow) != Z_OK) {
    return Fail(Code::kResourceExhausted, "no memory to decompress a body");
  }
  std::string out;
  stream.next_in = InputBytes(body);
  stream.avail_in = static_cast<uInt>(body.size());
  int status = Z_OK;
  while (status == Z_OK) {
    size_t had = out.size();
    out.resize(had + std::max(kChunk, std::min<size_t>(had, 8u << 20)));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = static_cast<uInt>(out.size() - had);
    status = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > max_bytes) {
      inflateEnd(&stream);
      return Fail(Code::kResourceExhausted, "the decompressed body is above the limit of " +
                                                std::to_string(max_bytes) + " bytes");
    }
    if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && out.size() == had))
      break;
  }
  bool whole = status == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) return Fail(Code::kInvalidArgument, "the body is not whole " + kind + " data");
  return out;
}

std::string GzipCompress(std::string_view body) {
  z_stream stream{};
  QUERN_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8,
                           Z_DEFAULT_STRATEGY) == Z_OK,
              "deflateInit2");
  std::string out(deflateBound(&stream, static_cast<uLong>(body.size())) + 32, '\0');
  stream.next_in = InputBytes(body);
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  QUERN_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate");
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace quern::net
