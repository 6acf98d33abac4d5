#include "server/mlflow/content_type.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/fs.h"
#include "base/text.h"

namespace quern::server::mlflow {
namespace {

/// Endings, and whole names of files that have none.
constexpr std::array<std::string_view, 26> kText = {
    "MLmodel", "MLproject", "cf",   "cfg",  "cnf", "conf", "csv",        "err",  "hocon",
    "ini",     "ipynb",     "js",   "json", "log", "md",   "properties", "prop", "py",
    "py3",     "rst",       "toml", "tsv",  "txt", "xml",  "yaml",       "yml"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 33> kContentTypes = {{
    {"avi", "video/x-msvideo"},
    {"bmp", "image/bmp"},
    {"css", "text/css"},
    {"doc", "application/msword"},
    {"flac", "audio/flac"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"h5", "application/x-hdf5"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"jpe", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"m4v", "video/mp4"},
    {"mjs", "text/javascript"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"ogg", "audio/ogg"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ps", "application/postscript"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"wasm", "application/wasm"},
    {"wav", "audio/x-wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"zip", "application/zip"},
}};

}  // namespace

std::string ContentTypeOf(std::string_view path) {
  std::string name = BaseName(path);
  size_t dot = name.rfind('.');
  // ".profile" is a name, not an ending.
  bool ends = dot != std::string::npos && name.find_first_not_of('.') < dot;
  std::string ending = ends ? ToLower(name.substr(dot + 1)) : name;
  if (std::find(kText.begin(), kText.end(), ending) != kText.end()) return "text/plain";
  for (const auto& [known, type] : kContentTypes) {
    if (ends && known == ending) return std::string(type);
  }
  return "application/octet-stream";
}

}  // namespace quern::server::mlflow
