#include "model/package.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/yaml.h"
#include "model/onnx_build.h"
#include "model/package_background.h"
#include "model/package_files.h"

namespace quern::model {
namespace {

constexpr int64_t kFormat = 1;

/// Files under the digest, in the order in which they enter it. MLmodel and lineage.json hold times
/// and ids and stand outside; background.json enters by its own digest, which quern.json states.
constexpr const char* kDigested[] = {
    "model.onnx",       "quern.json", "input_example.json", "serving_input_example.json",
    "requirements.txt", "conda.yaml", "python_env.yaml"};

using Files = std::vector<std::pair<std::string, std::string>>;  // name, bytes

std::string DigestOf(const Files& files) {
  Digester digester;
  for (const auto& [name, bytes] : files) digester.Add(name).Add(bytes);
  return digester.Finish();
}

Result<json::value> Given(const std::string& text, const std::string& what) {
  if (text.empty()) return json::value(nullptr);
  return ParseJson(text, {.name = what});
}

json::value ParamJson(const ml::ParamValue& value) {
  return std::visit([](const auto& v) { return json::value(v); }, value);
}

json::value TextList(const std::vector<std::string>& texts) {
  json::array list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

Result<std::string> QuernJson(const PackageSpec& spec, const Signature& signature,
                              const std::string& background) {
  const ml::FittedPipeline& pipeline = *spec.pipeline;
  json::array inputs;
  for (const ml::InputColumn& input : signature.inputs) {
    inputs.push_back(
        json::object{{"name", input.name}, {"type", input.is_text ? "text" : "number"}});
  }
  json::array derived;
  for (const ml::DerivedColumn& column : pipeline.derived) {
    derived.push_back(json::object{{"name", column.name}, {"expression", column.expression}});
  }
  json::object params;
  for (const auto& [name, value] : pipeline.params) params[name] = ParamJson(value);
  json::object object{{"format", kFormat},
                      {"program_version", QUERN_VERSION},
                      {"task", TaskName(signature.task)},
                      {"inputs", std::move(inputs)},
                      {"classes", TextList(signature.classes)},
                      {"numeric_classes", signature.numeric_classes},
                      {"positive", nullptr},
                      {"threshold", nullptr},
                      {"rows_per_call", signature.rows_per_call},
                      {"learner", pipeline.learner},
                      {"params", std::move(params)},
                      {"derived", std::move(derived)},
                      {"features", TextList(pipeline.feature_names)},
                      {"background", nullptr}};
  if (spec.background) object["background"] = BackgroundEntry(background);
  if (signature.task == ml::Task::kBinary) {
    object["positive"] = signature.positive();
    object["threshold"] = signature.threshold;
  }
  QUERN_ASSIGN(object["metrics"], Given(spec.metrics_json, "metrics"));
  QUERN_ASSIGN(object["reference"], Given(spec.reference_json, "reference"));
  QUERN_ASSIGN(object["pipeline"], Given(spec.pipeline_json, "pipeline"));
  return WritePrettyJson(object) + "\n";
}

Result<Files> DigestedFiles(const PackageSpec& spec, const Signature& signature,
                            const std::string& background) {
  std::string onnx = spec.onnx;
  if (onnx.empty()) {
    QUERN_ASSIGN(onnx, BuildOnnx(*spec.pipeline));
  }
  QUERN_ASSIGN(std::string quern, QuernJson(spec, signature, background));
  QUERN_ASSIGN(std::string example, ExampleText(signature, spec.example));
  std::string serving = ServingExampleText(example);
  std::string texts[] = {std::move(onnx),    std::move(quern),   std::move(example),
                         std::move(serving), RequirementsText(), CondaText(),
                         PythonEnvText()};
  Files files;
  for (size_t i = 0; i < std::size(kDigested); ++i) {
    files.emplace_back(kDigested[i], std::move(texts[i]));
  }
  return files;
}

Result<std::string> LineageText(const PackageSpec& spec) {
  QUERN_ASSIGN(json::value lineage, Given(spec.lineage_json, "lineage"));
  const json::object object{{"created", FormatTime(spec.created_ms)},
                            {"lineage", std::move(lineage)}};
  return WritePrettyJson(object) + "\n";
}

std::unexpected<Error> Broken(const std::string& dir, const std::string& what) {
  return Fail(Code::kDataLoss, fmt::format("model package '{}': {}", dir, what),
              "restore the folder from a copy, or register the model again");
}

Result<std::string> ReadPart(const std::string& dir, const std::string& name, Fs& fs) {
  auto bytes = fs.Read(JoinPath(dir, name));
  if (!bytes && bytes.error().code == Code::kNotFound) return Broken(dir, name + " is missing");
  return bytes;
}

/// Members of a JSON object, of the kind that is wanted; what fails is remembered.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}
  const std::string& problem() const { return problem_; }

  std::string Text(const char* key) {
    const json::value* value = Get(key);
    if (value && value->is_string()) return std::string(value->get_string());
    return Miss(key, std::string());
  }
  bool Flag(const char* key) {
    const json::value* value = Get(key);
    return value && value->is_bool() ? value->get_bool() : Miss(key, false);
  }
  double Number(const char* key) {
    const json::value* value = Get(key);
    return value && value->is_number() ? value->to_number<double>() : Miss(key, 0.0);
  }
  const json::array& List(const char* key) {
    static const json::array kNone;
    const json::value* value = Get(key);
    if (value && value->is_array()) return value->get_array();
    Miss(key, false);
    return kNone;
  }
  std::vector<std::string> Texts(const char* key) {
    std::vector<std::string> texts;
    for (const json::value& value : List(key)) {
      if (!value.is_string()) return Miss(key, texts);
      texts.emplace_back(value.get_string());
    }
    return texts;
  }
  std::string Json(const char* key) {
    const json::value* value = Get(key);
    return value ? WriteJson(*value) : Miss(key, std::string("null"));
  }

 private:
  const json::value* Get(const char* key) { return object_.if_contains(key); }
  template <class T>
  T Miss(const char* key, T fallback) {
    if (problem_.empty()) problem_ = fmt::format("quern.json has no proper '{}'", key);
    return fallback;
  }

  const json::object& object_;
  std::string problem_;
};

std::string ReadSignature(Members& members, Signature& signature) {
  const auto task = ParseTask(members.Text("task"));
  if (!task) return "quern.json has no proper 'task'";
  signature.task = *task;
  for (const json::value& entry : members.List("inputs")) {
    if (!entry.is_object()) return "quern.json has no proper 'inputs'";
    Members input(entry.get_object());
    signature.inputs.push_back({input.Text("name"), input.Text("type") == "text"});
    if (!input.problem().empty()) return input.problem();
  }
  signature.classes = members.Texts("classes");
  signature.numeric_classes = members.Flag("numeric_classes");
  const size_t classes = signature.classes.size();
  if (signature.task == ml::Task::kBinary) signature.threshold = members.Number("threshold");
  const double rows = members.Number("rows_per_call");
  if (!(rows >= 1 && rows <= 1e9)) return "quern.json has no proper 'rows_per_call'";
  signature.rows_per_call = static_cast<size_t>(rows);
  if (*task == ml::Task::kBinary ? classes != 2 : classes == 1) {
    return "quern.json has no proper 'classes'";
  }
  return members.problem();
}

Result<json::object> ParseQuernJson(const std::string& text, const PackageInfo& info) {
  auto parsed = ParseJson(text, {.name = "quern.json"});
  if (!parsed) return Broken(info.path, "quern.json: " + parsed.error().message);
  if (!parsed->is_object()) return Broken(info.path, "quern.json is no object");
  return std::move(parsed->get_object());
}

Status ReadQuernJson(const json::object& quern, PackageInfo& info) {
  Members members(quern);
  const double format = members.Number("format");
  info.program_version = members.Text("program_version");
  if (format > static_cast<double>(kFormat)) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("model package '{}' was written by Quern {}, format {}", info.path,
                            info.program_version, format),
                "use that version of Quern or a newer one");
  }
  if (std::string problem = ReadSignature(members, info.signature); !problem.empty()) {
    return Broken(info.path, problem);
  }
  info.learner = members.Text("learner");
  info.feature_names = members.Texts("features");
  info.metrics_json = members.Json("metrics");
  info.reference_json = members.Json("reference");
  info.pipeline_json = members.Json("pipeline");
  if (!members.problem().empty()) return Broken(info.path, members.problem());
  return {};
}

/// The rows that quern.json speaks of.
Status ReadBackground(const json::object& quern, PackageInfo& info, Fs& fs) {
  const json::value* entry = quern.if_contains("background");
  info.leaves_out_background = entry != nullptr && entry->is_null();
  if (entry == nullptr || entry->is_null()) return {};
  QUERN_ASSIGN(const std::string text, ReadPart(info.path, kBackgroundFile, fs));
  info.bytes += text.size();
  auto rows = ParseBackground(*entry, text, info.signature);
  if (!rows) return Broken(info.path, rows.error().message);
  info.background = std::move(*rows);
  return {};
}

Status ReadLineage(const std::string& text, PackageInfo& info) {
  const auto parsed = ParseJson(text, {.name = "lineage.json"});
  if (!parsed) return Broken(info.path, "lineage.json: " + parsed.error().message);
  if (!parsed->is_object()) return Broken(info.path, "lineage.json is no object");
  Members members(parsed->get_object());
  info.created = members.Text("created");
  info.lineage_json = members.Json("lineage");
  if (!members.problem().empty()) return Broken(info.path, "lineage.json is not complete");
  return {};
}

/// The digest and the id that MLmodel states.
Status ReadMlmodel(const std::string& text, PackageInfo& info) {
  const auto root = ParseYaml(text, "MLmodel");
  if (!root) return Broken(info.path, "MLmodel: " + root.error().message);
  const YamlNode* metadata = root->Find("metadata");
  const YamlNode* digest = metadata ? metadata->Find("quern.digest") : nullptr;
  const YamlNode* uuid = root->Find("model_uuid");
  if (!digest || !uuid) {
    return Broken(info.path, "MLmodel has no quern.digest: the model was not packaged by Quern");
  }
  info.digest = digest->scalar;
  info.model_uuid = uuid->scalar;
  return {};
}

}  // namespace

Result<PackageInfo> WritePackage(const PackageSpec& spec, const std::string& dir, Fs& fs) {
  if (!spec.pipeline) return Fail(Code::kInvalidArgument, "a model package needs a pipeline");
  if (fs.Exists(dir)) {
    return Fail(Code::kAlreadyExists, fmt::format("'{}' exists", dir),
                "packages are never overwritten: give another folder");
  }
  const Signature signature = SignatureOf(*spec.pipeline);
  std::string background;
  if (spec.background) {
    QUERN_ASSIGN(background, ExampleText(signature, *spec.background));
  }
  QUERN_ASSIGN(Files files, DigestedFiles(spec, signature, background));
  MlmodelFields fields;
  fields.digest = DigestOf(files);
  fields.model_uuid = fields.digest.substr(0, 32);
  fields.created = FormatTime(spec.created_ms);
  QUERN_ASSIGN(std::string lineage, LineageText(spec));
  files.emplace_back("lineage.json", std::move(lineage));
  if (spec.background) files.emplace_back(kBackgroundFile, std::move(background));
  for (const auto& [name, bytes] : files) fields.bytes += bytes.size();
  files.emplace_back("MLmodel", MlmodelText(signature, fields));
  const std::string partial = dir + ".partial";
  QUERN_TRY(fs.RemoveAll(partial));
  for (const auto& [name, bytes] : files) {
    QUERN_TRY(fs.WriteAtomic(JoinPath(partial, name), bytes));
  }
  QUERN_TRY(fs.MoveInto(partial, dir));
  return ReadPackage(dir, fs);
}

Result<PackageInfo> ReadPackage(const std::string& dir, Fs& fs) {
  const auto mlmodel = fs.Read(JoinPath(dir, "MLmodel"));
  if (!mlmodel) {
    if (mlmodel.error().code != Code::kNotFound) return std::unexpected(mlmodel.error());
    return Fail(Code::kNotFound, fmt::format("no model package in '{}'", dir),
                "a model package is a folder with a file MLmodel");
  }
  PackageInfo info;
  info.path = dir;
  QUERN_TRY(ReadMlmodel(*mlmodel, info));
  Files files;
  for (const char* name : kDigested) {
    QUERN_ASSIGN(std::string bytes, ReadPart(dir, name, fs));
    info.bytes += bytes.size();
    files.emplace_back(name, std::move(bytes));
  }
  const std::string digest = DigestOf(files);
  if (digest != info.digest) {
    return Broken(
        dir, fmt::format("its files have digest {}, but MLmodel says {}", digest, info.digest));
  }
  QUERN_ASSIGN(const json::object quern, ParseQuernJson(files[1].second, info));
  QUERN_TRY(ReadQuernJson(quern, info));
  QUERN_TRY(ReadBackground(quern, info, fs));
  QUERN_ASSIGN(const std::string lineage, ReadPart(dir, "lineage.json", fs));
  info.bytes += lineage.size();
  QUERN_TRY(ReadLineage(lineage, info));
  return info;
}

}  // namespace quern::model
