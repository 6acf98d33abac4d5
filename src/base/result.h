#pragma once
// Errors are values: every operation that can fail on input, disk or network returns Result or
// Status.
#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace quern {

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// `return Fail(Code::kInvalidArgument, "no column 'x'", "did you mean 'y'?");`
inline std::unexpected<Error> Fail(Code code, std::string message, std::string hint = {},
                                   Position where = {}) {
  return std::unexpected<Error>(
      Error{code, std::move(message), std::move(hint), std::move(where), {}});
}

/// Adds "while doing X" to an error on its way up.
inline std::unexpected<Error> Within(Error error, std::string context) {
  error.context.push_back(std::move(context));
  return std::unexpected<Error>(std::move(error));
}

}  // namespace quern

#define QUERN_CONCAT_(a, b) a##b
#define QUERN_CONCAT(a, b) QUERN_CONCAT_(a, b)

/// Returns the error of a Status (or Result, dropping its value) to the caller.
#define QUERN_TRY(expr) QUERN_TRY_IMPL_(QUERN_CONCAT(quern_status_, __COUNTER__), expr)
#define QUERN_TRY_IMPL_(tmp, expr)                                                           \
  do {                                                                                       \
    if (auto tmp = (expr); !tmp.has_value()) return std::unexpected(std::move(tmp).error()); \
  } while (false)

/// `QUERN_ASSIGN(auto rows, Read(path));` declares or assigns the value, or returns the error.
#define QUERN_ASSIGN(lhs, expr) \
  QUERN_ASSIGN_IMPL_(QUERN_CONCAT(quern_result_, __COUNTER__), lhs, expr)
#define QUERN_ASSIGN_IMPL_(tmp, lhs, expr)                              \
  auto tmp = (expr);                                                    \
  if (!tmp.has_value()) return std::unexpected(std::move(tmp).error()); \
  lhs = std::move(*tmp)
