// Random changes of the requests under tests/fuzz/http: the reader never crashes, never takes more
// than it may, and makes the same of the same bytes wherever they are cut.
#include <doctest/doctest.h>

#include "base/fuzz_test.h"
#include "net/request_reader_test.h"

namespace quern::net {
namespace {

constexpr int kMutations = 20'000;
const std::vector<std::string> kPieces = {"\r\n",
                                          "\n",
                                          "\r",
                                          "\r\n\r\n",
                                          " ",
                                          ":",
                                          ": ",
                                          std::string(1, '\0'),
                                          "0\r\n",
                                          "ffffffff",
                                          "chunked",
                                          "\t",
                                          "%zz",
                                          "%00",
                                          "%2F",
                                          "Content-Length: 3\r\n",
                                          "\x7f",
                                          "Host: b\r\n",
                                          ";x=y",
                                          "HTTP/1.1",
                                          "HTTP/9.9",
                                          "Expect: 100-continue\r\n",
                                          "Transfer-Encoding: chunked\r\n",
                                          "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                          "\xff",
                                          "?",
                                          "#",
                                          "0\r\n\r\n"};

/// Without what may differ: a body that is cut off by a refusal has shown more or less of itself
/// before, and which of two faults of one line is named depends on which has come.
std::string WithoutLastBody(const std::string& transcript) {
  const size_t refused = transcript.rfind("refused ");
  if (refused == std::string::npos) {
    if (!transcript.ends_with("unfinished")) return transcript;
    return transcript.substr(0, transcript.rfind('\n') + 1) + "unfinished";
  }
  return transcript.substr(0, transcript.rfind('\n', refused) + 1) + transcript.substr(refused, 11);
}

TEST_CASE("mutated requests are read the same wherever they are cut") {
  const std::vector<std::string> corpus = testing::Corpus(QUERN_SOURCE_DIR, "http");
  Rng rng(20261128);
  int done = 0;
  for (int i = 0; i < kMutations; ++i) {
    const std::string bytes = testing::Mutated(corpus, kPieces, rng);
    const Reading reading{.max_head = 400, .max_body = 600, .streamed = rng.Below(2) == 0};
    const std::string whole = WithoutLastBody(Transcript(bytes, {size_t{1} << 30}, reading));
    std::vector<size_t> parts;
    for (int n = 0; n < 8; ++n) parts.push_back(1 + rng.Below(60));
    const std::string cut = WithoutLastBody(Transcript(bytes, parts, reading));
    REQUIRE_MESSAGE(cut == whole, bytes);
    done += whole.ends_with("done") ? 1 : 0;
  }
  // The changes are small enough for many to leave good requests.
  CHECK(done > kMutations / 20);
}

}  // namespace
}  // namespace quern::net
