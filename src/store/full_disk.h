#pragma once
// For tests: a file system whose disk is full while the test says so. Removing still works, as on a
// real one.
#include <atomic>
#include <string>

#include "base/fs.h"

namespace quern::store {

class FullDisk : public Fs {
 public:
  std::atomic<bool> full{false};
  /// Bytes after which a file being written finds the disk full, though `full` is false.
  std::atomic<uint64_t> room{~uint64_t{0}};

  Result<std::string> Read(const std::string& path) override { return RealFs().Read(path); }
  Status WriteAtomic(const std::string& path, std::string_view bytes) override {
    QUERN_TRY(Check(path));
    return RealFs().WriteAtomic(path, bytes);
  }
  Result<std::unique_ptr<FileWriter>> Create(const std::string& path) override {
    QUERN_TRY(Check(path));
    QUERN_ASSIGN(auto below, RealFs().Create(path));
    return std::make_unique<Writer>(*this, std::move(below));
  }
  Status MoveInto(const std::string& from, const std::string& to) override {
    QUERN_TRY(Check(to));
    return RealFs().MoveInto(from, to);
  }
  Status MakeDirs(const std::string& path) override { return RealFs().MakeDirs(path); }
  Status RemoveAll(const std::string& path) override { return RealFs().RemoveAll(path); }
  Result<FileInfo> Stat(const std::string& path) override { return RealFs().Stat(path); }
  Result<std::vector<std::string>> List(const std::string& path) override {
    return RealFs().List(path);
  }
  Status Copy(const std::string& from, const std::string& to) override {
    QUERN_TRY(Check(to));
    return RealFs().Copy(from, to);
  }

 private:
  class Writer : public FileWriter {
   public:
    Writer(FullDisk& disk, std::unique_ptr<FileWriter> below)
        : disk_(disk), below_(std::move(below)) {}
    Status Append(std::string_view bytes) override {
      written_ += bytes.size();
      if (written_ > disk_.room) return disk_.Full("a file");
      QUERN_TRY(disk_.Check("a file"));
      return below_->Append(bytes);
    }

   private:
    FullDisk& disk_;
    std::unique_ptr<FileWriter> below_;
    uint64_t written_ = 0;
  };
  std::unexpected<Error> Full(const std::string& path) {
    return Fail(Code::kResourceExhausted,
                "cannot write '/secret/" + path + "': No space left on device");
  }
  Status Check(const std::string& path) {
    if (full) return Full(path);
    return {};
  }
};

}  // namespace quern::store
