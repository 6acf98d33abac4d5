#include "report/page.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

namespace quern::report {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The text of the script element that holds the document.
std::string Embedded(const std::string& page) {
  const std::string open = "id=\"quern-report\">";
  const size_t from = page.find(open) + open.size();
  return page.substr(from, page.find("</script>", from) - from);
}

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST_CASE("the template has one place for the document and refers to nothing outside") {
  CHECK(Count(Template(), "\"@QUERN_DOCUMENT@\"") == 1);
  CHECK(Count(Template(), "<script src") == 0);
  CHECK(Count(Template(), "<link") == 0);
  CHECK(Count(Template(), "default-src 'none'") == 1);
}

TEST_CASE("a document stands whole in its page") {
  const std::string text = ReadText(QUERN_SOURCE_DIR "/ui/sample/report.json");
  const auto document = ParseJson(text);
  REQUIRE(document.has_value());
  const std::string page = RenderReport(*document);
  CHECK(page.size() < 2'000'000);
  const std::string embedded = Embedded(page);
  CHECK(ParseJson(embedded).has_value());
  const bool same = embedded == ScriptJson(*document);
  CHECK(same);
  CHECK(Count(page, "@QUERN_DOCUMENT@") == 0);
}

TEST_CASE("text in a document cannot end its script element") {
  const json::value hostile{
      {"project", "</script><script>alert(1)</script><!-- \xE2\x80\xA8 \xE2\x80\xA9"}};
  const std::string safe = ScriptJson(hostile);
  CHECK(Count(safe, "<") == 0);
  CHECK(Count(safe, "\xE2\x80") == 0);
  CHECK(json::parse(safe) == hostile);
  CHECK(Count(RenderReport(hostile), "<script") == Count(Template(), "<script"));
}

TEST_CASE("a profile's page holds the one record") {
  const json::value record{{"source", "people.csv"}, {"rows", 3}};
  const json::value embedded = json::parse(Embedded(RenderProfile(record)));
  CHECK(embedded.at("view") == "profile");
  CHECK(embedded.at("project") == "people.csv");
  CHECK(embedded.at("explore").as_array().size() == 1);
  CHECK(embedded.at("explore").at(0) == record);
}

}  // namespace
}  // namespace quern::report
