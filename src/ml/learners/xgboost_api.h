#pragma once
// The part of XGBoost's C API (3.x) that is used here, declared by us because the library comes
// without a header. Every function answers 0, or -1 with XGBGetLastError() on the same thread.
#include <cstdint>

extern "C" {

using bst_ulong = uint64_t;
using DMatrixHandle = void*;
using BoosterHandle = void*;

const char* XGBGetLastError();
int XGDMatrixCreateFromDense(const char* array_interface, const char* config, DMatrixHandle* out);
int XGDMatrixSetInfoFromInterface(DMatrixHandle handle, const char* field,
                                  const char* array_interface);
int XGDMatrixFree(DMatrixHandle handle);
int XGBoosterCreate(const DMatrixHandle matrices[], bst_ulong count, BoosterHandle* out);
int XGBoosterSetParam(BoosterHandle handle, const char* name, const char* value);
int XGBoosterUpdateOneIter(BoosterHandle handle, int iteration, DMatrixHandle train);
int XGBoosterPredictFromDMatrix(BoosterHandle handle, DMatrixHandle matrix, const char* config,
                                bst_ulong const** shape, bst_ulong* dimensions,
                                float const** result);
int XGBoosterSaveModelToBuffer(BoosterHandle handle, const char* config, bst_ulong* length,
                               const char** out);
int XGBoosterFree(BoosterHandle handle);

}  // extern "C"
