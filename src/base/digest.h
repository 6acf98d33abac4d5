#pragma once
// Content digests: SHA-256, lower-case hexadecimal, everywhere that an identity is persisted.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern {

std::string Sha256(std::string_view bytes);
Result<std::string> Sha256File(const std::string& path);

/// Incremental digest of length-prefixed parts, so that ("ab","c") differs from ("a","bc").
class Digester {
 public:
  Digester();
  ~Digester();
  Digester& Add(std::string_view part);
  Digester& Add(uint64_t part);
  Digester& Add(double part);
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Fast non-cryptographic 64-bit hash (XXH3), stable across machines: seeds and buckets.
uint64_t Hash64(std::string_view bytes, uint64_t seed = 0);

}  // namespace quern
