#pragma once
// The part of ONNX Runtime's C API that is used here. Its header stands in no package registry, but
// the API is an append-only table of function pointers: this struct names the slots in use, typed,
// and leaves the others as gaps; the static_asserts hold every slot to its published index. Every
// function but Release* answers null or a status to be released.
#include <cstddef>
#include <cstdint>

namespace quern::model::ort {

struct Status;
struct Env;
struct Session;
struct SessionOptions;
struct RunOptions;
struct Value;
struct MemoryInfo;
struct Allocator;
struct TypeInfo;
struct TensorInfo;

/// A code of onnx_types.h.
using ElementType = int32_t;
inline constexpr int32_t kArenaAllocator = 1;
inline constexpr int32_t kMemTypeDefault = 0;
inline constexpr int32_t kLogError = 3;
inline constexpr int32_t kOptimizeAll = 99;
/// The table version asked for; every runtime from 1.17 on serves it.
inline constexpr uint32_t kApiVersion = 17;

struct Api {
  using Slot = void (*)();
  using StatusPtr = Status*;

  Slot create_status;
  Slot get_error_code;
  const char* (*GetErrorMessage)(const Status*);
  StatusPtr (*CreateEnv)(int32_t log_level, const char* id, Env** out);
  Slot gap4[3];
  StatusPtr (*CreateSession)(const Env*, const char* path, const SessionOptions*, Session** out);
  StatusPtr (*CreateSessionFromArray)(const Env*, const void* data, size_t size,
                                      const SessionOptions*, Session** out);
  StatusPtr (*Run)(Session*, const RunOptions*, const char* const* input_names,
                   const Value* const* inputs, size_t input_count, const char* const* output_names,
                   size_t output_count, Value** outputs);
  StatusPtr (*CreateSessionOptions)(SessionOptions** out);
  Slot gap11[11];
  StatusPtr (*SetSessionLogSeverityLevel)(SessionOptions*, int level);
  StatusPtr (*SetSessionGraphOptimizationLevel)(SessionOptions*, int32_t level);
  StatusPtr (*SetIntraOpNumThreads)(SessionOptions*, int threads);
  StatusPtr (*SetInterOpNumThreads)(SessionOptions*, int threads);
  Slot gap26[4];
  StatusPtr (*SessionGetInputCount)(const Session*, size_t* out);
  StatusPtr (*SessionGetOutputCount)(const Session*, size_t* out);
  Slot gap32;
  StatusPtr (*SessionGetInputTypeInfo)(const Session*, size_t index, TypeInfo** out);
  StatusPtr (*SessionGetOutputTypeInfo)(const Session*, size_t index, TypeInfo** out);
  Slot gap35;
  StatusPtr (*SessionGetInputName)(const Session*, size_t index, Allocator*, char** out);
  StatusPtr (*SessionGetOutputName)(const Session*, size_t index, Allocator*, char** out);
  Slot gap38[10];
  StatusPtr (*CreateTensorAsOrtValue)(Allocator*, const int64_t* shape, size_t rank, ElementType,
                                      Value** out);
  StatusPtr (*CreateTensorWithDataAsOrtValue)(const MemoryInfo*, void* data, size_t bytes,
                                              const int64_t* shape, size_t rank, ElementType,
                                              Value** out);
  Slot gap50;
  StatusPtr (*GetTensorMutableData)(Value*, void** out);
  StatusPtr (*FillStringTensor)(Value*, const char* const* texts, size_t count);
  StatusPtr (*GetStringTensorDataLength)(const Value*, size_t* out);
  StatusPtr (*GetStringTensorContent)(const Value*, void* buffer, size_t bytes, size_t* offsets,
                                      size_t count);
  /// The answer is owned by the TypeInfo; null if it is not a tensor's.
  StatusPtr (*CastTypeInfoToTensorInfo)(const TypeInfo*, const TensorInfo** out);
  Slot gap56[4];
  StatusPtr (*GetTensorElementType)(const TensorInfo*, ElementType* out);
  StatusPtr (*GetDimensionsCount)(const TensorInfo*, size_t* out);
  StatusPtr (*GetDimensions)(const TensorInfo*, int64_t* out, size_t count);
  Slot gap63;
  StatusPtr (*GetTensorShapeElementCount)(const TensorInfo*, size_t* out);
  StatusPtr (*GetTensorTypeAndShape)(const Value*, TensorInfo** out);
  Slot gap66[3];
  StatusPtr (*CreateCpuMemoryInfo)(int32_t allocator, int32_t mem_type, MemoryInfo** out);
  Slot gap70[6];
  StatusPtr (*AllocatorFree)(Allocator*, void* pointer);
  Slot gap77;
  /// The answer is owned by the library.
  StatusPtr (*GetAllocatorWithDefaultOptions)(Allocator** out);
  Slot gap79[14];
  void (*ReleaseStatus)(Status*);
  Slot gap94;
  void (*ReleaseSession)(Session*);
  void (*ReleaseValue)(Value*);
  Slot gap97;
  void (*ReleaseTypeInfo)(TypeInfo*);
  void (*ReleaseTensorInfo)(TensorInfo*);
  void (*ReleaseSessionOptions)(SessionOptions*);
};

#define QUERN_ORT_SLOT(name, index) \
  static_assert(offsetof(Api, name) == (index) * sizeof(Api::Slot), #name)
QUERN_ORT_SLOT(GetErrorMessage, 2);
QUERN_ORT_SLOT(CreateEnv, 3);
QUERN_ORT_SLOT(CreateSession, 7);
QUERN_ORT_SLOT(CreateSessionFromArray, 8);
QUERN_ORT_SLOT(Run, 9);
QUERN_ORT_SLOT(CreateSessionOptions, 10);
QUERN_ORT_SLOT(SetSessionLogSeverityLevel, 22);
QUERN_ORT_SLOT(SetSessionGraphOptimizationLevel, 23);
QUERN_ORT_SLOT(SetIntraOpNumThreads, 24);
QUERN_ORT_SLOT(SetInterOpNumThreads, 25);
QUERN_ORT_SLOT(SessionGetInputCount, 30);
QUERN_ORT_SLOT(SessionGetOutputCount, 31);
QUERN_ORT_SLOT(SessionGetInputTypeInfo, 33);
QUERN_ORT_SLOT(SessionGetOutputTypeInfo, 34);
QUERN_ORT_SLOT(SessionGetInputName, 36);
QUERN_ORT_SLOT(SessionGetOutputName, 37);
QUERN_ORT_SLOT(CreateTensorAsOrtValue, 48);
QUERN_ORT_SLOT(CreateTensorWithDataAsOrtValue, 49);
QUERN_ORT_SLOT(GetTensorMutableData, 51);
QUERN_ORT_SLOT(FillStringTensor, 52);
QUERN_ORT_SLOT(GetStringTensorDataLength, 53);
QUERN_ORT_SLOT(GetStringTensorContent, 54);
QUERN_ORT_SLOT(CastTypeInfoToTensorInfo, 55);
QUERN_ORT_SLOT(GetTensorElementType, 60);
QUERN_ORT_SLOT(GetDimensionsCount, 61);
QUERN_ORT_SLOT(GetDimensions, 62);
QUERN_ORT_SLOT(GetTensorShapeElementCount, 64);
QUERN_ORT_SLOT(GetTensorTypeAndShape, 65);
QUERN_ORT_SLOT(CreateCpuMemoryInfo, 69);
QUERN_ORT_SLOT(AllocatorFree, 76);
QUERN_ORT_SLOT(GetAllocatorWithDefaultOptions, 78);
QUERN_ORT_SLOT(ReleaseStatus, 93);
QUERN_ORT_SLOT(ReleaseSession, 95);
QUERN_ORT_SLOT(ReleaseValue, 96);
QUERN_ORT_SLOT(ReleaseTypeInfo, 98);
QUERN_ORT_SLOT(ReleaseTensorInfo, 99);
QUERN_ORT_SLOT(ReleaseSessionOptions, 100);
#undef QUERN_ORT_SLOT

struct ApiBase {
  /// Null for a version that the library does not serve.
  const Api* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

}  // namespace quern::model::ort
