#include "base/error.h"

#include <array>

namespace quern {
namespace {

struct CodeRow {
  Code code;
  std::string_view name;
  int http;
  Exit exit;
};

// The one table that maps an error code to what the outside sees.
constexpr std::array<CodeRow, 15> kCodes{{
    {Code::kCancelled, "CANCELLED", 499, Exit::kInterrupted},
    {Code::kUnknown, "UNKNOWN", 500, Exit::kInternal},
    {Code::kInvalidArgument, "INVALID_ARGUMENT", 400, Exit::kBadInput},
    {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504, Exit::kInternal},
    {Code::kNotFound, "NOT_FOUND", 404, Exit::kBadInput},
    {Code::kAlreadyExists, "ALREADY_EXISTS", 409, Exit::kBadInput},
    {Code::kPermissionDenied, "PERMISSION_DENIED", 403, Exit::kBadInput},
    {Code::kResourceExhausted, "RESOURCE_EXHAUSTED", 429, Exit::kBadInput},
    {Code::kFailedPrecondition, "FAILED_PRECONDITION", 400, Exit::kBadInput},
    {Code::kAborted, "ABORTED", 409, Exit::kLocked},
    {Code::kOutOfRange, "OUT_OF_RANGE", 400, Exit::kBadInput},
    {Code::kUnimplemented, "UNIMPLEMENTED", 501, Exit::kInternal},
    {Code::kInternal, "INTERNAL", 500, Exit::kInternal},
    {Code::kUnavailable, "UNAVAILABLE", 503, Exit::kInternal},
    {Code::kDataLoss, "DATA_LOSS", 500, Exit::kBadInput},
}};

const CodeRow& RowOf(Code code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  return kCodes[1];
}

}  // namespace

std::string_view CodeName(Code code) { return RowOf(code).name; }
int HttpStatus(Code code) { return RowOf(code).http; }
Exit ExitCode(Code code) { return RowOf(code).exit; }

std::string Position::ToString() const {
  std::string text = file;
  if (line > 0) text += (text.empty() ? "line " : ":") + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text;
}

std::string Error::ToString() const {
  std::string text = "error: ";
  if (const std::string place = where.ToString(); !place.empty()) text += place + ": ";
  text += message;
  for (const std::string& line : context) text += "\n  while " + line;
  if (!hint.empty()) text += "\n  help: " + hint;
  return text;
}

}  // namespace quern
