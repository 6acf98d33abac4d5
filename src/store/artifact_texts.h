#pragma once
// For tests: small artifacts as texts.
#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "store/artifacts.h"

namespace quern::store {

/// Uploads a text in two pieces.
inline Status PutText(ArtifactStore& store, std::string_view path, std::string_view text) {
  QUERN_ASSIGN(auto writer, store.Put(path));
  QUERN_TRY(writer->Append(text.substr(0, text.size() / 3)));
  QUERN_TRY(writer->Append(text.substr(text.size() / 3)));
  return writer->Commit();
}

/// What an artifact holds, or "error: " and why there is none.
inline std::string TextOf(ArtifactStore& store, std::string_view path) {
  auto file = store.Open(path);
  if (!file) return "error: " + file.error().message;
  std::string text(file->size, '\0');
  REQUIRE(::pread(file->fd.get(), text.data(), text.size(), 0) ==
          static_cast<ssize_t>(text.size()));
  return text;
}

}  // namespace quern::store
