#include "exchange/folder_files.h"

#include "base/text.h"
#include "exchange/mlflow_words.h"

namespace quern::exchange {
namespace {

constexpr char kMetaFile[] = "meta.yaml";
/// Keys are at most 250 characters long, slashes among them.
constexpr int kMaxDepth = 130;

void Walk(Fs& fs, const std::string& folder, const std::string& prefix, int depth, Report& report,
          const std::function<void(const std::string&, const std::string&, std::string)>& visit) {
  const auto names = fs.List(folder);
  if (!names) {
    if (names.error().code != Code::kNotFound) report.Damaged(names.error());
    return;
  }
  for (const std::string& name : *names) {
    const std::string path = JoinPath(folder, name);
    const auto info = fs.Stat(path);
    if (!info) {
      report.Damaged(info.error());
    } else if (info->is_dir) {
      if (depth < kMaxDepth) Walk(fs, path, prefix + name + "/", depth + 1, report, visit);
    } else if (auto content = fs.Read(path); !content) {
      report.Damaged(content.error());
    } else if (FindInvalidUtf8(*content)) {
      report.Damaged({Code::kInvalidArgument, "the file is no UTF-8 text", {}, {path, 0, 0}, {}});
    } else {
      visit(prefix + name, path, std::move(*content));
    }
  }
}

}  // namespace

Result<Meta> Meta::Read(Fs& fs, const std::string& folder) {
  const std::string path = JoinPath(folder, kMetaFile);
  auto text = fs.Read(path);
  if (!text && text.error().code == Code::kNotFound) {
    return Fail(Code::kNotFound, "the folder '" + folder + "' has no meta.yaml",
                "MLflow writes it first: what else is in the folder was left out");
  }
  if (!text) return std::unexpected(text.error());
  QUERN_ASSIGN(YamlNode root, ParseYaml(*text, path));
  if (!root.IsMap()) {
    return Fail(Code::kInvalidArgument,
                "expected a map of fields, got " + std::string(root.KindName()),
                "the file was damaged: MLflow writes 'name: value' lines", {path, 1, 0});
  }
  return Meta(std::move(root));
}

std::string Meta::Text(std::string_view key) const {
  const YamlNode* node = root_.Find(key);
  return node != nullptr && node->IsScalar() ? node->scalar : std::string();
}

std::optional<int64_t> Meta::Int(std::string_view key) {
  const YamlNode* node = root_.Find(key);
  if (node == nullptr || node->IsNull()) return std::nullopt;
  const auto number = node->AsInt();
  if (number) return *number;
  if (status_) status_ = Within(number.error(), "reading '" + std::string(key) + "'");
  return std::nullopt;
}

tracking::Texts Meta::Map(std::string_view key) const {
  tracking::Texts texts;
  const YamlNode* node = root_.Find(key);
  if (node == nullptr) return texts;
  for (const YamlEntry& entry : node->entries) texts[entry.key] = entry.value.scalar;
  return texts;
}

std::unexpected<Error> Meta::Bad(std::string_view key, const std::string& message) const {
  const YamlNode* node = root_.Find(key);
  return FailAt(node == nullptr ? root_.where : node->where, message);
}

std::vector<std::string> Subfolders(Fs& fs, const std::string& folder) {
  std::vector<std::string> found;
  const auto names = fs.List(folder);
  if (!names) return found;
  for (const std::string& name : *names) {
    if (name.starts_with('.')) continue;
    const auto info = fs.Stat(JoinPath(folder, name));
    if (info && info->is_dir) found.push_back(name);
  }
  return found;
}

void EachKey(
    Fs& fs, const std::string& folder, Report& report,
    const std::function<void(const std::string&, const std::string&, std::string)>& visit) {
  Walk(fs, folder, "", 0, report, visit);
}

tracking::Texts ReadKeys(Fs& fs, const std::string& folder, Report& report) {
  tracking::Texts texts;
  EachKey(fs, folder, report, [&](const std::string& key, const std::string&, std::string value) {
    texts[key] = std::move(value);
  });
  return texts;
}

void EachMetricLine(const std::string& path, const std::string& content, Report& report,
                    const std::function<bool(MetricLine line)>& visit) {
  int number = 0;
  for (const std::string_view line : Split(content, '\n')) {
    ++number;
    if (Trim(line).empty()) continue;
    const auto fields = Split(Trim(line), ' ');
    const auto time = ParseInt(fields[0]);
    const auto value = fields.size() > 1 ? ParseMetricValue(fields[1]) : std::nullopt;
    // Files of before MLflow 0.9 have no steps.
    const auto step = fields.size() > 2 ? ParseInt(fields[2]) : std::optional<int64_t>(0);
    MetricLine read;
    for (size_t i = 3; i < fields.size(); ++i) read.rest.emplace_back(fields[i]);
    if (time && value && step) {
      read.point = {*time, *step, *value};
      if (visit(std::move(read))) continue;
    }
    report.Damaged({Code::kInvalidArgument,
                    "'" + std::string(line.substr(0, 200)) + "' is no value of a metric",
                    "a line is 'TIME VALUE STEP'; it was left out, and the others are kept",
                    {path, number, 0},
                    {}});
  }
}

}  // namespace quern::exchange
