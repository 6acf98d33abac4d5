#pragma once
// Words of the enumerations of release.h; inside of deploy/ only.
#include <array>
#include <string_view>

namespace quern::deploy {

inline constexpr std::array<std::string_view, 8> kPhaseNames{
    "pending", "warming", "shadow", "step", "baking", "promoted", "rolled_back", "paused"};
inline constexpr std::array<std::string_view, 3> kActionNames{"prepare", "set_alias", "retire"};
inline constexpr std::array<std::string_view, 6> kCommandNames{"promote", "abort",      "pause",
                                                               "resume",  "set_weight", "finish"};
inline constexpr std::array<std::string_view, 4> kGuardNames{
    "failed too many requests in a row", "answered with a NaN",
    "answered in another shape or type than declared", "crashed"};

}  // namespace quern::deploy
