#pragma once
// Answers about the server and its models. Each fills an empty message.
#include "base/result.h"
#include "server/context.h"

namespace inference {
class ModelConfigRequest;
class ModelConfigResponse;
class ModelMetadataRequest;
class ModelMetadataResponse;
class ModelReadyRequest;
class ModelReadyResponse;
class ModelStatisticsRequest;
class ModelStatisticsResponse;
class RepositoryIndexRequest;
class RepositoryIndexResponse;
class RepositoryModelLoadRequest;
class RepositoryModelLoadResponse;
class RepositoryModelUnloadRequest;
class RepositoryModelUnloadResponse;
class ServerLiveRequest;
class ServerLiveResponse;
class ServerMetadataRequest;
class ServerMetadataResponse;
class ServerReadyRequest;
class ServerReadyResponse;
}  // namespace inference

namespace quern::server::grpc {

/// Not stopping, and a model is there to be asked.
bool IsReady(const ServingContext& context);

Status Describe(const ServingContext& context, const ::inference::ServerLiveRequest& request,
                ::inference::ServerLiveResponse* response);
Status Describe(const ServingContext& context, const ::inference::ServerReadyRequest& request,
                ::inference::ServerReadyResponse* response);
/// False for a model that is not served: no error.
Status Describe(const ServingContext& context, const ::inference::ModelReadyRequest& request,
                ::inference::ModelReadyResponse* response);
Status Describe(const ServingContext& context, const ::inference::ServerMetadataRequest& request,
                ::inference::ServerMetadataResponse* response);
/// kNotFound.
Status Describe(const ServingContext& context, const ::inference::ModelMetadataRequest& request,
                ::inference::ModelMetadataResponse* response);
/// kNotFound.
Status Describe(const ServingContext& context, const ::inference::ModelConfigRequest& request,
                ::inference::ModelConfigResponse* response);
/// All versions of a model if none is named, all models if that is not named either. kNotFound.
Status Describe(const ServingContext& context, const ::inference::ModelStatisticsRequest& request,
                ::inference::ModelStatisticsResponse* response);
Status Describe(const ServingContext& context, const ::inference::RepositoryIndexRequest& request,
                ::inference::RepositoryIndexResponse* response);
/// kPermissionDenied where clients may not; errors of ModelControl.
Status Describe(const ServingContext& context,
                const ::inference::RepositoryModelLoadRequest& request,
                ::inference::RepositoryModelLoadResponse* response);
Status Describe(const ServingContext& context,
                const ::inference::RepositoryModelUnloadRequest& request,
                ::inference::RepositoryModelUnloadResponse* response);

}  // namespace quern::server::grpc
