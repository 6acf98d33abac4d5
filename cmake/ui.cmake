# The report's page. quern_embed_page(TARGET): builds ui/dist/report.html when something in ui/ is newer, and
# puts it into TARGET as the symbols quern_report_page … quern_report_page_end.
function(quern_embed_page target)
  set(ui ${CMAKE_SOURCE_DIR}/ui)
  set(page ${ui}/dist/report.html)
  find_program(QUERN_NODE node HINTS ${QUERN_DEPS}/node/bin)
  if(NOT QUERN_NODE OR NOT EXISTS ${ui}/node_modules)
    message(FATAL_ERROR "the report's page needs node and ui/node_modules: run ./dev setup")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ui}/src/*.ts ${ui}/src/*.tsx ${ui}/src/*.css)
  add_custom_command(OUTPUT ${page}
    COMMAND ${QUERN_NODE} ${ui}/scripts/build.mjs
    DEPENDS ${sources} ${ui}/report.html ${ui}/package-lock.json ${ui}/tsconfig.json ${ui}/vite.config.ts
      ${ui}/scripts/build.mjs
    WORKING_DIRECTORY ${ui} COMMENT "building the report's page" VERBATIM)
  set(assembly ${CMAKE_BINARY_DIR}/generated/report_page.S)
  file(CONFIGURE OUTPUT ${assembly} @ONLY CONTENT [[
  .section .rodata
  .global quern_report_page
  .global quern_report_page_end
quern_report_page:
  .incbin "@page@"
quern_report_page_end:
  .section .note.GNU-stack,"",%progbits
]])
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS ${page})
  # A library of its own: the warnings that C++ is compiled with mean nothing to the assembler.
  add_library(${target}_page OBJECT ${assembly})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_page>)
endfunction()
