#include "server/grpc/companions.h"

#include <doctest/doctest.h>
#include <google/protobuf/descriptor.pb.h>

#include "inference/health.pb.h"
#include "inference/reflection.pb.h"

namespace quern::server::grpc {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::grpc::reflection::v1alpha::ServerReflectionRequest;
using ::grpc::reflection::v1alpha::ServerReflectionResponse;

constexpr size_t kMost = 1 << 20;

ServerReflectionResponse Reflected(const ServerReflectionRequest& request) {
  const auto bytes = Reflect(request.SerializeAsString(), kMost);
  REQUIRE(bytes);
  ServerReflectionResponse response;
  REQUIRE(response.ParseFromString(*bytes));
  CHECK(response.original_request().SerializeAsString() == request.SerializeAsString());
  return response;
}

TEST_CASE("health is asked of the server or of a service that is here") {
  HealthCheckRequest request;
  CHECK(AsksForKnownService(request.SerializeAsString(), kMost) == true);
  request.set_service("inference.GRPCInferenceService");
  CHECK(AsksForKnownService(request.SerializeAsString(), kMost) == true);
  request.set_service("inference");
  CHECK(AsksForKnownService(request.SerializeAsString(), kMost) == false);
  CHECK(AsksForKnownService("\x0a\x05in", kMost).error().code == Code::kInvalidArgument);
  HealthCheckResponse response;
  REQUIRE(response.ParseFromString(HealthMessage(Health::kNotServing)));
  CHECK(response.status() == HealthCheckResponse::NOT_SERVING);
  REQUIRE(response.ParseFromString(HealthMessage(Health::kServiceUnknown)));
  CHECK(response.status() == HealthCheckResponse::SERVICE_UNKNOWN);
}

TEST_CASE("reflection lists the services, and finds the file of each") {
  ServerReflectionRequest request;
  request.set_host("here");
  request.set_list_services("*");
  const auto listed = Reflected(request);
  CHECK(listed.valid_host() == "here");
  CHECK(listed.list_services_response().service_size() == 3);
  for (const auto& service : listed.list_services_response().service()) {
    request.set_file_containing_symbol(service.name());
    const auto found = Reflected(request).file_descriptor_response();
    REQUIRE(found.file_descriptor_proto_size() == 1);
    google::protobuf::FileDescriptorProto file;
    REQUIRE(file.ParseFromString(found.file_descriptor_proto(0)));
    CHECK(file.package() + "." + file.service(0).name() == service.name());
    request.set_file_by_filename(file.name());
    CHECK(Reflected(request).file_descriptor_response().file_descriptor_proto(0) ==
          found.file_descriptor_proto(0));
  }
}

TEST_CASE("what reflection does not find is said, and no error of the call") {
  ServerReflectionRequest request;
  const auto missing = [&] {
    return Reflected(request).error_response().error_code() == static_cast<int>(Code::kNotFound);
  };
  request.set_file_containing_symbol("nothing.Here");
  CHECK(missing());
  request.set_file_by_filename("/etc/passwd");
  CHECK(missing());
  request.set_all_extension_numbers_of_type("nothing.Here");
  CHECK(missing());
  request.mutable_file_containing_extension()->set_containing_type("inference.ServerLiveRequest");
  CHECK(missing());
  request.set_all_extension_numbers_of_type("inference.ServerLiveRequest");
  const auto none = Reflected(request).all_extension_numbers_response();
  CHECK(none.base_type_name() == "inference.ServerLiveRequest");
  CHECK(none.extension_number_size() == 0);

  CHECK(Reflect("", kMost).error().code == Code::kInvalidArgument);
  CHECK(Reflect("\xff\xff", kMost).error().code == Code::kInvalidArgument);
}

TEST_CASE("a path is one of a companion or of none") {
  CHECK(CompanionOf("/grpc.health.v1.Health/Check") == Companion::kHealthCheck);
  CHECK(CompanionOf("/grpc.health.v1.Health/Watch") == Companion::kHealthWatch);
  CHECK(CompanionOf("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo") ==
        Companion::kReflection);
  CHECK(CompanionOf("/grpc.health.v1.Health/List") == Companion::kNone);
  CHECK(CompanionOf("") == Companion::kNone);
}

}  // namespace
}  // namespace quern::server::grpc
