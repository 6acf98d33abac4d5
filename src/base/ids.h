#pragma once
#include <string>

#include "base/time.h"

namespace quern {

/// 32 lower-case hex digits, random: run ids as MLflow writes them.
std::string NewHexId();
/// RFC 9562 UUIDv7: sorts by time; prediction ids.
std::string NewUuid7(const Clock& clock);

}  // namespace quern
