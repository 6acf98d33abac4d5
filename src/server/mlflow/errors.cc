#include "server/mlflow/errors.h"

#include <array>
#include <string>
#include <utility>

#include "base/text.h"
#include "server/http/respond.h"
#include "serving/json_text.h"

namespace quern::server::mlflow {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 22> kStatuses{{
    {"INVALID_PARAMETER_VALUE", 400},
    {"BAD_REQUEST", 400},
    {"RESOURCE_ALREADY_EXISTS", 400},
    {"INVALID_STATE", 400},
    {"UNAUTHENTICATED", 401},
    {"CUSTOMER_UNAUTHORIZED", 401},
    {"PERMISSION_DENIED", 403},
    {"RESOURCE_DOES_NOT_EXIST", 404},
    {"NOT_FOUND", 404},
    {"ENDPOINT_NOT_FOUND", 404},
    {"ALREADY_EXISTS", 409},
    {"RESOURCE_CONFLICT", 409},
    {"ABORTED", 409},
    {"REQUEST_LIMIT_EXCEEDED", 429},
    {"RESOURCE_EXHAUSTED", 429},
    {"CANCELLED", 499},
    {"INTERNAL_ERROR", 500},
    {"DATA_LOSS", 500},
    {"NOT_IMPLEMENTED", 501},
    {"TEMPORARILY_UNAVAILABLE", 503},
    {"DEADLINE_EXCEEDED", 504},
    {"UNKNOWN", 500},
}};

std::string ValidUtf8(std::string_view text) {
  std::string out(text);
  while (auto bad = FindInvalidUtf8(out)) out[*bad] = '?';
  return out;
}

}  // namespace

int MlflowStatus(std::string_view error_code) {
  for (const auto& [name, status] : kStatuses) {
    if (name == error_code) return status;
  }
  return 500;
}

std::string_view MlflowErrorCode(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return "INVALID_PARAMETER_VALUE";
    case Code::kNotFound:
      return "RESOURCE_DOES_NOT_EXIST";
    case Code::kAlreadyExists:
      return "RESOURCE_ALREADY_EXISTS";
    case Code::kPermissionDenied:
      return "PERMISSION_DENIED";
    case Code::kFailedPrecondition:
      return "INVALID_STATE";
    case Code::kResourceExhausted:
    case Code::kUnavailable:
    // Another process held the database for too long: clients of MLflow repeat a 503, not a 409.
    case Code::kAborted:
      return "TEMPORARILY_UNAVAILABLE";
    case Code::kCancelled:
      return "CANCELLED";
    case Code::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code::kUnimplemented:
      return "NOT_IMPLEMENTED";
    case Code::kDataLoss:
      return "DATA_LOSS";
    case Code::kInternal:
    case Code::kUnknown:
      break;
  }
  return "INTERNAL_ERROR";
}

net::HttpResponse MlflowError(std::string_view error_code, std::string_view message) {
  std::string body = "{\"error_code\":";
  serving::AppendJsonText(&body, error_code);
  body += ",\"message\":";
  serving::AppendJsonText(&body, ValidUtf8(message));
  body += '}';
  net::HttpResponse response = JsonResponse(std::move(body), MlflowStatus(error_code));
  if (response.status == 429 || response.status == 503) {
    response.headers.push_back({"Retry-After", "1"});
  }
  return response;
}

net::HttpResponse MlflowError(const Error& error) {
  return MlflowError(MlflowErrorCode(PublicCode(error)), PublicMessage(error));
}

}  // namespace quern::server::mlflow
