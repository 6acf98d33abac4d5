#pragma once
#include <filesystem>
#include <string>

namespace quern::upkeep {

/// `path`, which need not exist, from the root on, without links, dots and a slash at its end; as
/// it is if it cannot be followed. A URI that is no path must not be given.
inline std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return path;
  std::string text = std::filesystem::weakly_canonical(absolute, error).string();
  if (error) return path;
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace quern::upkeep
