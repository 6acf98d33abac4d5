#pragma once
// The one error value of the program. Codes equal gRPC's; one table maps them to HTTP and exit
// codes.
#include <string>
#include <string_view>
#include <vector>

namespace quern {

enum class Code {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
};

/// Exit codes of every program: what scripts rely on.
enum class Exit {
  kDone = 0,
  kInternal = 1,
  kBadInput = 2,
  kGateFailed = 3,
  kDataCheckFailed = 4,
  kLocked = 5,
  kInterrupted = 130,
};

/// "INVALID_ARGUMENT" and so on, as gRPC spells them.
std::string_view CodeName(Code code);
/// The HTTP status that a server answers for `code`.
int HttpStatus(Code code);
/// The exit code that a program ends with for `code`.
Exit ExitCode(Code code);

/// A place in a text file; `line` and `column` count from 1, 0 means unknown.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
  /// "quern.yaml:14:7", "quern.yaml:14", "quern.yaml" or "".
  std::string ToString() const;
};

/// What went wrong (`message`, naming the value), where, and what to do about it (`hint`).
struct Error {
  Code code = Code::kUnknown;
  std::string message;
  std::string hint;
  Position where;
  /// Outermost last: "while training fold 3".
  std::vector<std::string> context;

  /// "error: quern.yaml:14:7: message\n  help: hint" without colour.
  std::string ToString() const;
};

}  // namespace quern
