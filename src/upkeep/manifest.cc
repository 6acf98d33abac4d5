#include "upkeep/manifest.h"

#include <boost/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace quern::upkeep {

std::string BackupManifest::ToJson() const {
  const bool postgres = database.dialect == store::Dialect::kPostgres;
  return WritePrettyJson(json::object{
      {"format", kFormat},
      {"program", program},
      {"created", FormatTime(created_ms)},
      {"database", {{"engine", postgres ? "postgresql" : "sqlite"}, {"schema", database.schema}}},
      {"state_dir", state_dir},
      {"artifacts_destination", artifacts_destination},
      {"artifacts", artifacts},
      {"files", files},
      {"bytes", bytes},
      {"sha256sums", sums}});
}

Result<BackupManifest> BackupManifest::FromJson(const std::string& text, const std::string& name) {
  const auto document = ParseJson(text, {.name = name});
  if (!document) return Fail(Code::kDataLoss, document.error().message, "", document.error().where);
  try {
    const int64_t format = document->at("format").to_number<int64_t>();
    if (format > kFormat) {
      return Fail(Code::kFailedPrecondition,
                  "'" + name + "' has format " + std::to_string(format) + ", and this program (" +
                      QUERN_VERSION + ") knows format " + std::to_string(kFormat),
                  "restore it with the newer program that made it");
    }
    const auto text_of = [&](const char* key) {
      return json::value_to<std::string>(document->at(key));
    };
    BackupManifest manifest;
    manifest.program = text_of("program");
    QUERN_ASSIGN(manifest.created_ms, ParseTime(text_of("created")));
    const json::value& database = document->at("database");
    manifest.database.dialect = database.at("engine").as_string() == "postgresql"
                                    ? store::Dialect::kPostgres
                                    : store::Dialect::kSqlite;
    manifest.database.schema = database.at("schema").to_number<int64_t>();
    manifest.state_dir = text_of("state_dir");
    manifest.artifacts_destination = text_of("artifacts_destination");
    manifest.artifacts = document->at("artifacts").as_bool();
    manifest.files = document->at("files").to_number<uint64_t>();
    manifest.bytes = document->at("bytes").to_number<uint64_t>();
    manifest.sums = text_of("sha256sums");
    return manifest;
  } catch (const std::exception&) {
    return Fail(Code::kDataLoss, "'" + name + "' does not describe a backup");
  }
}

std::string WriteSums(const std::vector<FileSum>& sums) {
  std::string out;
  for (const FileSum& sum : sums) {
    const bool escaped = sum.path.find_first_of("\\\n\r") != std::string::npos;
    if (escaped) out += '\\';
    out += sum.sha256 + "  ";
    for (const char c : sum.path) {
      if (c == '\\') {
        out += "\\\\";
      } else if (c == '\n') {
        out += "\\n";
      } else if (c == '\r') {
        out += "\\r";
      } else {
        out += c;
      }
    }
    out += '\n';
  }
  return out;
}

Result<std::vector<FileSum>> ReadSums(const std::string& text, const std::string& name) {
  std::vector<FileSum> sums;
  for (std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    const bool escaped = line.front() == '\\';
    if (escaped) line.remove_prefix(1);
    constexpr size_t kDigest = 64;
    if (line.size() <= kDigest + 2 || line.substr(kDigest, 2) != "  ") {
      return Fail(Code::kDataLoss, "'" + name + "' has a line that is no digest with a name");
    }
    FileSum sum{"", std::string(line.substr(0, kDigest))};
    for (size_t at = kDigest + 2; at < line.size(); ++at) {
      if (!escaped || line[at] != '\\' || at + 1 == line.size()) {
        sum.path += line[at];
        continue;
      }
      const char next = line[++at];
      sum.path += next == 'n' ? '\n' : next == 'r' ? '\r' : next;
    }
    sums.push_back(std::move(sum));
  }
  return sums;
}

}  // namespace quern::upkeep
