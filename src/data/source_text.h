#pragma once
// Inside of data/ only: the bytes of a source file as UTF-8 text.
#include <memory>
#include <string>

#include "base/fs.h"
#include "base/result.h"
#include "data/source.h"

namespace quern::data {

/// kNotFound, or kInvalidArgument for a folder, an empty file, or a file whose first (and, for
/// Parquet, last) bytes say that it is something else than `spec` declares.
Status CheckFile(const SourceSpec& spec, Fs& fs);

/// Gunzips and decodes a file block by block. Not thread-safe.
class TextReader {
 public:
  /// Errors: what the file cannot be opened for, a UTF-16 mark under another declared encoding,
  /// binary data.
  static Result<std::unique_ptr<TextReader>> Open(const SourceSpec& spec);
  ~TextReader();
  TextReader(const TextReader&) = delete;
  TextReader& operator=(const TextReader&) = delete;

  /// Appends the next block, without a byte-order mark; false at the end. UTF-8 is passed on as it
  /// is, valid or not. Errors: damaged gzip data, a failing disk.
  Result<bool> Read(std::string& out);
  /// "utf-8", "latin1", "utf-16", each with " (gzip)" if it was.
  std::string encoding() const;
  bool is_utf8() const;

 private:
  struct State;
  explicit TextReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quern::data
