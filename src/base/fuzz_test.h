#pragma once
// For tests: changes at random of the files of a corpus, the same ones in every run.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/random.h"

namespace quern::testing {

/// The files of tests/fuzz/NAME. `source` is QUERN_SOURCE_DIR.
inline std::vector<std::string> Corpus(const std::string& source, const std::string& name) {
  const std::string folder = JoinPath(source, "tests/fuzz/" + name);
  std::vector<std::string> files;
  auto names = RealFs().List(folder);
  REQUIRE(names.has_value());
  std::sort(names->begin(), names->end());
  for (const std::string& file : *names) {
    const auto text = RealFs().Read(JoinPath(folder, file));
    REQUIRE(text.has_value());
    files.push_back(*text);
  }
  REQUIRE(files.size() > 5);
  return files;
}

/// What trips who reads protobuf, with `words` of the message at hand: numbers of variable length
/// at their limits and beyond, runs of bytes.
inline std::vector<std::string> ProtobufPieces(const std::vector<std::string>& words) {
  std::vector<std::string> pieces = {std::string(1, '\0'),
                                     "\x01",
                                     "\x7f",
                                     "\xff",
                                     std::string(8, '\xff'),
                                     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                     "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"};
  pieces.insert(pieces.end(), words.begin(), words.end());
  return pieces;
}

/// A file of the corpus with one to three changes: a piece put in, bytes taken out, replaced or
/// doubled, a word or the end of another file in place of its own.
inline std::string Mutated(const std::vector<std::string>& corpus,
                           const std::vector<std::string>& pieces, Rng& rng) {
  std::string text = corpus[rng.Below(corpus.size())];
  for (uint64_t changes = 1 + rng.Below(3); changes > 0; --changes) {
    const size_t at = rng.Below(text.size() + 1);
    const std::string& other = corpus[rng.Below(corpus.size())];
    switch (rng.Below(6)) {
      case 0:
        text.insert(at, pieces[rng.Below(pieces.size())]);
        break;
      case 1:
        text.erase(at, 1 + rng.Below(8));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(rng.Below(256));
        break;
      case 3: {
        const size_t from = rng.Below(other.size() + 1);
        const size_t end = std::min(text.find(' ', at), text.size());
        text.replace(at, end - at, other.substr(from, other.find(' ', from) - from));
        break;
      }
      case 4:
        text.insert(at, text.substr(rng.Below(text.size() + 1), rng.Below(40)));
        break;
      default:
        text = text.substr(0, at) + other.substr(rng.Below(other.size() + 1));
    }
  }
  return text;
}

/// Changes that keep lengths, so that the bytes are still read: single ones, and neighbours
/// swapped.
inline std::string Tweaked(const std::vector<std::string>& corpus, Rng& rng) {
  std::string bytes = corpus[rng.Below(corpus.size())];
  for (uint64_t changes = 1 + rng.Below(4); changes > 0; --changes) {
    const size_t at = rng.Below(bytes.size());
    const uint64_t kind = rng.Below(4);
    if (kind == 0) bytes[at] = static_cast<char>(rng.Below(256));
    if (kind == 1) bytes[at] = static_cast<char>(rng.Below(4));
    if (kind == 2) bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.Below(8)));
    if (kind == 3 && at + 1 < bytes.size()) std::swap(bytes[at], bytes[at + 1]);
  }
  return bytes;
}

}  // namespace quern::testing
