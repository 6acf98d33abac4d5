# Compiler flags, linker and compiler cache for our own code.
add_library(quern_flags INTERFACE)
target_include_directories(quern_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
target_compile_options(quern_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Werror -fstack-protector-strong)
target_compile_definitions(quern_flags INTERFACE QUERN_VERSION="${PROJECT_VERSION}")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports std::string operations that cannot overlap (GCC bug 105651) and members of variants
  # that are not the active one (bug 105562).
  target_compile_options(quern_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(quern_flags INTERFACE -Wthread-safety)
endif()

set(QUERN_HOT_FLAGS "" CACHE STRING "compiler options of the rooms whose speed tests and demos feel")
set(QUERN_SANITIZE "" CACHE STRING "comma-separated sanitizers, e.g. address,undefined")
if(QUERN_SANITIZE)
  target_compile_options(quern_flags INTERFACE -fsanitize=${QUERN_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(quern_flags INTERFACE -fsanitize=${QUERN_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND QUERN_SANITIZE MATCHES "thread")
    # Asio's fences, which this sanitizer does not see: our client runs each of its loops on one thread.
    target_compile_options(quern_flags INTERFACE -Wno-tsan)
  endif()
endif()

find_program(QUERN_MOLD mold)
if(QUERN_MOLD)
  target_link_options(quern_flags INTERFACE -fuse-ld=mold)
endif()
find_program(QUERN_CCACHE ccache)
if(QUERN_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${QUERN_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${QUERN_CCACHE})
endif()
