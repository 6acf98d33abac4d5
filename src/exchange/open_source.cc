#include <filesystem>

#include "exchange/database_source.h"
#include "exchange/folder_source.h"
#include "exchange/mlflow_source.h"
#include "exchange/server_source.h"

namespace quern::exchange {
namespace {

constexpr std::string_view kSqlite = "sqlite:///";
constexpr char kKinds[] =
    "give a folder mlruns, a file mlflow.db, or the address of a running server, "
    "http://127.0.0.1:5000";

std::string Absolute(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  std::string normal = error ? path : absolute.lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

}  // namespace

Result<std::unique_ptr<MlflowSource>> OpenMlflowSource(const SourceOptions& options, Fs& fs) {
  if (options.name.starts_with("http://") || options.name.starts_with("https://")) {
    QUERN_ASSIGN(auto client, ServerClient::Open(options.name, options.environment));
    return std::unique_ptr<MlflowSource>(std::make_unique<ServerSource>(std::move(client)));
  }
  std::string path = options.name;
  if (path.starts_with(kSqlite)) path = path.substr(kSqlite.size());
  if (path.find("://") != std::string::npos && !path.starts_with("file://")) {
    return Fail(Code::kInvalidArgument, "'" + options.name + "' is of a kind that is not read",
                std::string(kKinds) +
                    "; for another database, start `mlflow server` on it and give its address");
  }
  path = Absolute(LocalPath(path, ".").value_or(path));
  const auto info = fs.Stat(path);
  if (!info && info.error().code == Code::kNotFound) {
    return Fail(Code::kNotFound, "there is no '" + options.name + "'", kKinds);
  }
  if (!info) return std::unexpected(info.error());
  LocalPlaces places{DirName(path), options.artifacts};
  places.proxied = options.artifacts.empty() ? JoinPath(places.base, "mlartifacts")
                                             : Absolute(options.artifacts);
  if (info->is_dir) {
    QUERN_ASSIGN(auto source, FolderSource::Open(path, std::move(places), fs));
    return std::unique_ptr<MlflowSource>(std::move(source));
  }
  QUERN_ASSIGN(auto source, DatabaseSource::Open(path, std::move(places)));
  return std::unique_ptr<MlflowSource>(std::move(source));
}

}  // namespace quern::exchange
