#pragma once
// ONNX Runtime as a library that is loaded when a model first needs it, never linked: a process
// whose models are all compiled does not map it.
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ort_api.h"

namespace quern::model::ort {

/// What the process shares: the table, the environment, the CPU's memory. Made once and never
/// destroyed, since sessions may outlive static destructors. Thread-safe.
struct Library {
  const Api* api = nullptr;
  Env* env = nullptr;
  MemoryInfo* memory = nullptr;
  Allocator* allocator = nullptr;
  std::string version;  // "1.31.1"
  std::string problem;  // why it cannot be used; empty if it can
};

/// Loads lib/libonnxruntime.so.1 of the installed folder (bin/../lib), else the system's.
const Library& TheLibrary();
/// kFailedPrecondition: the library is missing, broken, or older than 1.17.
quern::Status CheckLibrary();

/// The library's status as ours, released; the message becomes "`what`: message".
quern::Status Check(ort::Status* status, Code code, std::string_view what);

/// Owns a handle of the library.
template <class T, auto kRelease>
struct Releaser {
  void operator()(T* handle) const { (TheLibrary().api->*kRelease)(handle); }
};
using SessionPtr = std::unique_ptr<Session, Releaser<Session, &Api::ReleaseSession>>;
using OptionsPtr =
    std::unique_ptr<SessionOptions, Releaser<SessionOptions, &Api::ReleaseSessionOptions>>;
using ValuePtr = std::unique_ptr<Value, Releaser<Value, &Api::ReleaseValue>>;
using TypePtr = std::unique_ptr<TypeInfo, Releaser<TypeInfo, &Api::ReleaseTypeInfo>>;
using TensorInfoPtr = std::unique_ptr<TensorInfo, Releaser<TensorInfo, &Api::ReleaseTensorInfo>>;

}  // namespace quern::model::ort
