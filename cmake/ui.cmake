# The pages that are built of ui/ and laid into the program. A build of the page runs when something of it is newer.
find_program(QUERN_NODE node HINTS ${QUERN_DEPS}/node/bin)
if(NOT QUERN_NODE OR NOT EXISTS ${CMAKE_SOURCE_DIR}/ui/node_modules)
  message(FATAL_ERROR "the pages need node and ui/node_modules: run ./dev setup")
endif()

# quern_ui_build(OUTPUT SCRIPT FOLDER PAGE CONFIG): OUTPUT is made by ui/scripts/SCRIPT of what lies in src/parts and
# src/FOLDER, of PAGE and of vite's CONFIG.
function(quern_ui_build output script folder page config)
  set(ui ${CMAKE_SOURCE_DIR}/ui)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ui}/src/parts/*.ts ${ui}/src/parts/*.tsx ${ui}/src/parts/*.css
    ${ui}/src/${folder}/*.ts ${ui}/src/${folder}/*.tsx ${ui}/src/${folder}/*.css)
  add_custom_command(OUTPUT ${output}
    COMMAND ${QUERN_NODE} ${ui}/scripts/${script}
    DEPENDS ${sources} ${ui}/${page} ${ui}/${config} ${ui}/package-lock.json ${ui}/tsconfig.json ${ui}/scripts/${script}
      ${ui}/scripts/types.mjs
    WORKING_DIRECTORY ${ui} COMMENT "building ui/src/${folder}" VERBATIM)
endfunction()

# A library of its own: the warnings that C++ is compiled with mean nothing to the assembler.
function(quern_lay_in target name assembly)
  add_library(${target}_${name} OBJECT ${assembly})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_${name}>)
endfunction()

# quern_embed_report(TARGET): the page of `quern report` as the symbols quern_report_page … quern_report_page_end.
function(quern_embed_report target)
  set(page ${CMAKE_SOURCE_DIR}/ui/dist/report.html)
  quern_ui_build(${page} build.mjs report report.html vite.config.ts)
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
  quern_lay_in(${target} page ${assembly})
endfunction()

# quern_embed_app(TARGET): the page of `quern server`: the files that ui/dist/app/manifest.txt names, and the table of
# them that src/server/page/page_assets.h declares.
function(quern_embed_app target)
  set(manifest ${CMAKE_SOURCE_DIR}/ui/dist/app/manifest.txt)
  quern_ui_build(${manifest} build_app.mjs app app.html vite.app.config.ts)
  set(assembly ${CMAKE_BINARY_DIR}/generated/page_assets.S)
  set(table ${CMAKE_BINARY_DIR}/generated/page_assets.cc)
  add_custom_command(OUTPUT ${assembly} ${table}
    COMMAND ${CMAKE_COMMAND} -DMANIFEST=${manifest} -DASSEMBLY=${assembly} -DTABLE=${table}
      -P ${CMAKE_SOURCE_DIR}/cmake/embed_app.cmake
    DEPENDS ${manifest} ${CMAKE_SOURCE_DIR}/cmake/embed_app.cmake)
  target_sources(${target} PRIVATE ${table})
  quern_lay_in(${target} app ${assembly})
endfunction()
