#include "net/file_body.h"

#include <unistd.h>

#include <cerrno>

namespace quern::net {

bool FileBody::ReadInto(std::string* out) const {
  out->resize(length_);
  size_t have = 0;
  while (have < length_) {
    ssize_t got =
        ::pread(fd_.get(), out->data() + have, length_ - have, static_cast<off_t>(offset_ + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      out->clear();
      return false;
    }
    have += static_cast<size_t>(got);
  }
  return true;
}

}  // namespace quern::net
