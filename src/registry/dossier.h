#pragma once
// All that the store knows of one version: itself, its package, and what the steps of `quern run`
// that made it and looked after it left behind.
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/json.h"
#include "base/result.h"
#include "registry/types.h"
#include "store/database.h"

namespace quern::registry {

/// A record of docs/format/records.md is null where no step left one for this version; null metrics
/// were not measured.
struct Dossier {
  ModelVersion version;
  std::string model_description;
  json::value package;     // quern.json, null if it is not here
  uint64_t bytes = 0;      // of the package
  json::value design;      // of the charter as it was when the version was registered
  json::value train;       // that made this package
  json::value evaluate;    // whose metrics the version carries
  json::value candidate;   // of a retraining, which made it instead
  json::value retrain;     // the record that the candidate stands in
  json::value deploy;      // the last one of this version
  json::value metrics;     // {NAME: {value, low, high}}
  json::value parameters;  // {NAME: value}
  /// What it learned from: ingest records of the snapshots that its package names, datasets of the
  /// run of a client's version. Of a snapshot without a record {source, digest} alone is known.
  std::vector<json::value> data;
  /// {NAME: {name, digest}}: the one dataset that a client measured a metric of the logged model
  /// on.
  json::value metric_datasets;
  std::vector<json::value> monitor;  // of batches that it scored, oldest first
  json::value reviews;               // reviews.h
};

/// Reads what is in `database` and below `state_dir`. kNotFound.
Result<Dossier> ReadDossier(store::Database& database, const std::string& state_dir, Fs& fs,
                            const std::string& name, int64_t version);

/// What the folder of a version's package holds. A file that is not here, is damaged or is too
/// large to be ours reads as null; without quern.json it is no package, and nothing of it is read.
struct PackageFiles {
  json::value described;  // quern.json
  json::value example;    // serving_input_example.json
  json::value lineage;    // lineage.json
  uint64_t bytes = 0;     // of all files of the folder
};
PackageFiles ReadPackageFiles(const ModelVersion& version, const std::string& state_dir, Fs& fs);

/// What `quern run` left in a tag of the version as JSON ("quern.metrics"); null if it is not there
/// or damaged.
json::value TagJson(const ModelVersion& version, const char* key);

}  // namespace quern::registry
