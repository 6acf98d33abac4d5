# deps::grpc and deps::inference_proto. gRPC and what it needs are linked statically: as shared libraries they
# are fifty, which every start of the program would load. The library without TLS is a third of the one with it
# (docs/adr/0012-grpc-is-linked-statically.md).
option(QUERN_GRPC "serve gRPC too" ON)
if(NOT QUERN_GRPC)
  return()
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(GRPC REQUIRED grpc++>=1.51)
find_program(QUERN_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)

set(grpc_names grpc++_unsecure grpc_unsecure address_sorting re2 upb cares gpr)
foreach(name ${GRPC_STATIC_LIBRARIES})
  if(name MATCHES "^absl_" AND NOT name IN_LIST grpc_names)
    list(APPEND grpc_names ${name})
  endif()
endforeach()
set(grpc_archives)
foreach(name ${grpc_names})
  find_library(QUERN_ARCHIVE_${name} lib${name}.a)
  if(NOT QUERN_ARCHIVE_${name})
    message(FATAL_ERROR "lib${name}.a is missing: run ./dev setup")
  endif()
  list(APPEND grpc_archives ${QUERN_ARCHIVE_${name}})
endforeach()
# They need each other in circles: one group for the linker.
add_library(deps_grpc INTERFACE)
target_link_libraries(deps_grpc INTERFACE -Wl,--start-group ${grpc_archives} -Wl,--end-group
  protobuf::libprotobuf ZLIB::ZLIB Threads::Threads)
add_library(deps::grpc ALIAS deps_grpc)

# Generated code is compiled without our warnings, and its headers are system headers.
set(inference_proto_dir ${CMAKE_BINARY_DIR}/inference_proto/inference)
set(inference_proto ${CMAKE_SOURCE_DIR}/src/server/grpc)
add_custom_command(
  OUTPUT ${inference_proto_dir}/inference.grpc.pb.h ${inference_proto_dir}/inference.grpc.pb.cc
  COMMAND ${CMAKE_COMMAND} -E make_directory ${inference_proto_dir}
  COMMAND protobuf::protoc --proto_path=${inference_proto} --grpc_out=${inference_proto_dir}
    --plugin=protoc-gen-grpc=${QUERN_GRPC_PLUGIN} inference.proto
  DEPENDS ${inference_proto}/inference.proto
  COMMENT "protoc inference.proto: services"
  VERBATIM)
add_library(quern_inference_proto STATIC ${inference_proto_dir}/inference.grpc.pb.cc
  ${inference_proto_dir}/inference.grpc.pb.h)
# The services beside it have no code of gRPC's: they are answered by the bytes (server/grpc/companions.h).
foreach(name inference health reflection)
  add_custom_command(
    OUTPUT ${inference_proto_dir}/${name}.pb.h ${inference_proto_dir}/${name}.pb.cc
    COMMAND ${CMAKE_COMMAND} -E make_directory ${inference_proto_dir}
    COMMAND protobuf::protoc --proto_path=${inference_proto} --cpp_out=${inference_proto_dir} ${name}.proto
    DEPENDS ${inference_proto}/${name}.proto
    COMMENT "protoc ${name}.proto"
    VERBATIM)
  target_sources(quern_inference_proto PRIVATE ${inference_proto_dir}/${name}.pb.cc ${inference_proto_dir}/${name}.pb.h)
endforeach()
target_include_directories(quern_inference_proto SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/inference_proto)
target_compile_options(quern_inference_proto PRIVATE -w)
target_link_libraries(quern_inference_proto PUBLIC deps::grpc)
add_library(deps::inference_proto ALIAS quern_inference_proto)
