#pragma once
// The files of examples/heart as the program carries them (cmake/embed_demo.cmake).
#include <span>
#include <string_view>

namespace quern::cli {

struct DemoFile {
  std::string_view path;  // below the project's folder
  std::string_view text;
};
std::span<const DemoFile> DemoFiles();

}  // namespace quern::cli
