#pragma once
// Limits and names as MLflow's clients know them, with its words for what is wrong: client code
// matches them. Every limit of the tracking store stands here.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tracking/types.h"

namespace quern::tracking {

inline constexpr size_t kMaxKey = 250;          // characters of a metric, parameter or tag name
inline constexpr size_t kMaxParamValue = 6000;  // longer ones are cut
inline constexpr size_t kMaxTagValue = 8000;    // longer ones are cut
inline constexpr size_t kMaxExperimentName = 500;
inline constexpr size_t kMaxExperimentTag = 20000;
inline constexpr size_t kMaxBatchMetrics = 1000;
inline constexpr size_t kMaxBatchParams = 100;
inline constexpr size_t kMaxBatchTags = 100;
inline constexpr size_t kMaxBatch = 1000;  // metrics, parameters and tags together
inline constexpr size_t kMaxDatasetName = 500;
inline constexpr size_t kMaxDatasetDigest = 36;
inline constexpr size_t kMaxDatasetSource = 65535;
inline constexpr size_t kMaxDatasetSchema = 1048575;
inline constexpr size_t kMaxDatasetProfile = 16777215;
inline constexpr size_t kMaxInputTagKey = 255;
inline constexpr size_t kMaxInputTagValue = 500;
inline constexpr size_t kMaxArtifactLocation = 2048;
/// Of an id that refers to something else: a parent, a run, a logged model. PostgreSQL's indexes
/// hold no long ones.
inline constexpr size_t kMaxReference = 256;
inline constexpr int64_t kMaxRunsPage = 50000;
inline constexpr int64_t kMaxExperimentsPage = 50000;
inline constexpr int64_t kMaxLoggedModelsPage = 1000;
inline constexpr int64_t kMaxHistoryPage = 25000;
inline constexpr int64_t kMaxIntervalPoints = 2500;
inline constexpr size_t kMaxRunsPerChart = 100;
inline constexpr int64_t kMaxColumns = 1000;  // of a chart

/// A metric's, parameter's or tag's name: letters, digits, `_ - . : /` and blanks, a path that
/// normalises to itself. `path` is where it stood in the request ("name", "metrics[0].name"),
/// `kind` what a message about its length calls it ("Metric name"); "": the same.
Status CheckKey(std::string_view key, std::string_view path, std::string_view kind = {});
/// Each key of such texts.
Status CheckKeys(const Texts& texts, std::string_view path);
/// Letters (of any alphabet), digits and `_ - . : /` and blanks alone; may be empty.
Status CheckNameCharacters(std::string_view name, std::string_view path);
/// A path that normalises to itself, neither absolute nor leading upwards.
Status CheckNameAsPath(std::string_view name, std::string_view path);
/// A letter, a digit or '_'. A byte above ASCII belongs to a letter of another alphabet, as far as
/// names are concerned.
bool IsWordCharacter(char c);
/// Not empty, at most kMaxExperimentName characters.
Status CheckExperimentName(std::string_view name);
/// `'X' exceeds the maximum length of N characters`; characters, not bytes.
Status CheckLength(std::string_view text, size_t limit, std::string_view path);
/// A run id that a client chose or asks for: word characters and dashes, at most 256.
Status CheckRunId(std::string_view id);
/// A logged model's name: not empty, without / : . % " '.
Status CheckModelName(std::string_view name);
/// No fragment, no query; a local path or URI of at most kMaxArtifactLocation characters.
Status CheckArtifactLocation(std::string_view location);
/// 0 to the greatest 64-bit integer.
Status CheckTimestamp(std::string_view key, double value, int64_t time_ms, std::string_view path);
/// 1 to `limit`.
Status CheckMaxResults(int64_t value, int64_t limit);

/// At most `limit` characters of `text`, whole characters of UTF-8.
std::string_view CutTo(std::string_view text, size_t limit);
/// "adventurous-otter-317": the name of a run that was given none.
std::string RandomRunName();

}  // namespace quern::tracking
