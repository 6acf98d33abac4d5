# nanoarrow and the part of flatcc that it needs, compiled from .deps/src: readers of the Arrow stream
# format. Their warnings are theirs.
set(arrow_source ${QUERN_DEPS}/src/nanoarrow)
set(flatcc_source ${QUERN_DEPS}/src/flatcc)
if(NOT EXISTS ${arrow_source}/nanoarrow_ipc.h)
  message(FATAL_ERROR "${arrow_source} is missing: run ./dev setup")
endif()
set(NANOARROW_VERSION_MAJOR 0)
set(NANOARROW_VERSION_MINOR 9)
set(NANOARROW_VERSION_PATCH 0)
set(NANOARROW_VERSION 0.9.0)
set(NANOARROW_NAMESPACE_DEFINE "")
configure_file(${arrow_source}/nanoarrow_config.h.in ${CMAKE_BINARY_DIR}/generated/nanoarrow/nanoarrow_config.h @ONLY)
add_library(deps_nanoarrow STATIC
  ${arrow_source}/common/array.c ${arrow_source}/common/array_stream.c ${arrow_source}/common/schema.c
  ${arrow_source}/common/utils.c ${arrow_source}/ipc/codecs.c ${arrow_source}/ipc/decoder.c ${arrow_source}/ipc/encoder.c
  ${arrow_source}/ipc/reader.c
  ${flatcc_source}/runtime/builder.c ${flatcc_source}/runtime/emitter.c ${flatcc_source}/runtime/refmap.c
  ${flatcc_source}/runtime/verifier.c)
target_include_directories(deps_nanoarrow SYSTEM PUBLIC ${QUERN_DEPS}/src ${CMAKE_BINARY_DIR}/generated)
target_include_directories(deps_nanoarrow SYSTEM PRIVATE ${flatcc_source}/include)
target_compile_options(deps_nanoarrow PRIVATE -w)
add_library(deps::nanoarrow ALIAS deps_nanoarrow)
