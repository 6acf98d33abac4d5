#include "report/page.h"

#include <boost/json.hpp>

#include "base/check.h"

// Laid into the program by the assembler, see cmake/ui.cmake.
extern "C" const char quern_report_page[];
extern "C" const char quern_report_page_end[];

namespace quern::report {
namespace {

/// Where the document goes; the page's build makes sure that it occurs once.
constexpr std::string_view kPlace = "\"@QUERN_DOCUMENT@\"";

std::string Fill(const json::value& document) {
  const std::string_view page = Template();
  const size_t at = page.find(kPlace);
  QUERN_CHECK(at != std::string_view::npos, "the page has no place for its document");
  const std::string text = ScriptJson(document);
  std::string filled;
  filled.reserve(page.size() + text.size());
  filled.append(page.substr(0, at)).append(text).append(page.substr(at + kPlace.size()));
  return filled;
}

}  // namespace

std::string_view Template() {
  return {quern_report_page, static_cast<size_t>(quern_report_page_end - quern_report_page)};
}

std::string ScriptJson(const json::value& document) {
  const std::string text = WriteJson(document);
  std::string safe;
  safe.reserve(text.size() + text.size() / 64);
  for (size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = std::string_view(text).substr(at, 3);
    if (text[at] == '<') {
      safe += "\\u003c";
    } else if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") {
      safe += rest.back() == '\xA8' ? "\\u2028" : "\\u2029";
      at += 2;
    } else {
      safe += text[at];
    }
  }
  return safe;
}

std::string RenderReport(const json::value& document) { return Fill(document); }

std::string RenderProfile(const json::value& explore_record) {
  json::object document;
  document["view"] = "profile";
  if (const json::object* record = explore_record.if_object()) {
    if (const json::value* source = record->if_contains("source")) document["project"] = *source;
  }
  document["explore"] = json::array({explore_record});
  return Fill(document);
}

}  // namespace quern::report
