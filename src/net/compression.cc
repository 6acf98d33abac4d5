#include "net/compression.h"

#include <zlib.h>

#include "base/check.h"
#include "base/text.h"
#include "net/inline.h"

namespace quern::net {
namespace {

constexpr size_t kChunk = 64u << 10;

Bytef* InputBytes(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

std::optional<int> WindowOf(std::string_view encoding) {
  if (SameName(encoding, "deflate")) return MAX_WBITS;
  // 16 more is gzip's wrapper.
  if (SameName(encoding, "gzip") || SameName(encoding, "x-gzip")) return MAX_WBITS + 16;
  return std::nullopt;
}

struct Inflater::Stream {
  z_stream z{};
  std::string out = std::string(kChunk, '\0');
};

Inflater::Inflater(std::unique_ptr<Stream> stream, std::string kind)
    : stream_(std::move(stream)), kind_(std::move(kind)) {}

Inflater::~Inflater() { inflateEnd(&stream_->z); }

Result<std::unique_ptr<Inflater>> Inflater::Make(std::string_view encoding) {
  std::string kind = ToLower(Trim(encoding));
  const auto window = WindowOf(kind);
  if (!window) {
    return Fail(Code::kInvalidArgument, "Content-Encoding '" + kind + "' is not supported",
                "send gzip, deflate or no encoding");
  }
  auto stream = std::make_unique<Stream>();
  if (inflateInit2(&stream->z, *window) != Z_OK) {
    return Fail(Code::kResourceExhausted, "no memory to decompress a body");
  }
  return std::unique_ptr<Inflater>(new Inflater(std::move(stream), std::move(kind)));
}

Status Inflater::Push(std::string_view bytes, const std::function<Status(std::string_view)>& out) {
  z_stream& z = stream_->z;
  z.next_in = InputBytes(bytes);
  z.avail_in = static_cast<uInt>(bytes.size());
  for (bool more = !bytes.empty(); more;) {
    if (done_) return Fail(Code::kInvalidArgument, "the body goes on after its " + kind_ + " data");
    z.next_out = reinterpret_cast<Bytef*>(stream_->out.data());
    z.avail_out = static_cast<uInt>(kChunk);
    int status = inflate(&z, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return Fail(Code::kInvalidArgument, "the body is not whole " + kind_ + " data");
    }
    done_ = status == Z_STREAM_END;
    if (size_t made = kChunk - z.avail_out; made > 0) QUERN_TRY(out({stream_->out.data(), made}));
    more = z.avail_in > 0 || (z.avail_out == 0 && !done_);
  }
  return {};
}

Result<std::string> Decompress(std::string_view body, std::string_view encoding,
                               uint64_t max_bytes) {
  QUERN_ASSIGN(auto inflater, Inflater::Make(encoding));
  std::string out;
  QUERN_TRY(inflater->Push(body, [&](std::string_view plain) -> Status {
    out += plain;
    if (out.size() <= max_bytes) return {};
    return Fail(Code::kResourceExhausted, "the decompressed body is above the limit of " +
                                              std::to_string(max_bytes) + " bytes");
  }));
  if (inflater->done()) return out;
  return Fail(Code::kInvalidArgument, "the body is not whole " + ToLower(Trim(encoding)) + " data");
}

std::string Compress(std::string_view body, std::string_view encoding) {
  z_stream stream{};
  const auto window = WindowOf(encoding);
  QUERN_CHECK(window.has_value(), "an encoding to compress with");
  QUERN_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, *window, 8,
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
