#pragma once
#include <functional>
#include <string_view>

#include "base/result.h"

namespace quern::net {

/// Takes an answer's body in pieces as they come. An error ends the transfer, and is its result.
using PieceSink = std::function<Status(std::string_view bytes)>;

}  // namespace quern::net
