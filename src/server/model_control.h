#pragma once
// Models that clients may load and unload, as the protocol rooms see them.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::server {

/// Triton's `config` and `file:…`, which would put another model in place of what is served.
inline std::unexpected<Error> NoLoadParameter(std::string_view name) {
  return Fail(Code::kUnimplemented,
              "parameter '" + std::string(name) +
                  "': models are loaded as they are stored, without another configuration");
}

/// Models that come and go by request.
class ModelControl {
 public:
  virtual ~ModelControl() = default;
  /// Whether clients may load and unload at all.
  virtual bool allowed() const = 0;
  struct Known {
    std::string name;
    std::string version;
    bool loaded = false;
    std::string reason;  // why it is not loaded
    std::string source;  // the folder or file that it is loaded from
  };
  /// Every model that this server was told of, by name and version.
  virtual std::vector<Known> Index() const = 0;
  /// Loads all versions of a known model (again). kNotFound; errors of loading.
  virtual Status Load(std::string_view name) = 0;
  /// Takes them out of service; requests under way are answered. kNotFound.
  virtual Status Unload(std::string_view name) = 0;
};

}  // namespace quern::server
