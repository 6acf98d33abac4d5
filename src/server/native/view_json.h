#pragma once
// Parts of answers that several of the page's calls have alike.
#include <boost/json.hpp>
#include <string>

#include "base/json.h"
#include "tracking/pipeline_history.h"

namespace quern::server::native {

/// An empty text is one that is not there: null.
inline json::value TextOrNull(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

inline json::object DeploymentJson(const tracking::Deployment& d) {
  return json::object{{"id", d.id},
                      {"name", d.name},
                      {"version", d.version},
                      {"state", d.state},
                      {"created_ms", d.created_ms},
                      {"changed_ms", d.changed_ms},
                      {"detail", d.detail}};
}

}  // namespace quern::server::native
