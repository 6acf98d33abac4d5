#include "ml/learners/xgboost.h"

#include "ml/learners/xgboost_api.h"

namespace quern::ml {
namespace {

Status Call(int answer) {
  if (answer == 0) return {};
  std::string message = XGBGetLastError();
  message = message.substr(0, message.find("\nStack trace"));
  return Fail(Code::kInternal, "xgboost: " + message);
}

/// numpy's array interface as XGBoost takes it; `cols` 0 for a vector.
std::string ArrayInterface(const float* data, size_t rows, size_t cols) {
  return "{\"data\":[" + std::to_string(reinterpret_cast<uintptr_t>(data)) + ",true],\"shape\":[" +
         std::to_string(rows) + (cols ? "," + std::to_string(cols) : "") +
         "],\"typestr\":\"<f4\",\"version\":3}";
}

/// Owns a matrix of the library; the floats are copied into it.
class DataMatrix {
 public:
  static Result<DataMatrix> Make(const Matrix& x) {
    const std::vector<float> values(x.values.begin(), x.values.end());
    DataMatrix made;
    QUERN_TRY(Call(XGDMatrixCreateFromDense(ArrayInterface(values.data(), x.rows, x.cols).c_str(),
                                            "{\"missing\":NaN,\"nthread\":1}", &made.handle_)));
    return made;
  }
  DataMatrix(DataMatrix&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~DataMatrix() {
    if (handle_) XGDMatrixFree(handle_);
  }
  Status Set(const char* field, const std::vector<float>& values) {
    return Call(XGDMatrixSetInfoFromInterface(
        handle_, field, ArrayInterface(values.data(), values.size(), 0).c_str()));
  }
  DMatrixHandle handle() const { return handle_; }

 private:
  DataMatrix() = default;
  DMatrixHandle handle_ = nullptr;
};

}  // namespace

struct Booster::State {
  BoosterHandle handle = nullptr;
  ~State() {
    if (handle) XGBoosterFree(handle);
  }
};

Booster::Booster(std::unique_ptr<State> state) : state_(std::move(state)) {}
Booster::Booster(Booster&&) noexcept = default;
Booster::~Booster() = default;

Result<Booster> Booster::Train(const Matrix& x, const std::vector<float>& labels,
                               const std::vector<float>& weights,
                               const std::map<std::string, std::string>& params, size_t rounds,
                               const CancelToken* cancel) {
  QUERN_ASSIGN(DataMatrix data, DataMatrix::Make(x));
  QUERN_TRY(data.Set("label", labels));
  if (!weights.empty()) QUERN_TRY(data.Set("weight", weights));
  auto state = std::make_unique<State>();
  const DMatrixHandle handles[] = {data.handle()};
  QUERN_TRY(Call(XGBoosterCreate(handles, 1, &state->handle)));
  for (const auto& [name, value] : params)
    QUERN_TRY(Call(XGBoosterSetParam(state->handle, name.c_str(), value.c_str())));
  for (size_t i = 0; i < rounds; ++i) {
    if (cancel) QUERN_TRY(cancel->Check());
    QUERN_TRY(Call(XGBoosterUpdateOneIter(state->handle, static_cast<int>(i), data.handle())));
  }
  return Booster(std::move(state));
}

Result<std::vector<float>> Booster::Predict(const Matrix& x) const {
  QUERN_ASSIGN(const DataMatrix data, DataMatrix::Make(x));
  bst_ulong const* shape = nullptr;
  bst_ulong dimensions = 0;
  float const* result = nullptr;
  QUERN_TRY(Call(XGBoosterPredictFromDMatrix(
      state_->handle, data.handle(),
      "{\"type\":0,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
      "\"strict_shape\":true}",
      &shape, &dimensions, &result)));
  bst_ulong total = 1;
  for (bst_ulong i = 0; i < dimensions; ++i) total *= shape[i];
  return std::vector<float>(result, result + total);
}

Result<std::string> Booster::Save() const {
  bst_ulong length = 0;
  const char* bytes = nullptr;
  QUERN_TRY(
      Call(XGBoosterSaveModelToBuffer(state_->handle, "{\"format\":\"ubj\"}", &length, &bytes)));
  return std::string(bytes, length);
}

}  // namespace quern::ml
