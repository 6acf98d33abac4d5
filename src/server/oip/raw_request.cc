// A body that is nothing but a tensor.
#include <algorithm>

#include "server/oip/infer_request.h"
#include "server/oip/tensor_reader.h"

namespace quern::server::oip {
namespace {

using model::DataType;
using serving::NamedTensor;

std::unexpected<Error> BadRequest(std::string what) {
  return Fail(Code::kInvalidArgument, std::move(what));
}

}  // namespace

Result<InferRequest> ReadRawRequest(const serving::ServedModel& served, std::string_view body,
                                    Arena& arena) {
  const auto& specs = served.engine().inputs();
  if (specs.size() != 1) {
    return BadRequest("a raw request needs a model of one input, '" + served.name() + "' has " +
                      std::to_string(specs.size()));
  }
  const model::TensorSpec& spec = specs[0];
  const auto open =
      std::count_if(spec.shape.begin(), spec.shape.end(), [](int64_t d) { return d < 0; });
  if (open > 1) return BadRequest("a raw request needs an input with at most one open dimension");
  size_t known = model::ElementSize(spec.type);
  for (int64_t d : spec.shape) known *= d < 0 ? 1 : static_cast<size_t>(d);
  const bool text = spec.type == DataType::kBytes;
  std::span<int64_t> shape = arena.Make<int64_t>(spec.shape.size());
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto rest = static_cast<int64_t>(known == 0 ? 0 : body.size() / known);
    shape[i] = spec.shape[i] >= 0 ? spec.shape[i] : (text ? 1 : rest);
  }
  TensorHead head{spec.name, spec.type, shape, 0};
  QUERN_TRY(CheckShape(head.name, head.shape, &head.elements));
  std::span<NamedTensor> inputs = arena.Make<NamedTensor>(1);
  if (text) {
    if (head.elements != 1) return BadRequest("a raw request needs a model that takes one text");
    std::span<std::string_view> whole = arena.Make<std::string_view>(1);
    whole[0] = body;
    inputs[0] = {spec.name, {spec.type, shape, whole.data()}};
  } else {
    QUERN_ASSIGN(const model::TensorView data, ReadBinaryData(head, body, arena));
    inputs[0] = {spec.name, data};
  }
  InferRequest request;
  request.call.inputs = inputs;
  request.binary_by_default = true;
  return request;
}

}  // namespace quern::server::oip
