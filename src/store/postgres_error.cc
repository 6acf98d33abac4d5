#include "store/postgres_error.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "store/connection.h"

namespace quern::store {
namespace {

/// By the longest beginning of a SQLSTATE (its first two digits are its class).
struct Meaning {
  std::string_view beginning;
  Code code;
  std::string_view hint;
};

constexpr std::string_view kFreeSpace =
    "free some space where PostgreSQL keeps its data and try again";
constexpr std::string_view kTryAgain = "another process holds the database; try again";
constexpr std::string_view kRights = "check what the user of the URI may do (GRANT)";
constexpr std::string_view kDamaged = "the database is damaged: restore a backup";

constexpr std::array kMeanings{
    Meaning{"08", Code::kUnavailable, ""},
    Meaning{"22", Code::kInvalidArgument, ""},
    Meaning{"22021", Code::kInvalidArgument,
            "PostgreSQL keeps text as UTF-8 without the character U+0000"},
    Meaning{"23", Code::kInvalidArgument, ""},
    Meaning{"23503", Code::kFailedPrecondition, ""},
    Meaning{"23505", Code::kAlreadyExists, ""},
    Meaning{"25006", Code::kPermissionDenied,
            "this server only reads: give the URI of the primary one"},
    Meaning{"28", Code::kPermissionDenied, "check user and password of the URI"},
    Meaning{"3D", Code::kFailedPrecondition, "make the database: createdb NAME"},
    Meaning{"3F", Code::kFailedPrecondition, "make the schema that search_path names"},
    Meaning{"40", Code::kAborted, kTryAgain},
    Meaning{"42501", Code::kPermissionDenied, kRights},
    Meaning{"53", Code::kResourceExhausted, "give PostgreSQL more memory, or try again"},
    Meaning{"53100", Code::kResourceExhausted, kFreeSpace},
    Meaning{"53300", Code::kUnavailable, "raise max_connections of PostgreSQL"},
    Meaning{"54", Code::kInvalidArgument, "a value or key is too long for PostgreSQL"},
    Meaning{"55P03", Code::kAborted, kTryAgain},
    Meaning{"57014", Code::kDeadlineExceeded, "raise statement_timeout of PostgreSQL"},
    Meaning{"57P", Code::kUnavailable, ""},
    Meaning{"58030", Code::kResourceExhausted, kFreeSpace},
    Meaning{"58P", Code::kDataLoss, kDamaged},
    Meaning{"XX001", Code::kDataLoss, kDamaged},
    Meaning{"XX002", Code::kDataLoss, kDamaged},
};

const Meaning* MeaningOf(std::string_view state) {
  const Meaning* best = nullptr;
  for (const Meaning& meaning : kMeanings) {
    if (!state.starts_with(meaning.beginning)) continue;
    if (best == nullptr || meaning.beginning.size() > best->beginning.size()) best = &meaning;
  }
  return best;
}

constexpr std::string_view kReconnects =
    "check that PostgreSQL runs there, and that database, user and password are right; Quern "
    "connects again by itself";

/// libpq explains in several lines what it could not do.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const std::string_view part : Split(text, '\n')) {
    const std::string_view trimmed = Trim(part);
    if (trimmed.empty()) continue;
    if (!line.empty()) line += "; ";
    line += trimmed;
  }
  return line;
}

}  // namespace

Code CodeOfSqlState(std::string_view state) {
  const Meaning* meaning = MeaningOf(state);
  return meaning == nullptr ? Code::kInternal : meaning->code;
}

bool IsLost(std::string_view state) {
  return state.starts_with("08") || state == "57P01" || state == "57P02" || state == "57P03" ||
         state == "57P05";
}

std::unexpected<Error> PostgresError(const std::string& place, std::string_view state,
                                     std::string_view text) {
  const Meaning* meaning = MeaningOf(state);
  if (meaning == nullptr) {
    return Fail(Code::kInternal, OneLine(text), "", AtDatabase(place));
  }
  if (meaning->code == Code::kUnavailable && meaning->hint.empty()) {
    return PostgresUnavailable(place, text);
  }
  return Fail(meaning->code, OneLine(text), std::string(meaning->hint), AtDatabase(place));
}

std::unexpected<Error> PostgresUnavailable(const std::string& place, std::string_view what) {
  return Fail(Code::kUnavailable, "it does not answer: " + OneLine(what), std::string(kReconnects),
              AtDatabase(place));
}

}  // namespace quern::store
