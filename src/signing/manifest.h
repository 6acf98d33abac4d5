#pragma once
// What stands in a folder: every file with its SHA-256, as OMS 1.0 lists it (section 6).
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace quern::signing {

/// A signature's file, at the top of the folder that it signs.
inline constexpr char kSignatureFile[] = "model.sig";
/// What is never signed at the top of a folder: the signature, and git's own files.
inline constexpr const char* kNeverSigned[] = {".git", ".gitattributes", ".github", ".gitignore",
                                               kSignatureFile};

/// How a folder is read.
struct Listing {
  /// Relative paths that are left out, with all below them; kNeverSigned are in any case.
  std::vector<std::string> ignored;
  bool allow_symlinks = false;
  /// 0: a file is one resource; else each piece of so many bytes is, and empty files are none.
  uint64_t shard_size = 0;
};

struct Resource {
  std::string name;    // "model.onnx", or "model.onnx:0:1000000" of a piece
  std::string digest;  // SHA-256 in hexadecimal
  bool operator==(const Resource&) const = default;
};

/// Sorted by name. kInvalidArgument: a symbolic link that is not allowed, a name that is no UTF-8,
/// something that is neither file nor folder, or no file at all; kNotFound; errors of reading.
Result<std::vector<Resource>> ListFolder(const std::string& folder, const Listing& how);

/// SHA-256 over the digests' bytes, in order: one name for the whole (OMS 6.5.1). Nothing if a
/// digest is not one of SHA-256.
std::string RootDigest(const std::vector<Resource>& resources);

/// What is wrong with `found`, file by file, in words: "model.onnx is altered", "README.md was not
/// signed", "MLmodel is missing". Empty if nothing is.
std::vector<std::string> Differences(const std::vector<Resource>& wanted,
                                     const std::vector<Resource>& found);

}  // namespace quern::signing
