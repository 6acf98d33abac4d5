// Operators of ai.onnx.ml that prepare columns: what exporters write for imputers, scalers,
// encoders.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "model/compile.h"
#include "model/compile_select.h"

namespace quern::model {

namespace {

bool IsCastable(DataType type) {
  return type == DataType::kFp64 || type == DataType::kFp32 || type == DataType::kInt64 ||
         type == DataType::kInt32 || type == DataType::kBool;
}

Result<SymTensor> AsFloats(NodeContext& node, size_t input) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(input));
  if (!IsCastable(tensor.type)) return node.Uncovered(DataTypeName(tensor.type));
  for (TermId& item : tensor.items) item = node.terms().Cast(item, Bank::kFloat);
  tensor.type = DataType::kFp32;
  return tensor;
}

/// One value per column, or one for all.
Result<float> PerColumn(NodeContext& node, const std::vector<float>& values, size_t column,
                        size_t width) {
  if (values.size() == 1) return values[0];
  if (values.size() == width) return values[column];
  return node.Invalid(fmt::format("{} values for {} columns", values.size(), width));
}

Status Imputer(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  const std::vector<float> imputed = node.Floats("imputed_value_floats");
  if (tensor.type != DataType::kFp32 || !tensor.rows) return node.Uncovered("this type");
  Terms& terms = node.terms();
  const float replaced = node.Float("replaced_value_float", 0);
  for (size_t i = 0; i < tensor.items.size(); ++i) {
    QUERN_ASSIGN(const float value, PerColumn(node, imputed, i, tensor.width()));
    TermId& item = tensor.items[i];
    const TermId test = std::isnan(replaced)
                            ? terms.Make(Op::kIsNaN, Bank::kInteger, item)
                            : terms.Make(Op::kEqual, Bank::kInteger, item, terms.Float(replaced));
    item = terms.Where(test, terms.Float(value), item);
  }
  return node.Output(0, std::move(tensor));
}

Status Scaler(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  if (tensor.type != DataType::kFp64) {
    QUERN_ASSIGN(tensor, AsFloats(node, 0));
  }
  Terms& terms = node.terms();
  const Bank bank = tensor.bank();
  const std::vector<float> offsets = node.Floats("offset");
  const std::vector<float> scales = node.Floats("scale");
  for (size_t i = 0; i < tensor.items.size(); ++i) {
    QUERN_ASSIGN(const float offset, PerColumn(node, offsets, i, tensor.width()));
    QUERN_ASSIGN(const float scale, PerColumn(node, scales, i, tensor.width()));
    TermId item = terms.Make(Op::kSub, bank, tensor.items[i],
                             terms.Number(bank, static_cast<double>(offset)));
    item = terms.Make(Op::kMul, bank, item, terms.Number(bank, static_cast<double>(scale)));
    tensor.items[i] = terms.Cast(item, Bank::kFloat);
  }
  tensor.type = DataType::kFp32;
  return node.Output(0, std::move(tensor));
}

/// Divides a row by its norm; a row of norm 0 stays as it is.
Status Normalizer(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, AsFloats(node, 0));
  if (!tensor.rows || tensor.dims.size() != 1 || tensor.items.empty()) {
    return node.Uncovered("this shape");
  }
  const std::string norm = node.Text("norm", "MAX");
  Terms& terms = node.terms();
  const auto make = [&](Op op, TermId a, TermId b = kNoTerm) {
    return terms.Make(op, Bank::kFloat, a, b);
  };
  TermId sum = kNoTerm;
  std::vector<TermId> sizes;
  for (TermId item : tensor.items) {
    sizes.push_back(norm == "L1"   ? make(Op::kAbs, item)
                    : norm == "L2" ? make(Op::kMul, item, item)
                                   : item);
    const Op op = norm == "MAX" ? Op::kMax : Op::kAdd;
    sum = sum == kNoTerm ? sizes.back() : make(op, sum, sizes.back());
  }
  const TermId zero = terms.Float(0);
  const TermId none = terms.Make(Op::kEqual, Bank::kInteger, sum, zero);
  for (size_t i = 0; i < tensor.items.size(); ++i) {
    const TermId item = tensor.items[i];
    TermId scaled = make(Op::kDiv, norm == "L2" ? sizes[i] : item, sum);
    if (norm == "L2") {
      scaled = make(Op::kSqrt, scaled);
      scaled = terms.Where(terms.Make(Op::kLess, Bank::kInteger, item, zero),
                           make(Op::kNeg, scaled), scaled);
    }
    tensor.items[i] = terms.Where(none, item, scaled);
  }
  return node.Output(0, std::move(tensor));
}

Status Binarizer(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, AsFloats(node, 0));
  Terms& terms = node.terms();
  const TermId threshold = terms.Float(node.Float("threshold", 0));
  for (TermId& item : tensor.items) {
    item = terms.Cast(terms.Make(Op::kLess, Bank::kInteger, threshold, item), Bank::kFloat);
  }
  return node.Output(0, std::move(tensor));
}

/// What orders keys: floats by their bits, among which NaN has a place and -0 is 0.
template <class T>
auto OrderOf(const T& key) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<uint32_t>(key == 0 ? 0.0F : key);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<uint64_t>(key == 0 ? 0.0 : key);
  } else {
    return key;
  }
}

/// Removes repeated keys: the first one counts.
template <class T>
void KeepFirst(std::vector<T>& keys, Values& values) {
  std::set<decltype(OrderOf(keys.front()))> seen;
  std::vector<size_t> kept;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (seen.insert(OrderOf(keys[i])).second) kept.push_back(i);
  }
  if (kept.size() == keys.size()) return;
  const auto pick = [&](auto& list) {
    std::decay_t<decltype(list)> chosen;
    for (size_t i : kept) chosen.push_back(list[i]);
    list = std::move(chosen);
  };
  pick(keys);
  std::visit(pick, values);
}

size_t SizeOf(const Values& values) {
  return std::visit([](const auto& list) { return list.size(); }, values);
}

DataType TypeOf(const Values& values) {
  switch (values.index()) {
    case 0:
      return DataType::kFp64;
    case 1:
      return DataType::kFp32;
    case 2:
      return DataType::kInt64;
    default:
      return DataType::kBytes;
  }
}

/// keys_* or values_*, whichever type is there.
std::optional<Values> ListOf(NodeContext& node, const std::string& prefix) {
  if (const Constant* tensor = node.Tensor(prefix + "_tensor")) {
    return std::visit([](const auto& list) { return Values(list); }, tensor->values);
  }
  if (node.HasAttribute(prefix + "_strings")) return Values(node.Texts(prefix + "_strings"));
  if (node.HasAttribute(prefix + "_int64s")) return Values(node.Ints(prefix + "_int64s"));
  if (node.HasAttribute(prefix + "_floats")) return Values(node.Floats(prefix + "_floats"));
  return std::nullopt;
}

Result<Values> FallbackOf(NodeContext& node, const Values& values) {
  if (const Constant* tensor = node.Tensor("default_tensor")) {
    Values given = std::visit([](const auto& list) { return Values(list); }, tensor->values);
    if (given.index() != values.index() || SizeOf(given) != 1) {
      return node.Invalid("its default is of another type than its values");
    }
    return given;
  }
  switch (values.index()) {
    case 1:
      return Values(std::vector<float>{node.Float("default_float", -0.0F)});
    case 2:
      return Values(std::vector<int64_t>{node.Int("default_int64", -1)});
    case 3:
      return Values(std::vector<std::string>{node.Text("default_string", "_Unused")});
    default:
      return node.Uncovered("values of this type without a default");
  }
}

/// The old form: a list of texts that stand for 0, 1, …, in the direction that the input tells.
Status OldLabelEncoder(NodeContext& node, const SymTensor& tensor) {
  const std::vector<std::string> classes = node.Texts("classes_strings");
  std::vector<int64_t> codes(classes.size());
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<int64_t>(i);
  LookupTable table;
  const bool encodes = tensor.type == DataType::kBytes;
  table.keys = encodes ? Values(classes) : Values(codes);
  table.values = encodes ? Values(codes) : Values(classes);
  QUERN_ASSIGN(table.fallback, FallbackOf(node, table.values));
  if (encodes) KeepFirst(std::get<std::vector<std::string>>(table.keys), table.values);
  SymTensor out = tensor;
  out.type = TypeOf(table.values);
  const int32_t id = node.terms().AddTable(std::move(table));
  for (TermId& item : out.items) item = node.terms().Lookup(item, id, out.bank());
  return node.Output(0, std::move(out));
}

Status LabelEncoder(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  if (node.HasAttribute("classes_strings")) {
    if (tensor.type != DataType::kBytes && tensor.type != DataType::kInt64) {
      return node.Uncovered(DataTypeName(tensor.type));
    }
    return OldLabelEncoder(node, tensor);
  }
  auto keys = ListOf(node, "keys");
  auto values = ListOf(node, "values");
  if (!keys || !values) return node.Invalid("it has no keys, or no values");
  if (SizeOf(*keys) != SizeOf(*values)) return node.Invalid("its keys and values differ in number");
  if (TypeOf(*keys) != tensor.type || keys->index() == 0) {
    return node.Uncovered(
        fmt::format("{} with keys of {}", DataTypeName(tensor.type), DataTypeName(TypeOf(*keys))));
  }
  LookupTable table;
  QUERN_ASSIGN(table.fallback, FallbackOf(node, *values));
  if (auto* floats = std::get_if<std::vector<float>>(&*keys)) {
    const bool any_nan =
        std::any_of(floats->begin(), floats->end(), [](float x) { return std::isnan(x); });
    if (any_nan && node.ml_opset() < 4) return node.Uncovered("NaN as a key");
  }
  std::visit([&](auto& list) { KeepFirst(list, *values); }, *keys);
  table.keys = std::move(*keys);
  table.values = std::move(*values);
  tensor.type = TypeOf(table.values);
  const int32_t id = node.terms().AddTable(std::move(table));
  for (TermId& item : tensor.items) item = node.terms().Lookup(item, id, tensor.bank());
  return node.Output(0, std::move(tensor));
}

Status OneHotEncoder(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  if (node.Int("zeros", 1) == 0) return node.Uncovered("an error for unknown categories");
  const std::vector<std::string> texts = node.Texts("cats_strings");
  const std::vector<int64_t> integers = node.Ints("cats_int64s");
  const bool is_text = tensor.type == DataType::kBytes;
  if (is_text ? texts.empty() : integers.empty() || !IsCastable(tensor.type)) {
    return node.Uncovered(fmt::format("{} with these categories", DataTypeName(tensor.type)));
  }
  Terms& terms = node.terms();
  const size_t categories = is_text ? texts.size() : integers.size();
  if (categories * tensor.width() > kMostItems) return node.Uncovered("so many categories");
  int32_t table = -1;
  if (is_text) {
    LookupTable codes{texts, std::vector<int64_t>(), std::vector<int64_t>{-1}};
    for (size_t i = 0; i < texts.size(); ++i) {
      std::get<std::vector<int64_t>>(codes.values).push_back(static_cast<int64_t>(i));
    }
    KeepFirst(std::get<std::vector<std::string>>(codes.keys), codes.values);
    table = terms.AddTable(std::move(codes));
  }
  SymTensor out{DataType::kFp32, tensor.rows, tensor.dims, {}, nullptr};
  out.dims.push_back(static_cast<int64_t>(categories));
  for (TermId item : tensor.items) {
    const TermId code =
        is_text ? terms.Lookup(item, table, Bank::kInteger) : terms.Cast(item, Bank::kInteger);
    for (size_t c = 0; c < categories; ++c) {
      const TermId wanted = terms.Integer(is_text ? static_cast<int64_t>(c) : integers[c]);
      out.items.push_back(
          terms.Cast(terms.Make(Op::kEqual, Bank::kInteger, code, wanted), Bank::kFloat));
    }
  }
  return node.Output(0, std::move(out));
}

Status FeatureVectorizer(NodeContext& node) {
  SymTensor out{DataType::kFp32, true, {0}, {}, nullptr};
  const std::vector<int64_t> widths = node.Ints("inputdimensions");
  for (size_t i = 0; i < node.node().inputs.size(); ++i) {
    QUERN_ASSIGN(const SymTensor part, AsFloats(node, i));
    if (!part.rows || i >= widths.size() || widths[i] != static_cast<int64_t>(part.width())) {
      return node.Uncovered("cutting or filling its inputs");
    }
    out.items.insert(out.items.end(), part.items.begin(), part.items.end());
  }
  out.dims[0] = static_cast<int64_t>(out.items.size());
  return node.Output(0, std::move(out));
}

/// The matrix of scores itself: dictionaries are no tensors.
Status ZipMap(NodeContext& node) {
  QUERN_ASSIGN(SymTensor tensor, node.Input(0));
  return node.Output(0, std::move(tensor));
}

}  // namespace

Result<SymTensor> LabelOf(NodeContext& node, TermId index, size_t count, std::string_view strings,
                          std::string_view integers) {
  const std::vector<std::string> texts = node.Texts(strings);
  const std::vector<int64_t> numbers = node.Ints(integers);
  if (std::max(texts.size(), numbers.size()) < count || (!texts.empty() && !numbers.empty())) {
    return node.Invalid("its class labels are not one per class");
  }
  SymTensor out{texts.empty() ? DataType::kInt64 : DataType::kBytes, true, {}, {}, nullptr};
  const int32_t list = node.terms().AddList(texts.empty() ? Values(numbers) : Values(texts));
  out.items = {node.terms().Take(index, list, out.bank())};
  return out;
}

const HandlerTable& PreparationHandlers() {
  static const HandlerTable table = {
      {"Imputer", Imputer},
      {"Scaler", Scaler},
      {"Normalizer", Normalizer},
      {"Binarizer", Binarizer},
      {"LabelEncoder", LabelEncoder},
      {"OneHotEncoder", OneHotEncoder},
      {"FeatureVectorizer", FeatureVectorizer},
      {"ArrayFeatureExtractor", ExtractFeatures},
      {"ZipMap", ZipMap},
  };
  return table;
}

}  // namespace quern::model
