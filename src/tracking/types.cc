#include "tracking/types.h"

#include <array>

namespace quern::tracking {
namespace {

constexpr std::array<std::pair<RunStatus, std::string_view>, 5> kStatuses{{
    {RunStatus::kRunning, "RUNNING"},
    {RunStatus::kScheduled, "SCHEDULED"},
    {RunStatus::kFinished, "FINISHED"},
    {RunStatus::kFailed, "FAILED"},
    {RunStatus::kKilled, "KILLED"},
}};

}  // namespace

std::string_view StatusName(RunStatus status) {
  for (const auto& [known, name] : kStatuses) {
    if (known == status) return name;
  }
  return "FAILED";
}

std::optional<RunStatus> FindStatus(std::string_view name) {
  for (const auto& [status, known] : kStatuses) {
    if (known == name) return status;
  }
  return std::nullopt;
}

}  // namespace quern::tracking
