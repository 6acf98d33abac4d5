#pragma once
// A version of the registry as a model to serve.
#include <string>
#include <utility>

#include "registry/signature.h"
#include "registry/types.h"
#include "server/served_models.h"

namespace quern::server {

/// `folder`: where its package is.
inline ModelToServe RegisteredModel(const registry::ModelVersion& version, std::string folder) {
  return {version.name,      std::to_string(version.version), version.aliases,
          std::move(folder), model::EnginePreference::kAuto,  registry::SignatureOf(version)};
}

}  // namespace quern::server
