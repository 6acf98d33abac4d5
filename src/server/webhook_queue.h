#pragma once
// Webhooks hear of what is registered without a server: it is queued, and the next server over the
// same store delivers it.
#include <memory>

#include "base/fs.h"
#include "base/time.h"
#include "registry/context.h"
#include "store/database.h"

namespace quern::server {

/// Borrows the database and the clock.
std::unique_ptr<registry::Listener> MakeWebhookQueue(store::Database& database, const Clock& clock,
                                                     Fs& fs);

}  // namespace quern::server
