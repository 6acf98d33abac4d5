#pragma once
// What this thread's last call was, and when: for access logs and traces, which see a request from
// outside and do not know what a protocol made of it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quern::serving {

/// What an engine's answer was refused for.
enum class AnswerFault : uint8_t {
  kNone,
  kShape,   // another number of rows than asked
  kNumber,  // a score that is no finite number
};

/// Texts keep their capacity from call to call. Times are MonotonicSeconds().
struct CallNote {
  bool called = false;
  std::string model;
  std::string version;
  std::string request_id;
  size_t rows = 0;
  AnswerFault fault = AnswerFault::kNone;
  double begin = 0;   // the call arrived as tensors
  double bound = 0;   // they are what the engine takes
  double ran = 0;     // the engine has answered
  double logged = 0;  // the prediction log has it

  /// A call of that model begins.
  void Start(std::string_view called_model, std::string_view called_version, std::string_view id,
             double at) {
    called = true;
    model = called_model;
    version = called_version;
    request_id = id;
    fault = AnswerFault::kNone;
    begin = at;
  }
  void Clear() {
    called = false;
    model.clear();
    version.clear();
    request_id.clear();
    rows = 0;
    fault = AnswerFault::kNone;
    begin = bound = ran = logged = 0;
  }
};

/// Of this thread.
inline CallNote& LastCall() {
  static thread_local CallNote note;
  return note;
}

}  // namespace quern::serving
