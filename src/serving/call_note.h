#pragma once
// What this thread's last call was, and when: for access logs and traces, which see a request from
// outside and do not know what a protocol made of it.
#include <cstddef>
#include <string>
#include <string_view>

namespace quern::serving {

/// Texts keep their capacity from call to call. Times are MonotonicSeconds().
struct CallNote {
  bool called = false;
  std::string model;
  std::string version;
  std::string request_id;
  size_t rows = 0;
  double begin = 0;   // the call arrived as tensors
  double bound = 0;   // they are what the engine takes
  double ran = 0;     // the engine has answered
  double logged = 0;  // the prediction log has it

  void Clear() {
    called = false;
    model.clear();
    version.clear();
    request_id.clear();
    rows = 0;
    begin = bound = ran = logged = 0;
  }
};

/// Of this thread.
inline CallNote& LastCall() {
  static thread_local CallNote note;
  return note;
}

}  // namespace quern::serving
