#pragma once
// Words of the enumerations of strategy.h; inside of deploy/ only.
#include <array>
#include <string_view>

#include "deploy/strategy.h"

namespace quern::deploy {

inline constexpr std::array<std::string_view, 6> kKindNames{"basic",      "shadow", "canary",
                                                            "blue_green", "ab",     "bandit"};
inline constexpr std::array<std::string_view, 3> kWatchNames{"off", "watch", "require"};
inline constexpr std::array<std::string_view, 2> kMethodNames{"thompson", "epsilon_greedy"};

inline std::string_view NameOf(StrategyKind kind) { return kKindNames[static_cast<size_t>(kind)]; }
inline std::string_view NameOf(Watch watch) { return kWatchNames[static_cast<size_t>(watch)]; }
inline std::string_view NameOf(BanditMethod method) {
  return kMethodNames[static_cast<size_t>(method)];
}

}  // namespace quern::deploy
