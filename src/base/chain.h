#pragma once
// Records that are chained by digests: each covers the one before, so that a record that was
// changed or taken out shows. What a digest covers beside that is the caller's.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace quern {

/// The place of a record in its chain.
struct ChainLink {
  int64_t sequence = 0;  // 1, 2, …
  std::string previous;  // digest of the record before, "" for the first
  std::string digest;
};

/// Begins the digest of a record; the caller adds its fields and finishes it. `kind` names what is
/// chained and the version of its fields.
inline void BeginLink(Digester& digester, std::string_view kind, std::string_view previous) {
  digester.Add(kind).Add(previous);
}

/// Walks a chain from its first record.
class ChainWalk {
 public:
  /// Whether `link` is the next one and its digest the one that its fields have.
  bool Takes(const ChainLink& link, std::string_view digest_of_fields) {
    ++sequence_;
    const bool whole =
        link.sequence == sequence_ && link.previous == last_ && link.digest == digest_of_fields;
    last_ = link.digest;
    return whole;
  }
  /// Records so far, the refused one too.
  int64_t sequence() const { return sequence_; }
  /// The digest of the last one.
  const std::string& last() const { return last_; }

 private:
  int64_t sequence_ = 0;
  std::string last_;
};

}  // namespace quern
