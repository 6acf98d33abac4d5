#include "server/mlflow/errors.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

namespace quern::server::mlflow {
namespace {

TEST_CASE("an error code and its message") {
  net::HttpResponse response = MlflowError("RESOURCE_DOES_NOT_EXIST", "Run with id=\"7\"\n");
  CHECK(response.status == 404);
  CHECK(response.content_type == "application/json");
  CHECK(response.body ==
        R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Run with id=\"7\"\u000a"})");
  CHECK(response.Find("Retry-After").empty());
  CHECK(MlflowError("no such code", "x").status == 500);
}

TEST_CASE("every code of ours has a code and a status of MLflow's") {
  struct Row {
    Code code;
    std::string_view name;
    int status;
  };
  for (const Row& row :
       {Row{Code::kInvalidArgument, "INVALID_PARAMETER_VALUE", 400},
        Row{Code::kOutOfRange, "INVALID_PARAMETER_VALUE", 400},
        Row{Code::kNotFound, "RESOURCE_DOES_NOT_EXIST", 404},
        Row{Code::kAlreadyExists, "RESOURCE_ALREADY_EXISTS", 400},
        Row{Code::kPermissionDenied, "PERMISSION_DENIED", 403},
        Row{Code::kFailedPrecondition, "INVALID_STATE", 400},
        Row{Code::kResourceExhausted, "TEMPORARILY_UNAVAILABLE", 503},
        Row{Code::kUnavailable, "TEMPORARILY_UNAVAILABLE", 503},
        Row{Code::kAborted, "TEMPORARILY_UNAVAILABLE", 503},
        Row{Code::kCancelled, "CANCELLED", 499},
        Row{Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504},
        Row{Code::kUnimplemented, "NOT_IMPLEMENTED", 501}, Row{Code::kDataLoss, "DATA_LOSS", 500},
        Row{Code::kInternal, "INTERNAL_ERROR", 500}, Row{Code::kUnknown, "INTERNAL_ERROR", 500}}) {
    Error error{row.code, "m", "", {}, {}};
    net::HttpResponse response = MlflowError(error);
    CHECK(MlflowErrorCode(row.code) == row.name);
    CHECK(response.status == row.status);
    auto body = boost::json::parse(response.body).as_object();
    CHECK(std::string_view(body.at("error_code").as_string()) == row.name);
    CHECK((response.Find("Retry-After") == "1") == (row.status == 503));
    // Of the server's own database: what the server may not do is nothing that a client lacks.
    const Error own{row.code, "m", "", {"database 'q.db'", 0, 0}, {}};
    CHECK(MlflowError(own).status == (row.code == Code::kPermissionDenied ? 503 : row.status));
  }
}

TEST_CASE("messages: the hint is shown, internals and broken text are not") {
  Error wrong{Code::kInvalidArgument, "'x' is odd", "use y", {}, {}};
  CHECK(MlflowError(wrong).body.find("'x' is odd (use y)") != std::string::npos);
  Error away{Code::kUnavailable, "secret host", "secret user", {"database 'secret'", 0, 0}, {}};
  CHECK(MlflowError(away).body.find("does not answer") != std::string::npos);
  CHECK(MlflowError(away).body.find("secret") == std::string::npos);
  Error internal{Code::kInternal, "secret table", "", {}, {}};
  CHECK(MlflowError(internal).body.find("secret") == std::string::npos);
  auto body = boost::json::parse(MlflowError("BAD_REQUEST", "a\xff\xc3").body);
  CHECK(std::string_view(body.at("message").as_string()) == "a??");
}

}  // namespace
}  // namespace quern::server::mlflow
