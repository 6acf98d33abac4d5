#pragma once
// What both APIs about releases read alike: model servers' own (/v1/releases) and the page's, over
// the store (/quern/serving/releases).
#include <boost/json.hpp>
#include <string>

#include "deploy/controller.h"

namespace quern::server::native {

/// An order as a path names it.
struct ReleaseVerb {
  const char* path;
  deploy::CommandKind kind;
  const char* doc;
};
inline constexpr ReleaseVerb kReleaseVerbs[] = {
    {"promote", deploy::CommandKind::kPromote,
     "gives a candidate all of the traffic and the alias: {actor, reason, version}"},
    {"abort", deploy::CommandKind::kAbort,
     "rolls back, also while the old version is held: {actor, reason}"},
    {"pause", deploy::CommandKind::kPause, "leaves shares as they are: {actor, reason}"},
    {"resume", deploy::CommandKind::kResume, "goes on after a pause: {actor, reason}"},
    {"weight", deploy::CommandKind::kSetWeight,
     "gives a canary another share of the traffic, in percent: {weight, actor, reason}"},
    {"finish", deploy::CommandKind::kFinish,
     "lets the old version of a promoted one go now: {actor, reason}"},
};

/// The strategy of a request. The place of an error is one in the request, not in a file of the
/// server's: it may be told.
inline Result<deploy::Strategy> AskedStrategy(const json::value& strategy) {
  auto parsed = deploy::ParseStrategy(strategy);
  if (parsed) return parsed;
  const Error& error = parsed.error();
  const std::string place = error.where.ToString();
  return Fail(error.code, (place.empty() ? "strategy" : place) + ": " + error.message, error.hint);
}

}  // namespace quern::server::native
