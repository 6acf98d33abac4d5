// The file MLmodel of an MLflow model.
#include <boost/json.hpp>

#include "base/json_read.h"
#include "base/yaml.h"
#include "serving/model_loader.h"

namespace quern::serving {
namespace {

std::string ScalarAt(const YamlNode* node, std::string_view key) {
  const YamlNode* found = node != nullptr ? node->Find(key) : nullptr;
  return found != nullptr && found->IsScalar() ? found->scalar : std::string();
}

/// `[{"name", "type", "required"?, "tensor-spec"?}]`, the text of signature.inputs.
Result<MlflowSignature> ReadSignature(const std::string& text, const Position& where) {
  auto parsed = ParseJson(text);
  if (!parsed || !parsed->is_array()) {
    return FailAt(where, "signature.inputs is no list in JSON");
  }
  MlflowSignature signature;
  for (const json::value& entry : parsed->as_array()) {
    if (!entry.is_object()) return FailAt(where, "an entry of signature.inputs is no object");
    const json::object& object = entry.as_object();
    MlflowSignature::Column column{TextAt(entry, "/name"), TextAt(entry, "/type"), true};
    if (const json::value* required = object.if_contains("required")) {
      column.required = !required->is_bool() || required->as_bool();
    }
    if (column.type == "tensor") {
      signature.tensors = true;
      const json::value* spec = object.if_contains("tensor-spec");
      if (spec != nullptr && spec->is_object()) column.type = TextAt(*spec, "/dtype");
    }
    // Columns without names are told by their order alone, as if there were no signature.
    if (column.name.empty() && !signature.tensors) return MlflowSignature{};
    signature.inputs.push_back(std::move(column));
  }
  return signature;
}

}  // namespace

Result<MlmodelFile> ReadMlmodel(std::string_view text, const std::string& file_name) {
  QUERN_ASSIGN(const YamlNode root, ParseYaml(text, file_name));
  const YamlNode* flavors = root.IsMap() ? root.Find("flavors") : nullptr;
  if (flavors == nullptr || !flavors->IsMap()) {
    return FailAt(root.where, "this is no MLmodel: it has no map 'flavors'");
  }
  MlmodelFile file;
  for (const YamlEntry& flavor : flavors->entries) file.flavors.push_back(flavor.key);
  file.data = ScalarAt(flavors->Find("onnx"), "data");
  file.serving_example = ScalarAt(root.Find("saved_input_example_info"), "serving_input_path");
  if (const YamlNode* metadata = root.Find("metadata"); metadata != nullptr && metadata->IsMap()) {
    for (const YamlEntry& entry : metadata->entries) {
      if (entry.value.IsScalar()) file.metadata[entry.key] = entry.value.scalar;
    }
  }
  const YamlNode* signature = root.Find("signature");
  const std::string inputs = ScalarAt(signature, "inputs");
  if (!inputs.empty() && inputs != "null") {
    QUERN_ASSIGN(file.signature, ReadSignature(inputs, signature->where));
  }
  return file;
}

}  // namespace quern::serving
