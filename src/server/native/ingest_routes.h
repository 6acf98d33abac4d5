#pragma once
// POST /api/2.0/quern/ingest: metrics, parameters and tags in bulk.
#include "net/body_sink.h"
#include "server/http/router.h"
#include "tracking/runs.h"

namespace quern::server::native {

/// The hook for bodies of bulk requests, which are read while they arrive; null for every other
/// request.
net::BodyHook IngestBodies(tracking::Runs& runs);
/// Below /api and /ajax-api.
void AddIngestRoutes(Router* router);

}  // namespace quern::server::native
