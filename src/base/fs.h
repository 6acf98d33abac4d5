#pragma once
// The file-system port: everything that Quern persists goes through it, so that tests can fail the
// n-th write, fsync or rename. Readers of bulk data (DuckDB, XGBoost) open paths themselves.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern {

struct FileInfo {
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  uint64_t inode = 0;
  bool is_dir = false;
};

/// A new file that is written piece by piece; not durable until Fs::MoveInto put it in its place.
/// The destructor closes it and leaves what was written. One thread.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  virtual Status Append(std::string_view bytes) = 0;
};

/// Thread-safe. Errors name the path and the system's reason: kNotFound, kPermissionDenied,
/// kResourceExhausted (disk full), kUnavailable for the rest.
class Fs {
 public:
  virtual ~Fs() = default;
  virtual Result<std::string> Read(const std::string& path) = 0;
  /// Write aside, fsync, rename, fsync the folder: after it returns the file is whole and durable,
  /// and at no instant is `path` half-written. Parent folders are made.
  virtual Status WriteAtomic(const std::string& path, std::string_view bytes) = 0;
  /// Makes an empty file (kAlreadyExists if there is one) in a folder that exists. It carries an
  /// flock while the writer lives, so that an abandoned file can be told from one in use.
  virtual Result<std::unique_ptr<FileWriter>> Create(const std::string& path) = 0;
  /// Renames a finished file or folder into place (fsyncs file and both folders). Replaces files.
  virtual Status MoveInto(const std::string& from, const std::string& to) = 0;
  virtual Status MakeDirs(const std::string& path) = 0;
  /// Removes a file or a whole folder; a missing path is no error.
  virtual Status RemoveAll(const std::string& path) = 0;
  /// kNotFound if there is nothing.
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  /// Names in a folder, sorted.
  virtual Result<std::vector<std::string>> List(const std::string& path) = 0;
  /// Copies a file (for backups and packages), durable.
  virtual Status Copy(const std::string& from, const std::string& to) = 0;

  bool Exists(const std::string& path) { return Stat(path).has_value(); }
};

/// The real one.
Fs& RealFs();

/// Fails the n-th mutating call (counting from 1) with `code`, then every later one too, as a full
/// or dying disk would; reads go through. For fault-loop tests.
class FaultyFs : public Fs {
 public:
  FaultyFs(Fs& below, int fail_at, Code code = Code::kResourceExhausted)
      : below_(below), fail_at_(fail_at), code_(code) {}
  Result<std::string> Read(const std::string& path) override { return below_.Read(path); }
  Status WriteAtomic(const std::string& path, std::string_view bytes) override;
  Result<std::unique_ptr<FileWriter>> Create(const std::string& path) override;
  Status MoveInto(const std::string& from, const std::string& to) override;
  Status MakeDirs(const std::string& path) override;
  Status RemoveAll(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) override { return below_.Stat(path); }
  Result<std::vector<std::string>> List(const std::string& path) override {
    return below_.List(path);
  }
  Status Copy(const std::string& from, const std::string& to) override;
  int calls() const { return calls_; }

 private:
  class Writer;
  Status Count(const std::string& path);
  Fs& below_;
  int fail_at_;
  Code code_;
  int calls_ = 0;
};

/// "a/b"; `name` alone if it is absolute.
std::string JoinPath(std::string_view folder, std::string_view name);
std::string DirName(std::string_view path);
std::string BaseName(std::string_view path);
/// A fresh private folder under the system's temporary one, removed by the destructor.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const { return JoinPath(path_, name); }

 private:
  std::string path_;
};

}  // namespace quern
