#include "exchange/tar_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/fd.h"
#include "base/text.h"

namespace quern::exchange {
namespace {

constexpr uint64_t kBlock = 512;
/// Of the headers that only name the next entry.
constexpr uint64_t kMostNameBytes = 64u << 10;
constexpr uint64_t kMostOctal = uint64_t{1} << 33;

/// Fields of a header: where they begin and how many bytes they have.
struct Field {
  size_t at;
  size_t size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12},
    kTime{136, 12}, kSum{148, 8}, kType{156, 1}, kMagic{257, 8}, kPrefix{345, 155};

using Header = std::array<char, kBlock>;

std::string_view Bytes(const Header& header, Field field) {
  return {header.data() + field.at, field.size};
}

/// Up to the first NUL.
std::string TextOf(const Header& header, Field field) {
  const std::string_view bytes = Bytes(header, field);
  return std::string(bytes.substr(0, bytes.find('\0')));
}

/// The sum of all bytes, those of the sum itself taken as spaces.
uint64_t SumOf(const Header& header) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kSum.at && i < kSum.at + kSum.size;
    sum += own ? uint64_t{' '} : static_cast<unsigned char>(header[i]);
  }
  return sum;
}

/// Octal digits between spaces, or GNU's binary form of large numbers.
std::optional<uint64_t> NumberOf(const Header& header, Field field) {
  std::string_view bytes = Bytes(header, field);
  uint64_t value = 0;
  if ((static_cast<unsigned char>(bytes[0]) & 0x80) != 0) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      const auto byte = static_cast<unsigned char>(i == 0 ? bytes[0] & 0x7f : bytes[i]);
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | byte;
    }
    return value;
  }
  bytes = Trim(bytes.substr(0, bytes.find('\0')));
  for (const char c : bytes) {
    if (c < '0' || c > '7' || value >> 60 != 0) return std::nullopt;
    value = value << 3 | static_cast<uint64_t>(c - '0');
  }
  return value;
}

void Put(Header& header, Field field, std::string_view text) {
  std::memcpy(header.data() + field.at, text.data(), std::min(field.size, text.size()));
}

uint64_t Padded(uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

/// The value of a record "LENGTH KEY=VALUE\n" of a pax header; "" without it.
std::string PaxValue(std::string_view records, std::string_view key) {
  std::string value;
  while (!records.empty()) {
    const size_t space = records.find(' ');
    if (space == std::string_view::npos) break;
    const auto length = ParseInt(records.substr(0, space));
    if (!length || *length <= static_cast<int64_t>(space) + 1 ||
        static_cast<uint64_t>(*length) > records.size()) {
      break;
    }
    std::string_view record = records.substr(space + 1, static_cast<size_t>(*length) - space - 2);
    if (record.starts_with(key) && record.substr(key.size()).starts_with('=')) {
      value = record.substr(key.size() + 1);
    }
    records.remove_prefix(static_cast<size_t>(*length));
  }
  return value;
}

/// Walks along the headers of one archive.
class TarWalk {
 public:
  TarWalk(std::string path, uint64_t most) : path_(std::move(path)), most_(most) {}

  Result<std::map<std::string, TarEntry>> Run() {
    file_ = UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    const off_t end = file_.valid() ? ::lseek(file_.get(), 0, SEEK_END) : -1;
    if (end < 0) {
      return Fail(Code::kUnavailable, "cannot read '" + path_ + "': " + std::strerror(errno));
    }
    end_ = static_cast<uint64_t>(end);
    for (uint64_t at = 0; at < end_;) {
      Header header;
      if (end_ - at < kBlock) return CutShort("a header");
      QUERN_TRY(Read(at, header.data(), kBlock));
      if (header == Header{}) break;
      QUERN_ASSIGN(const uint64_t size, Enter(header, at + kBlock));
      at += kBlock + Padded(size);
      if (at > end_) return CutShort("'" + last_ + "'");
    }
    if (entries_.empty()) return NoTar();
    return std::move(entries_);
  }

 private:
  std::unexpected<Error> NoTar() const {
    return Fail(Code::kInvalidArgument, "'" + path_ + "' is no tar archive with files",
                "name a folder in OCI image layout, or a .tar of one");
  }
  std::unexpected<Error> CutShort(const std::string& what) const {
    return Fail(Code::kDataLoss, "'" + path_ + "' ends within " + what + ": it is cut short",
                "copy the archive again");
  }
  std::unexpected<Error> Refused(const std::string& name, const std::string& why) const {
    return Fail(
        Code::kInvalidArgument, "'" + name + "' in '" + path_ + "' " + why,
        "an OCI layout holds plain files only: was the archive made by somebody you trust?");
  }

  Status Read(uint64_t at, char* to, uint64_t size) const {
    while (size > 0) {
      const ssize_t got = ::pread(file_.get(), to, size, static_cast<off_t>(at));
      if (got <= 0) return CutShort("itself");
      at += static_cast<uint64_t>(got);
      to += got;
      size -= static_cast<uint64_t>(got);
    }
    return {};
  }

  /// Takes in the entry whose bytes begin at `at`; how many there are.
  Result<uint64_t> Enter(const Header& header, uint64_t at) {
    if (NumberOf(header, kSum) != SumOf(header)) {
      if (entries_.empty() && last_.empty()) return NoTar();
      return Fail(Code::kDataLoss, "'" + path_ + "' is damaged after '" + last_ + "'",
                  "copy the archive again");
    }
    const char type = Bytes(header, kType)[0];
    auto size = NumberOf(header, kSize);
    const bool names_next = type == 'x' || type == 'L';
    if (size && (type == 'g' || names_next)) {
      if (*size > kMostNameBytes) return Refused("a header", "is too large");
      if (names_next) QUERN_TRY(ReadNextName(type, at, *size));
      return *size;
    }
    std::string name = std::move(next_name_);
    next_name_.clear();
    if (name.empty()) {
      name = TextOf(header, kName);
      const std::string prefix = TextOf(header, kPrefix);
      if (Bytes(header, kMagic).starts_with(std::string_view("ustar\0", 6)) && !prefix.empty()) {
        name = prefix + "/" + name;
      }
    }
    if (next_size_) size = next_size_;
    next_size_.reset();
    if (!size) return Refused(name, "has no size");
    if (*size > end_ - at) return CutShort("'" + name + "'");
    QUERN_TRY(Keep(name, type, {at, *size}));
    last_ = name;
    return *size;
  }

  Status ReadNextName(char type, uint64_t at, uint64_t size) {
    std::string text(size, '\0');
    if (at + size > end_) return CutShort("a header");
    QUERN_TRY(Read(at, text.data(), size));
    if (type == 'L') {
      next_name_ = text.substr(0, text.find('\0'));
      return {};
    }
    next_name_ = PaxValue(text, "path");
    const std::string digits = PaxValue(text, "size");
    if (digits.empty()) return {};
    const auto value = ParseInt(digits);
    if (!value || *value < 0) return Refused("a header", "has the size '" + digits + "'");
    next_size_ = static_cast<uint64_t>(*value);
    return {};
  }

  Status Keep(std::string& name, char type, TarEntry entry) {
    if (++seen_ > most_) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("'{}' has more than {} entries", path_, most_),
                  "is this a .tar of an OCI layout?");
    }
    while (name.starts_with("./")) name.erase(0, 2);
    const bool folder = type == '5';
    while (folder && name.ends_with('/')) name.pop_back();
    if (folder && (name.empty() || name == ".")) return {};
    if (name.empty() || name.starts_with('/')) return Refused(name, "is no name below a folder");
    for (const std::string_view part : Split(name, '/')) {
      if (part == ".." || part == "." || part.empty()) {
        return Refused(name, "leaves the archive's folder");
      }
    }
    if (folder) return {};
    if (type == '1' || type == '2') return Refused(name, "is a link");
    if (type != '0' && type != '\0' && type != '7') return Refused(name, "is no plain file");
    if (!entries_.emplace(name, entry).second) return Refused(name, "is there twice");
    return {};
  }

  std::string path_;
  uint64_t most_;
  UniqueFd file_;
  uint64_t end_ = 0;
  uint64_t seen_ = 0;
  std::string last_;
  std::string next_name_;
  std::optional<uint64_t> next_size_;
  std::map<std::string, TarEntry> entries_;
};

}  // namespace

Status TarWriter::Begin(std::string_view name, uint64_t size) {
  if (name.size() > kName.size || size >= kMostOctal) {
    return Fail(Code::kInvalidArgument,
                "'" + std::string(name) + "' is too long or too large for a tar archive",
                "write a folder");
  }
  QUERN_TRY(Pad());
  Header header{};
  Put(header, kName, name);
  Put(header, kMode, "0000644");
  Put(header, kUid, "0000000");
  Put(header, kGid, "0000000");
  Put(header, kSize, fmt::format("{:011o}", size));
  Put(header, kTime, "00000000000");
  Put(header, kType, "0");
  Put(header, kMagic, std::string_view("ustar\00000", 8));
  Put(header, kSum, std::string_view(fmt::format("{:06o}", SumOf(header)) + '\0' + ' '));
  written_ = size;
  return out_.Append({header.data(), header.size()});
}

Status TarWriter::Append(std::string_view bytes) { return out_.Append(bytes); }

Status TarWriter::Pad() {
  const uint64_t missing = Padded(written_) - written_;
  written_ = 0;
  return missing == 0 ? Status() : out_.Append(std::string(missing, '\0'));
}

Status TarWriter::End() {
  QUERN_TRY(Pad());
  return out_.Append(std::string(2 * kBlock, '\0'));
}

Result<std::map<std::string, TarEntry>> ListTar(const std::string& path, uint64_t most) {
  return TarWalk(path, most).Run();
}

}  // namespace quern::exchange
