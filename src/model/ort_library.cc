#include "model/ort_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <filesystem>

namespace quern::model::ort {
namespace {

constexpr const char* kLibrary = "libonnxruntime.so.1";

/// A program linked of archives alone asks for no loader, and can load no library: glibc's dlopen
/// in such a program wants the very glibc that it was linked with.
bool ProgramIsStatic() {
  const auto asks_for_loader = [](dl_phdr_info* object, size_t, void*) {
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      if (object->dlpi_phdr[i].p_type == PT_INTERP) return 1;
    }
    return -1;  // The first object is the program; the others do not matter.
  };
  return dl_iterate_phdr(asks_for_loader, nullptr) != 1;
}

/// Beside the program first, as the installed folder has it.
void* OpenShared(std::string& problem) {
  if (ProgramIsStatic()) {
    problem = "this program is static: it has no ONNX Runtime and serves compiled models alone";
    return nullptr;
  }
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const std::filesystem::path near = program.parent_path().parent_path() / "lib" / kLibrary;
    if (void* library = dlopen(near.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  }
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (!library) problem = fmt::format("ONNX Runtime cannot be loaded: {}", dlerror());
  return library;
}

Library Open() {
  Library library;
  void* shared = OpenShared(library.problem);
  if (!shared) return library;
  const auto get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(shared, "OrtGetApiBase"));
  if (!get_base) {
    library.problem = fmt::format("{} is no ONNX Runtime: it lacks OrtGetApiBase", kLibrary);
    return library;
  }
  const ApiBase* base = get_base();
  library.version = base->GetVersionString();
  library.api = base->GetApi(kApiVersion);
  if (!library.api) {
    library.problem =
        fmt::format("ONNX Runtime {} does not serve API {}", library.version, kApiVersion);
    return library;
  }
  const Api* api = library.api;
  ort::Status* status = api->CreateEnv(kLogError, "quern", &library.env);
  if (!status) {
    status = api->CreateCpuMemoryInfo(kArenaAllocator, kMemTypeDefault, &library.memory);
  }
  if (!status) status = api->GetAllocatorWithDefaultOptions(&library.allocator);
  if (status) {
    library.problem = api->GetErrorMessage(status);
    api->ReleaseStatus(status);
  }
  return library;
}

}  // namespace

const Library& TheLibrary() {
  static const Library& library = *new Library(Open());
  return library;
}

quern::Status CheckLibrary() {
  const Library& library = TheLibrary();
  if (library.problem.empty()) return {};
  const std::string remedy =
      ProgramIsStatic()
          ? "serve it by the quern-serve that is not static"
          : fmt::format("put {} of ONNX Runtime 1.17 or newer into lib/ beside bin/", kLibrary);
  return Fail(Code::kFailedPrecondition, library.problem, remedy);
}

quern::Status Check(ort::Status* status, Code code, std::string_view what) {
  if (!status) return {};
  const Api* api = TheLibrary().api;
  std::string message = fmt::format("{}: {}", what, api->GetErrorMessage(status));
  api->ReleaseStatus(status);
  return Fail(code, std::move(message));
}

}  // namespace quern::model::ort
