#pragma once
// The page's files as they lie in the program: compressed, under names that change with their
// content.
#include <span>
#include <string_view>

namespace quern::server::page {

struct Asset {
  /// "/assets/main-4f3a.js"; "/" is the page itself, the same for all of its addresses.
  std::string_view path;
  std::string_view content_type;
  /// Of the content before it was compressed; without quotes.
  std::string_view etag;
  /// Bytes of the content before it was compressed.
  size_t size;
  std::string_view gzip;
  std::string_view brotli;
};

/// Everything that the page consists of; "/" first.
std::span<const Asset> Assets();
/// The first segments, with their slash, below which the page has addresses: "/experiments". "/"
/// alone is Home.
std::span<const std::string_view> PagePaths();
/// Changes with every change of any of the files.
std::string_view BuildId();

}  // namespace quern::server::page
