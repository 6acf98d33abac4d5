#pragma once
// What a webhook may be, in MLflow's words. Errors are kInvalidArgument.
#include <string>
#include <vector>

#include "base/result.h"
#include "webhooks/settings.h"
#include "webhooks/webhook.h"

namespace quern::webhooks {

inline constexpr size_t kMaxName = 63;
inline constexpr size_t kMaxUrl = 2048;
inline constexpr int64_t kMaxPage = 1000;

Status CheckName(const std::string& name);
/// The scheme is one of those allowed and, unless private addresses are, every address that the
/// host resolves to is public. May ask the network for names.
Status CheckUrl(const std::string& url, const Settings& settings);
Status CheckEvents(const std::vector<EventName>& events);

}  // namespace quern::webhooks
