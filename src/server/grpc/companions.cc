#include "server/grpc/companions.h"

#include <array>
#include <vector>

#include "inference/health.pb.h"
#include "inference/inference.pb.h"
#include "inference/reflection.pb.h"
#include "server/grpc/answer.h"

namespace quern::server::grpc {
namespace {

namespace reflection = ::grpc::reflection::v1alpha;
using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

constexpr std::string_view kInference = "inference.GRPCInferenceService";
/// What a server of this program has.
constexpr std::array<std::string_view, 3> kServices = {
    "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection", kInference};

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

/// One request of a reflecting client.
class Reflector {
 public:
  explicit Reflector(const reflection::ServerReflectionRequest& request) : request_(request) {
    response_.set_valid_host(request.host());
    *response_.mutable_original_request() = request;
  }

  Result<std::string> Answer() {
    using Request = reflection::ServerReflectionRequest;
    switch (request_.message_request_case()) {
      case Request::kFileByFilename:
        Put(Pool().FindFileByName(request_.file_by_filename()));
        break;
      case Request::kFileContainingSymbol:
        Put(Pool().FindFileContainingSymbol(request_.file_containing_symbol()));
        break;
      case Request::kFileContainingExtension:
        Put(FileOfExtension(request_.file_containing_extension()));
        break;
      case Request::kAllExtensionNumbersOfType:
        PutExtensions(request_.all_extension_numbers_of_type());
        break;
      case Request::kListServices:
        for (std::string_view name : kServices) {
          response_.mutable_list_services_response()->add_service()->set_name(std::string(name));
        }
        break;
      case Request::MESSAGE_REQUEST_NOT_SET:
        return Fail(Code::kInvalidArgument, "the request asks for nothing");
    }
    return response_.SerializeAsString();
  }

 private:
  static const FileDescriptor* FileOfExtension(const reflection::ExtensionRequest& asked) {
    const Descriptor* type = Pool().FindMessageTypeByName(asked.containing_type());
    const FieldDescriptor* found =
        type != nullptr ? Pool().FindExtensionByNumber(type, asked.extension_number()) : nullptr;
    return found != nullptr ? found->file() : nullptr;
  }

  void Missing() {
    auto* error = response_.mutable_error_response();
    error->set_error_code(static_cast<int>(Code::kNotFound));
    error->set_error_message("not found");
  }

  void Put(const FileDescriptor* file) {
    if (file == nullptr) return Missing();
    FileDescriptorProto proto;
    file->CopyTo(&proto);
    response_.mutable_file_descriptor_response()->add_file_descriptor_proto(
        proto.SerializeAsString());
  }

  void PutExtensions(const std::string& name) {
    const Descriptor* type = Pool().FindMessageTypeByName(name);
    if (type == nullptr) return Missing();
    auto* numbers = response_.mutable_all_extension_numbers_response();
    numbers->set_base_type_name(name);
    std::vector<const FieldDescriptor*> extensions;
    Pool().FindAllExtensions(type, &extensions);
    for (const FieldDescriptor* extension : extensions) {
      numbers->add_extension_number(extension->number());
    }
  }

  const reflection::ServerReflectionRequest& request_;
  reflection::ServerReflectionResponse response_;
};

}  // namespace

Companion CompanionOf(std::string_view path) {
  if (path == "/grpc.health.v1.Health/Check") return Companion::kHealthCheck;
  if (path == "/grpc.health.v1.Health/Watch") return Companion::kHealthWatch;
  if (path == "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo") {
    return Companion::kReflection;
  }
  return Companion::kNone;
}

Result<bool> AsksForKnownService(std::string_view bytes, size_t max_message) {
  HealthCheckRequest request;
  QUERN_TRY(Parse(bytes, max_message, &request));
  return request.service().empty() || request.service() == kInference;
}

std::string HealthMessage(Health health) {
  HealthCheckResponse response;
  response.set_status(static_cast<HealthCheckResponse::ServingStatus>(health));
  return response.SerializeAsString();
}

Result<std::string> Reflect(std::string_view bytes, size_t max_message) {
  reflection::ServerReflectionRequest request;
  QUERN_TRY(Parse(bytes, max_message, &request));
  return Reflector(request).Answer();
}

}  // namespace quern::server::grpc
