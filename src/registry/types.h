#pragma once
// Values of the registry, in MLflow's words. Times are milliseconds since 1970.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/chain.h"
#include "base/result.h"
#include "search/page.h"

namespace quern::registry {

using Texts = std::map<std::string, std::string>;  // tags: key -> value

inline constexpr std::string_view kStageNone = "None";
inline constexpr std::string_view kStageStaging = "Staging";
inline constexpr std::string_view kStageProduction = "Production";
inline constexpr std::string_view kStageArchived = "Archived";
/// Of versions that were deleted: their row stays so that the number is never given again.
inline constexpr std::string_view kStageDeleted = "Deleted_Internal";

struct ModelVersion {
  std::string name;
  int64_t version = 0;
  std::string digest;  // of a package of our own, else ""
  std::string path;  // its folder, relative to the project's .quern; "" for what clients registered
  std::string run_id;
  int64_t created_ms = 0;
  std::string detail;  // JSON of a package: metrics, data, gates
  std::vector<std::string> aliases;

  std::string source;   // what the client named
  std::string storage;  // where the files are
  std::string run_link;
  std::string model_id;  // the logged model that it was registered from
  std::string user_id;
  std::string description;
  std::string stage{kStageNone};
  std::string status = "READY";
  std::string status_message;
  int64_t updated_ms = 0;
  Texts tags;
};

struct Alias {
  std::string alias;
  int64_t version = 0;
};

struct RegisteredModel {
  std::string name;
  std::string description;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  Texts tags;
  std::vector<Alias> aliases;
  std::vector<ModelVersion> latest;  // the newest version of each stage, by number
};

template <class T>
using Page = search::ResultPage<T>;
using SearchRequest = search::PageRequest;

/// One change in the log that only grows.
struct LogEntry {
  int64_t time_ms = 0;
  std::string actor;
  std::string name;
  std::string change;
  std::string before;
  std::string after;
  std::string reason;
  /// The place in the chain of all records; sequence 0 for those of programs that had none.
  ChainLink link;
};

}  // namespace quern::registry
