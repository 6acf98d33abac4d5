# quern-serve-static: quern-serve without gRPC and without any shared library, for devices and empty containers. It is
# linked of the same objects as quern-serve, so that it costs every build a link and is tested with the rest
# (docs/adr/0027-a-static-server-of-the-same-objects.md). No sanitizer works in a static program.
if(QUERN_SANITIZE)
  return()
endif()

# Their targets name shared libraries where there are both.
set(static_archives)
foreach(name boost_json ssl crypto yaml-cpp protobuf sqlite3 expat z)
  find_library(QUERN_STATIC_${name} lib${name}.a REQUIRED)
  list(APPEND static_archives ${QUERN_STATIC_${name}})
endforeach()

add_library(quern_static_text STATIC EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/cmake/static_text.cc)
target_compile_definitions(quern_static_text PRIVATE SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
target_compile_options(quern_static_text PRIVATE -w -Os -ffunction-sections -fdata-sections)

# What is its own is compiled again, without gRPC's option.
set(standalone ${CMAKE_SOURCE_DIR}/src/server/standalone)
add_executable(quern-serve-static ${standalone}/main.cc ${standalone}/options.cc ${standalone}/registry_folder.cc)
set(static_rooms base expr net store signing search stats ml model design tracking registry serving deploy server_scoring
  onnx_proto static_text)
list(TRANSFORM static_rooms PREPEND quern_)
set(static_files ${static_rooms})
list(TRANSFORM static_files REPLACE "(.+)" "$<TARGET_FILE:\\1>")
add_dependencies(quern-serve-static ${static_rooms})
set_target_properties(quern-serve-static PROPERTIES LINK_DEPENDS "${static_files}")
target_link_libraries(quern-serve-static PRIVATE quern_flags -Wl,--start-group ${static_files} ${static_archives}
  -Wl,--end-group)
target_link_options(quern-serve-static PRIVATE -static -Wl,--gc-sections)
if(QUERN_MOLD)
  target_link_options(quern-serve-static PRIVATE -Wl,--icf=all)
endif()
