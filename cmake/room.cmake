# Several files of a room are compiled as one: most of a file's time is its headers. Two files of a room therefore may
# not have the same name in their unnamed namespaces. OFF compiles each by itself
# (docs/adr/0026-files-of-a-room-are-compiled-together.md).
option(QUERN_UNITY "compile several files of a room as one" ON)
set(QUERN_UNITY_FILES 6 CACHE STRING "how many of them; 0 for all of a room")

# Every room's micro-benchmarks; not part of the ordinary build.
add_custom_target(benches)

# doctest's own code, once for all test programs.
add_library(quern_test_main OBJECT ${CMAKE_SOURCE_DIR}/cmake/test_main.cc)
target_link_libraries(quern_test_main PRIVATE doctest::doctest)

function(quern_unity target)
  if(NOT QUERN_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${QUERN_UNITY_FILES})
  # To g++ every file but the first is a header here, whose classes should have no members of unnamed namespaces.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# quern_room(NAME DEPS room... LIBS target...): one folder of src/ as a static library quern_NAME made of
# its *.cc, and, where it has *_test.cc, one test program quern_NAME_test known to ctest; *_bench.cc become
# quern_NAME_bench. HOT: compiled with QUERN_HOT_FLAGS. `main.cc` files are left to the fronts. A room of several
# libraries names them with an underscore (server_scoring): PATH is their folder, ONLY the folders and files (without
# .cc) that they are made of, WITHOUT those that they are not.
function(quern_room name)
  cmake_parse_arguments(ROOM "HOT" "PATH" "DEPS;LIBS;TEST_DEPS;TEST_LIBS;ONLY;WITHOUT" ${ARGN})
  if(NOT ROOM_PATH)
    set(ROOM_PATH ${name})
  endif()
  set(dir ${CMAKE_SOURCE_DIR}/src/${ROOM_PATH})
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${dir}/*.cc ${dir}/*.S)
  if(ROOM_ONLY)
    list(JOIN ROOM_ONLY "|" parts)
    list(FILTER all INCLUDE REGEX "^${dir}/(${parts})(/|\\.cc$)")
  endif()
  if(ROOM_WITHOUT)
    list(JOIN ROOM_WITHOUT "|" parts)
    list(FILTER all EXCLUDE REGEX "^${dir}/(${parts})(/|\\.cc$)")
  endif()
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "(_test|_bench|/main)\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(benches ${all})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  if(NOT sources)
    message(WARNING "room ${name}: no sources in ${dir}")
    return()
  endif()
  set(deps)
  foreach(dep ${ROOM_DEPS})
    list(APPEND deps quern_${dep})
  endforeach()
  add_library(quern_${name} STATIC ${sources})
  quern_unity(quern_${name})
  target_link_libraries(quern_${name} PUBLIC quern_flags ${deps} ${ROOM_LIBS})
  if(ROOM_HOT)
    target_compile_options(quern_${name} PRIVATE ${QUERN_HOT_FLAGS})
  endif()
  if(tests)
    set(test_deps)
    foreach(dep ${ROOM_TEST_DEPS})
      list(APPEND test_deps quern_${dep})
    endforeach()
    add_executable(quern_${name}_test ${tests} $<TARGET_OBJECTS:quern_test_main>)
    target_link_libraries(quern_${name}_test PRIVATE quern_${name} ${test_deps} ${ROOM_TEST_LIBS}
      doctest::doctest)
    quern_unity(quern_${name}_test)
    target_compile_definitions(quern_${name}_test PRIVATE QUERN_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    # Optimising the assertions themselves is a third of a test's compile time; what they test keeps its flags.
    target_compile_options(quern_${name}_test PRIVATE -O1)
    add_test(NAME ${name} COMMAND quern_${name}_test)
  endif()
  if(benches)
    add_executable(quern_${name}_bench EXCLUDE_FROM_ALL ${benches})
    target_link_libraries(quern_${name}_bench PRIVATE quern_${name} ${ROOM_TEST_LIBS} benchmark::benchmark_main)
    target_compile_definitions(quern_${name}_bench PRIVATE QUERN_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_dependencies(benches quern_${name}_bench)
  endif()
endfunction()

# quern_program(NAME MAIN DEPS room...): a program in build/bin/.
function(quern_program name main)
  cmake_parse_arguments(PROGRAM "" "" "DEPS;LIBS" ${ARGN})
  set(deps)
  foreach(dep ${PROGRAM_DEPS})
    list(APPEND deps quern_${dep})
  endforeach()
  add_executable(${name} ${CMAKE_SOURCE_DIR}/src/${main})
  target_link_libraries(${name} PRIVATE quern_flags ${deps} ${PROGRAM_LIBS})
  # A shared library that nothing is used of would be loaded at every start.
  target_link_options(${name} PRIVATE -Wl,--as-needed)
endfunction()
