#pragma once

namespace quern::pipeline {

/// The environment variable under whose name a program acts that somebody else's order started; see
/// Actor() in workspace.h.
inline constexpr char kActorVariable[] = "QUERN_ACTOR";

}  // namespace quern::pipeline
