#pragma once
// For tests: events to subscribe to.
#include "webhooks/webhook.h"

namespace quern::webhooks {

inline const EventName kCreated{"registered_model", "created"};
inline const EventName kTagSet{"model_version_tag", "set"};

}  // namespace quern::webhooks
