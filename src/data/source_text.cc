#include "data/source_text.h"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"

namespace quern::data {
namespace {

constexpr unsigned kBlock = 1 << 18;
constexpr std::string_view kGzip("\x1f\x8b", 2);
constexpr std::string_view kParquet = "PAR1";
constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr std::string_view kUtf16Little = "\xff\xfe";
constexpr std::string_view kUtf16Big = "\xfe\xff";

std::string Bytes(const std::string& path, bool last, size_t count) {
  std::ifstream file(path, std::ios::binary);
  if (last) file.seekg(-static_cast<std::streamoff>(count), std::ios::end);
  std::string out(count, '\0');
  file.read(out.data(), static_cast<std::streamsize>(count));
  out.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return out;
}

/// What well-known files begin with, for those that are declared as CSV.
std::string KnownAs(std::string_view head) {
  if (StartsWith(head, kParquet)) return "a Parquet file";
  if (StartsWith(head, std::string_view("PK\x03\x04", 4))) return "a zip archive or a workbook";
  if (StartsWith(head, std::string_view("\xd0\xcf\x11\xe0", 4))) return "an old workbook";
  if (StartsWith(head, "SQLite format 3")) return "an SQLite database";
  if (StartsWith(head, "%PDF")) return "a PDF";
  if (StartsWith(head, std::string_view("\x28\xb5\x2f\xfd", 4))) return "zstd-compressed";
  if (StartsWith(head, "BZh")) return "bzip2-compressed";
  return {};
}

Error NotWhatItSays(const SourceSpec& spec, const std::string& what, std::string hint) {
  return Error{Code::kInvalidArgument,
               "'" + spec.path + "' is " + what,
               std::move(hint),
               Position{spec.path, 0, 0},
               {}};
}

}  // namespace

Status CheckFile(const SourceSpec& spec, Fs& fs) {
  const std::string file = spec.File();
  const auto info = fs.Stat(file);
  if (!info) {
    if (info.error().code != Code::kNotFound) return std::unexpected(info.error());
    return Fail(Code::kNotFound, "source '" + spec.name + "': there is no file '" + spec.path + "'",
                spec.root.empty() ? "check the path" : "paths are relative to " + spec.root,
                spec.where);
  }
  if (info->is_dir) {
    return Fail(Code::kInvalidArgument, "'" + spec.path + "' is a folder",
                "name a CSV or Parquet file", spec.where);
  }
  if (info->size == 0) {
    return std::unexpected(NotWhatItSays(spec, "empty", "fetch or export it again"));
  }
  const std::string head = Bytes(file, false, 16);
  if (head.empty()) {
    return Fail(Code::kPermissionDenied, "cannot read '" + file + "'", "check who may read it");
  }
  const std::string known = KnownAs(head);
  if (spec.kind == SourceKind::kParquet) {
    if (StartsWith(head, kParquet) && info->size >= 12 && Bytes(file, true, 4) == kParquet)
      return {};
    if (StartsWith(head, kParquet)) {
      return std::unexpected(
          NotWhatItSays(spec, "cut off: a Parquet file ends with PAR1", "fetch it again"));
    }
    return std::unexpected(NotWhatItSays(spec, "not a Parquet file: it does not begin with PAR1",
                                         "if it is text, write csv: instead of parquet:"));
  }
  if (known.empty()) return {};
  return std::unexpected(NotWhatItSays(spec, "not CSV but " + known,
                                       StartsWith(head, kParquet) ? "write parquet: instead of csv:"
                                                                  : "export it as CSV or Parquet"));
}

struct TextReader::State {
  SourceSpec spec;
  gzFile file = nullptr;
  std::string encoding;
  bool gzip = false;
  bool big_endian = false;
  std::string head;   // read by Open, given out first
  std::string carry;  // bytes of an unfinished UTF-16 unit
  uint32_t high = 0;  // a high surrogate that waits for its low one
  std::vector<char> block = std::vector<char>(kBlock);

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (file != nullptr) gzclose(file);
  }

  Error Damaged() const {
    int number = 0;
    const char* words = gzerror(file, &number);
    const std::string reason = number == Z_ERRNO ? std::strerror(errno) : words;
    return NotWhatItSays(spec, "damaged: " + reason, "fetch or compress it again");
  }

  Result<bool> ReadRaw(std::string& out) {
    const int got = gzread(file, block.data(), kBlock);
    int number = Z_OK;
    (void)gzerror(file, &number);
    // A gzip file that was cut off is read to its end and then complains.
    if (got < 0 || (got == 0 && number != Z_OK)) return std::unexpected(Damaged());
    out.append(block.data(), static_cast<size_t>(got));
    return got > 0;
  }

  void DecodeUtf16(std::string_view bytes, std::string& out) {
    carry += bytes;
    size_t i = 0;
    for (; i + 1 < carry.size(); i += 2) {
      const auto first = static_cast<unsigned char>(carry[i]);
      const auto second = static_cast<unsigned char>(carry[i + 1]);
      const uint32_t unit =
          big_endian ? (uint32_t{first} << 8) | second : (uint32_t{second} << 8) | first;
      if (high != 0 && unit >= 0xDC00 && unit < 0xE000) {
        AppendUtf8(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00), out);
        high = 0;
        continue;
      }
      if (high != 0) AppendUtf8(0xFFFD, out);
      high = unit >= 0xD800 && unit < 0xDC00 ? unit : 0;
      if (high == 0) AppendUtf8(unit >= 0xDC00 && unit < 0xE000 ? 0xFFFD : unit, out);
    }
    carry.erase(0, i);
  }

  void Decode(std::string_view bytes, std::string& out) {
    if (encoding == "utf-16") return DecodeUtf16(bytes, out);
    if (encoding == "utf-8") {
      out += bytes;
      return;
    }
    for (const char c : bytes) AppendUtf8(static_cast<unsigned char>(c), out);
  }

  Status DecideEncoding() {
    const bool little = StartsWith(head, kUtf16Little);
    const bool marked = little || StartsWith(head, kUtf16Big);
    encoding = spec.encoding.empty() ? (marked ? "utf-16" : "utf-8") : spec.encoding;
    if (marked && encoding != "utf-16") {
      return std::unexpected(NotWhatItSays(spec, "UTF-16 by its first two bytes, not " + encoding,
                                           "set encoding: utf-16"));
    }
    big_endian = marked && !little;
    if (marked) head.erase(0, 2);
    if (encoding == "utf-8" && StartsWith(head, kUtf8Mark)) head.erase(0, 3);
    if (encoding == "utf-16" || head.find('\0') == std::string::npos) return {};
    const bool inner = gzip && StartsWith(head, kParquet);
    return std::unexpected(
        NotWhatItSays(spec, inner ? "a compressed Parquet file" : "not text: it holds zero bytes",
                      inner ? "uncompress it and write parquet: instead of csv:"
                            : "if it is UTF-16, set encoding: utf-16; else export it as CSV"));
  }
};

TextReader::TextReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextReader::~TextReader() = default;

Result<std::unique_ptr<TextReader>> TextReader::Open(const SourceSpec& spec) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  state->file = gzopen(spec.File().c_str(), "rb");
  if (state->file == nullptr) {
    return Fail(Code::kUnavailable,
                "cannot read '" + spec.File() + "': " + std::string(std::strerror(errno)));
  }
  gzbuffer(state->file, kBlock);
  QUERN_ASSIGN(const bool any, state->ReadRaw(state->head));
  state->gzip = gzdirect(state->file) == 0;
  if (!any) return std::unexpected(NotWhatItSays(spec, "empty", "fetch or export it again"));
  QUERN_TRY(state->DecideEncoding());
  return std::unique_ptr<TextReader>(new TextReader(std::move(state)));
}

Result<bool> TextReader::Read(std::string& out) {
  std::string bytes = std::move(state_->head);
  state_->head.clear();
  if (bytes.empty()) {
    QUERN_ASSIGN(const bool any, state_->ReadRaw(bytes));
    if (!any) return false;
  }
  state_->Decode(bytes, out);
  return true;
}

std::string TextReader::encoding() const {
  return state_->encoding + (state_->gzip ? " (gzip)" : "");
}

bool TextReader::is_utf8() const { return state_->encoding == "utf-8"; }

}  // namespace quern::data
