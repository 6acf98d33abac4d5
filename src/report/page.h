#pragma once
// The report page: a document of records (docs/format/records.md) written into the page that ui/
// builds. Pure functions of their argument, thread-safe; the template is part of the program.
#include <string>
#include <string_view>

#include "base/json.h"

namespace quern::report {

/// The whole page for "The report page's document": one HTML file that needs no network and no
/// other file. Absent or null phases are said to be so on the page. Any text in the document is
/// data, never markup.
std::string RenderReport(const json::value& document);

/// The page of one explore record alone, for `quern data profile --html`.
std::string RenderProfile(const json::value& explore_record);

/// Compact JSON that may stand inside a <script> element: without "<", U+2028 and U+2029.
std::string ScriptJson(const json::value& document);

/// The page without a document, as ui/ built it.
std::string_view Template();

}  // namespace quern::report
