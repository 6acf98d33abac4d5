#include "model/compile.h"

#include <fmt/format.h>

#include <algorithm>

namespace quern::model {
namespace {

Handler HandlerOf(const GraphNode& node) {
  const auto find = [&](const HandlerTable& table) -> Handler {
    const auto found = table.find(node.op);
    return found == table.end() ? nullptr : found->second;
  };
  if (node.domain == "ai.onnx.ml") {
    if (const Handler handler = find(PreparationHandlers())) return handler;
    return find(LearnerHandlers());
  }
  if (!node.domain.empty()) return nullptr;
  if (const Handler handler = find(ElementwiseHandlers())) return handler;
  if (const Handler handler = find(ShapeHandlers())) return handler;
  return find(MatrixHandlers());
}

std::optional<SymTensor> FromConstant(const Constant& constant, Terms& terms) {
  SymTensor tensor{constant.type, false, constant.shape, {}, nullptr};
  const size_t count = CountItems(constant.shape);
  if (count > kMostItems) return std::nullopt;
  tensor.items.reserve(count);
  if (const auto* v = std::get_if<std::vector<double>>(&constant.values)) {
    for (double x : *v) tensor.items.push_back(terms.Double(x));
  } else if (const auto* f = std::get_if<std::vector<float>>(&constant.values)) {
    for (float x : *f) tensor.items.push_back(terms.Float(x));
  } else if (const auto* i = std::get_if<std::vector<int64_t>>(&constant.values)) {
    for (int64_t x : *i) tensor.items.push_back(terms.Integer(x));
  } else {
    for (const std::string& x : std::get<std::vector<std::string>>(constant.values)) {
      tensor.items.push_back(terms.Text(x));
    }
  }
  return tensor;
}

}  // namespace

size_t CountItems(std::span<const int64_t> dims) {
  // A dimension of 0 makes no other one harmless: operators work along each of them.
  for (int64_t d : dims) {
    if (d < 0 || static_cast<uint64_t>(d) > kMostItems) return kMostItems + 1;
  }
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return 0;
  size_t count = 1;
  for (int64_t d : dims) {
    count *= static_cast<size_t>(d);
    if (count > kMostItems) return kMostItems + 1;
  }
  return count;
}

Status Compiler::AddInputs() {
  for (size_t i = 0; i < graph_.inputs.size(); ++i) {
    const TensorSpec& spec = graph_.inputs[i];
    switch (spec.type) {
      case DataType::kFp64:
      case DataType::kFp32:
      case DataType::kInt64:
      case DataType::kInt32:
      case DataType::kBool:
      case DataType::kBytes:
        break;
      default:
        return Fail(Code::kUnimplemented,
                    fmt::format("input '{}' is {}", spec.name, DataTypeName(spec.type)));
    }
    if (spec.shape.empty() || spec.shape[0] >= 0) {
      return Fail(Code::kUnimplemented,
                  fmt::format("input '{}' has no open first dimension", spec.name));
    }
    SymTensor tensor{spec.type, true, {spec.shape.begin() + 1, spec.shape.end()}, {}, nullptr};
    const size_t width = CountItems(tensor.dims);
    if (width > kMostItems) {
      return Fail(
          Code::kUnimplemented,
          fmt::format("input '{}' has an open second dimension, or is very wide", spec.name));
    }
    for (size_t c = 0; c < width; ++c) {
      tensor.items.push_back(
          terms_.Input(static_cast<int32_t>(i), static_cast<int32_t>(c), tensor.bank()));
    }
    values_.insert_or_assign(spec.name, std::move(tensor));
  }
  return {};
}

Result<SymTensor> Compiler::Find(const std::string& name) {
  const auto value = values_.find(name);
  if (value != values_.end()) return value->second;
  const auto made = made_.find(name);
  const auto stored = graph_.constants.find(name);
  if (made == made_.end() && stored == graph_.constants.end()) {
    return Fail(Code::kInvalidArgument, fmt::format("nothing computes '{}'", name),
                "the graph's nodes must stand in the order of computation");
  }
  auto tensor = FromConstant(made != made_.end() ? made->second : stored->second, terms_);
  if (!tensor) {
    return Fail(Code::kUnimplemented, fmt::format("the constant '{}' is very large", name));
  }
  values_.insert_or_assign(name, *tensor);
  return std::move(*tensor);
}

Status Compiler::Run() {
  QUERN_TRY(AddInputs());
  for (const GraphNode& node : graph_.nodes) {
    NodeContext context(*this, node);
    const Handler handler = HandlerOf(node);
    if (!handler) return context.Uncovered("the operator");
    QUERN_TRY(handler(context));
    if (terms_.size() > kMostTerms) return context.Uncovered("so many values");
  }
  return {};
}

std::unexpected<Error> NodeContext::Uncovered(std::string_view what) const {
  return Fail(Code::kUnimplemented,
              fmt::format("node '{}' ({}): {} is not covered", node_.name, node_.op, what));
}

std::unexpected<Error> NodeContext::Invalid(std::string_view what) const {
  return Fail(Code::kInvalidArgument, fmt::format("node '{}' ({}): {}", node_.name, node_.op, what),
              "export the model again");
}

bool NodeContext::Has(size_t input) const {
  return input < node_.inputs.size() && !node_.inputs[input].empty();
}

Result<SymTensor> NodeContext::RawInput(size_t input) {
  if (!Has(input)) return Invalid(fmt::format("input {} is missing", input));
  return compiler_.Find(node_.inputs[input]);
}

Result<SymTensor> NodeContext::Input(size_t input) {
  QUERN_ASSIGN(SymTensor tensor, RawInput(input));
  if (tensor.distances) return Uncovered("the distance to many points");
  if (tensor.turned) return Uncovered("a value with rows as its second dimension");
  return tensor;
}

const Constant* NodeContext::ConstantInput(size_t input) const {
  if (!Has(input)) return nullptr;
  const std::string& name = node_.inputs[input];
  const auto made = compiler_.made_.find(name);
  if (made != compiler_.made_.end()) return &made->second;
  const auto stored = compiler_.graph_.constants.find(name);
  return stored == compiler_.graph_.constants.end() ? nullptr : &stored->second;
}

Result<std::vector<int64_t>> NodeContext::Integers(size_t input) {
  QUERN_ASSIGN(const SymTensor tensor, Input(input));
  if (tensor.rows || tensor.bank() != Bank::kInteger) {
    return Uncovered(fmt::format("input {} that depends on the rows", input));
  }
  std::vector<int64_t> values;
  for (TermId item : tensor.items) {
    if (terms().at(item).op == Op::kRows) {
      values.push_back(kRowsMark);
    } else if (terms().IsConstant(item)) {
      values.push_back(terms().IntegerOf(item));
    } else {
      return Uncovered("arithmetic with the number of rows");
    }
  }
  return values;
}

template <class T>
const T* NodeContext::Get(std::string_view name) const {
  const auto found = node_.attributes.find(name);
  return found == node_.attributes.end() ? nullptr : std::get_if<T>(&found->second);
}

int64_t NodeContext::Int(std::string_view name, int64_t fallback) const {
  const auto* value = Get<int64_t>(name);
  return value ? *value : fallback;
}
float NodeContext::Float(std::string_view name, float fallback) const {
  const auto* value = Get<float>(name);
  return value ? *value : fallback;
}
std::string NodeContext::Text(std::string_view name, std::string_view fallback) const {
  const auto* value = Get<std::string>(name);
  return value ? *value : std::string(fallback);
}
std::vector<int64_t> NodeContext::Ints(std::string_view name) const {
  const auto* value = Get<std::vector<int64_t>>(name);
  return value ? *value : std::vector<int64_t>();
}
std::vector<float> NodeContext::Floats(std::string_view name) const {
  const auto* value = Get<std::vector<float>>(name);
  return value ? *value : std::vector<float>();
}
std::vector<std::string> NodeContext::Texts(std::string_view name) const {
  const auto* value = Get<std::vector<std::string>>(name);
  return value ? *value : std::vector<std::string>();
}
const Constant* NodeContext::Tensor(std::string_view name) const { return Get<Constant>(name); }

Status NodeContext::Output(size_t output, SymTensor tensor) {
  if (output >= node_.outputs.size() || node_.outputs[output].empty()) return {};
  if (!tensor.distances &&
      (tensor.items.size() > kMostItems || CountItems(tensor.dims) != tensor.items.size())) {
    return Uncovered("so large a value");
  }
  compiler_.items_ += tensor.items.size();
  if (compiler_.items_ > kMostItemsInAll) return Uncovered("so many values");
  QUERN_TRY(IsNew(node_.outputs[output]));
  compiler_.values_.emplace(node_.outputs[output], std::move(tensor));
  return {};
}

Status NodeContext::SetConstant(Constant constant) {
  if (node_.outputs.empty()) return {};
  QUERN_TRY(IsNew(node_.outputs[0]));
  compiler_.made_.emplace(node_.outputs[0], std::move(constant));
  return {};
}

Status NodeContext::IsNew(const std::string& name) const {
  if (compiler_.values_.contains(name) || compiler_.made_.contains(name) ||
      compiler_.graph_.constants.contains(name)) {
    return Invalid(fmt::format("'{}' is computed twice", name));
  }
  return {};
}

Result<int64_t> NodeContext::Axis(const SymTensor& tensor, int64_t axis) const {
  const auto rank = static_cast<int64_t>(tensor.dims.size()) + (tensor.rows ? 1 : 0);
  if (axis < -rank || axis >= rank) return Invalid(fmt::format("axis {} of rank {}", axis, rank));
  if (axis < 0) axis += rank;
  return axis - (tensor.rows ? 1 : 0);
}

std::optional<Broadcast> BroadcastOf(std::span<const SymTensor* const> tensors) {
  Broadcast out;
  size_t rank = 0;  // with the rows' axis
  for (const SymTensor* t : tensors) {
    out.rows |= t->rows;
    rank = std::max(rank, t->dims.size() + (t->rows ? 1 : 0));
  }
  const size_t lead = out.rows ? 1 : 0;
  out.dims.assign(rank - lead, 1);
  std::vector<std::vector<int64_t>> shapes;  // aligned to out.dims
  for (const SymTensor* t : tensors) {
    std::vector<int64_t> dims = t->dims;
    if (t->rows && dims.size() + 1 != rank) return std::nullopt;
    if (!t->rows && dims.size() == rank && lead == 1) {
      if (dims.front() != 1) return std::nullopt;
      dims.erase(dims.begin());
    }
    dims.insert(dims.begin(), out.dims.size() - dims.size(), 1);
    for (size_t d = 0; d < dims.size(); ++d) {
      if (dims[d] == out.dims[d] || dims[d] == 1) continue;
      if (out.dims[d] != 1) return std::nullopt;
      out.dims[d] = dims[d];
    }
    shapes.push_back(std::move(dims));
  }
  out.width = CountItems(out.dims);
  if (out.width > kMostItems) return std::nullopt;
  for (const std::vector<int64_t>& shape : shapes) {
    std::vector<uint32_t> positions(out.width);
    for (size_t i = 0; i < out.width; ++i) {
      size_t rest = i;
      size_t position = 0;
      size_t step = 1;
      for (size_t d = shape.size(); d-- > 0;) {
        const size_t at = rest % static_cast<size_t>(out.dims[d]);
        rest /= static_cast<size_t>(out.dims[d]);
        if (shape[d] != 1) position += at * step;
        step *= static_cast<size_t>(shape[d]);
      }
      positions[i] = static_cast<uint32_t>(position);
    }
    out.positions.push_back(std::move(positions));
  }
  return out;
}

}  // namespace quern::model
