#pragma once
// The registry's objects as MLflow's answers hold them.
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "registry/types.h"

namespace quern::server::mlflow {

void AppendRegisteredModel(std::string* out, const registry::RegisteredModel& model);
void AppendModelVersion(std::string* out, const registry::ModelVersion& version);

/// `{"registered_model": …}`.
net::HttpResponse OneRegisteredModel(const registry::RegisteredModel& model);
/// `{"model_version": …}`.
net::HttpResponse OneModelVersion(const registry::ModelVersion& version);
/// `{"model_versions": […], "next_page_token": …}`, both left out if empty.
net::HttpResponse ManyModelVersions(const std::vector<registry::ModelVersion>& versions,
                                    std::string_view next_token);

}  // namespace quern::server::mlflow
