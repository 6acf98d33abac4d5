# Imported targets. Debian's packages come from the system, the native libraries that no Debian
# package carries from .deps/, which `./dev setup` fills from third_party/manifest.
set(QUERN_DEPS ${CMAKE_SOURCE_DIR}/.deps CACHE PATH "where ./dev setup unpacked the native libraries")

target_compile_definitions(quern_flags INTERFACE SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(EXPAT REQUIRED)
# Its headers alone: the library is loaded when a database of PostgreSQL is opened.
find_package(PostgreSQL REQUIRED)
add_library(deps::libpq_headers INTERFACE IMPORTED)
target_include_directories(deps::libpq_headers INTERFACE ${PostgreSQL_INCLUDE_DIRS})
find_package(ZLIB REQUIRED)
# Linked statically, as gRPC is, which needs the same one.
set(Protobuf_USE_STATIC_LIBS ON)
find_package(Protobuf REQUIRED)
find_package(doctest REQUIRED)
find_package(benchmark REQUIRED)

function(quern_import name library)
  if(NOT EXISTS ${library})
    message(FATAL_ERROR "${library} is missing: run ./dev setup")
  endif()
  add_library(${name} SHARED IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${library}
    INTERFACE_INCLUDE_DIRECTORIES "${ARGN}")
endfunction()
quern_import(deps::duckdb ${QUERN_DEPS}/lib/libduckdb.so ${QUERN_DEPS}/include)
target_compile_definitions(deps::duckdb INTERFACE DUCKDB_API_ALLOW_DEPRECATED=0)
quern_import(deps::xgboost ${QUERN_DEPS}/lib/xgboost/lib/libxgboost.so.3)

# The installed form is one relocatable folder: bin/quern finds ../lib by $ORIGIN. The build tree has
# the same shape, its lib/ being a link to .deps/lib.
file(CREATE_LINK ${QUERN_DEPS}/lib ${CMAKE_BINARY_DIR}/lib SYMBOLIC)
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib:$ORIGIN/../lib/xgboost/lib")
