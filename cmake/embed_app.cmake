# Of MANIFEST (ui/scripts/build_app.mjs) the files as bytes (ASSEMBLY) and a table of them (TABLE).
file(STRINGS ${MANIFEST} lines)
get_filename_component(folder ${MANIFEST} DIRECTORY)
set(bytes "  .section .rodata\n")
set(symbols "")
set(files "")
set(paths "")
foreach(line ${lines})
  if(line MATCHES "^build ([0-9a-f]+)$")
    set(build ${CMAKE_MATCH_1})
  elseif(line MATCHES "^page (/[a-z-]*)$")
    string(APPEND paths "    \"${CMAKE_MATCH_1}\",\n")
  elseif(line MATCHES "^file ([0-9]+) ([^ ]+) ([0-9a-f]+) ([0-9]+) (.+)$")
    set(name quern_page_${CMAKE_MATCH_1})
    string(APPEND files "      {\"${CMAKE_MATCH_2}\", \"${CMAKE_MATCH_5}\", \"${CMAKE_MATCH_3}\", ${CMAKE_MATCH_4},\n")
    foreach(form gz br)
      string(APPEND bytes "  .global ${name}_${form}\n  .global ${name}_${form}_end\n${name}_${form}:\n"
        "  .incbin \"${folder}/${CMAKE_MATCH_1}.${form}\"\n${name}_${form}_end:\n")
      string(APPEND symbols "extern \"C\" const char ${name}_${form}[];\nextern \"C\" const char ${name}_${form}_end[];\n")
      string(APPEND files "       Between(${name}_${form}, ${name}_${form}_end),\n")
    endforeach()
    string(APPEND files "      },\n")
  else()
    message(FATAL_ERROR "${MANIFEST}: not understood: ${line}")
  endif()
endforeach()
# A list element of CMake ends at a semicolon, and content types have one.
string(REPLACE "\\;" ";" files "${files}")
file(WRITE ${ASSEMBLY} "${bytes}  .section .note.GNU-stack,\"\",%progbits\n")
file(WRITE ${TABLE} "// Made by cmake/embed_app.cmake.
#include \"server/page/page_assets.h\"

${symbols}
namespace quern::server::page {
namespace {

std::string_view Between(const char* from, const char* to) {
  return {from, static_cast<size_t>(to - from)};
}

constexpr std::string_view kPaths[] = {
${paths}};

}  // namespace

std::span<const Asset> Assets() {
  static const Asset kAssets[] = {
${files}  };
  return kAssets;
}
std::span<const std::string_view> PagePaths() { return kPaths; }
std::string_view BuildId() { return \"${build}\"; }

}  // namespace quern::server::page
")
