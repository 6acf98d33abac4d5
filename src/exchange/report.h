#pragma once
// What came of an import or export: counts, and everything that did not go as it should.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace quern::exchange {

/// How many of one kind of thing.
struct Tally {
  int64_t added = 0;
  int64_t updated = 0;
  int64_t there = 0;  // already, and left as it was
};

struct Report {
  Tally experiments;
  Tally runs;
  Tally logged_models;
  Tally registered_models;
  Tally versions;
  Tally files;         // of artifacts
  int64_t points = 0;  // of metrics, of the runs that were added
  uint64_t bytes = 0;  // of the files that were added

  /// What is damaged, refused, or something else here: it is not in the result. Each makes the
  /// command fail at its end.
  std::vector<Error> problems;
  /// Artifacts that could not be reached; what refers to them is kept.
  std::vector<std::string> unreached;
  /// What a user should know: an experiment that got another id, artifacts that stay where they
  /// are.
  std::vector<std::string> notes;

  /// Whether nothing was found or done.
  bool IsEmpty() const;
  void Damaged(Error error) { problems.push_back(std::move(error)); }
  void Note(std::string text) { notes.push_back(std::move(text)); }
};

/// The tallies of a report: under which key its JSON has them, and what people call them.
struct TallyKind {
  const char* key;
  const char* name;
  Tally Report::* tally;
};
inline constexpr TallyKind kTallyKinds[] = {
    {"experiments", "experiments", &Report::experiments},
    {"runs", "runs", &Report::runs},
    {"logged_models", "logged models", &Report::logged_models},
    {"registered_models", "registered models", &Report::registered_models},
    {"versions", "model versions", &Report::versions},
    {"files", "artifacts", &Report::files},
};

/// {"experiments": {"added", "updated", "there"}, …, "problems": [{"message", "where", "hint"}],
/// "unreached": […], "notes": […]}
json::value ReportJson(const Report& report);

/// Called now and then with what has been done so far, and what is being done.
using OnProgress = std::function<void(const Report& report, const std::string& doing)>;

}  // namespace quern::exchange
