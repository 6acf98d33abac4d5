#include "net/inflate_once.h"

#include <zlib.h>

#include <algorithm>

#include "net/compression.h"

namespace quern::net {
namespace {

constexpr size_t kFirst = 16u << 10;

}  // namespace

struct InflateOnce::Stream {
  z_stream z{};
  bool made = false;
};

InflateOnce::InflateOnce() : stream_(std::make_unique<Stream>()) {}

InflateOnce::~InflateOnce() {
  if (stream_->made) inflateEnd(&stream_->z);
}

bool InflateOnce::Run(std::string_view body, std::string_view encoding, uint64_t max_bytes,
                      std::string* plain) {
  const auto window = WindowOf(encoding);
  if (!window) return false;
  z_stream& z = stream_->z;
  if (!stream_->made) stream_->made = inflateInit2(&z, *window) == Z_OK;
  if (!stream_->made || inflateReset2(&z, *window) != Z_OK) return false;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  z.avail_in = static_cast<uInt>(body.size());
  size_t size = 0;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    if (size > max_bytes) return false;
    if (size == plain->size()) plain->resize(std::max(kFirst, 2 * size));
    z.next_out = reinterpret_cast<Bytef*>(plain->data() + size);
    z.avail_out = static_cast<uInt>(plain->size() - size);
    status = inflate(&z, Z_NO_FLUSH);
    size = plain->size() - z.avail_out;
    if (status != Z_OK && status != Z_STREAM_END) return false;
  }
  plain->resize(size);
  return size <= max_bytes && z.avail_in == 0;
}

}  // namespace quern::net
