#include "server/grpc/describe.h"

#include "inference/inference.pb.h"
#include "serving/input_binding.h"

namespace quern::server::grpc {
namespace {

using serving::ServedModel;
using serving::ServedModelPtr;

const char* Platform(const ServedModel& model) {
  return model.engine().kind() == model::EngineKind::kCompiled ? "quern_compiled" : "onnx_onnxv1";
}

/// Of Triton's configuration; the protocol's types stand there in another order.
::inference::DataType ConfigType(model::DataType type) {
  if (type == model::DataType::kBytes) return ::inference::TYPE_STRING;
  ::inference::DataType found = ::inference::TYPE_INVALID;
  ::inference::DataType_Parse("TYPE_" + std::string(model::DataTypeName(type)), &found);
  return found;
}

void SetTensor(const model::TensorSpec& spec,
               ::inference::ModelMetadataResponse::TensorMetadata* tensor) {
  tensor->set_name(spec.name);
  tensor->set_datatype(std::string(model::DataTypeName(spec.type)));
  for (int64_t dimension : spec.shape) tensor->add_shape(dimension);
}

template <class Tensor>
void SetConfig(const model::TensorSpec& spec, Tensor* tensor) {
  tensor->set_name(spec.name);
  tensor->set_data_type(ConfigType(spec.type));
  for (int64_t dimension : spec.shape) tensor->add_dims(dimension);
}

void SetDuration(const serving::CountAndTime& total, ::inference::StatisticDuration* duration) {
  duration->set_count(total.count);
  duration->set_ns(total.ns);
}

void SetStatistics(const ServedModel& model, ::inference::ModelStatistics* out) {
  const serving::ModelMetrics::Totals totals = model.metrics().Sum();
  out->set_name(model.name());
  out->set_version(model.version());
  out->set_last_inference(static_cast<uint64_t>(totals.last_ms));
  out->set_inference_count(totals.rows);
  out->set_execution_count(totals.executions);
  auto* stats = out->mutable_inference_stats();
  SetDuration(totals.success, stats->mutable_success());
  SetDuration(totals.fail, stats->mutable_fail());
  SetDuration(totals.queue, stats->mutable_queue());
  SetDuration(totals.input, stats->mutable_compute_input());
  SetDuration(totals.infer, stats->mutable_compute_infer());
  SetDuration(totals.output, stats->mutable_compute_output());
}

Status CheckControl(const ServingContext& context) {
  if (context.control.allowed()) return {};
  return Fail(Code::kPermissionDenied,
              "loading and unloading is not allowed on this server: start it with --model-control");
}

}  // namespace

bool IsReady(const ServingContext& context) {
  return !context.draining() && !context.catalog.Names().empty();
}

Status Describe(const ServingContext&, const ::inference::ServerLiveRequest&,
                ::inference::ServerLiveResponse* response) {
  response->set_live(true);
  return {};
}

Status Describe(const ServingContext& context, const ::inference::ServerReadyRequest&,
                ::inference::ServerReadyResponse* response) {
  response->set_ready(IsReady(context));
  return {};
}

Status Describe(const ServingContext& context, const ::inference::ModelReadyRequest& request,
                ::inference::ModelReadyResponse* response) {
  response->set_ready(!context.draining() &&
                      context.catalog.Find(request.name(), request.version()).has_value());
  return {};
}

Status Describe(const ServingContext&, const ::inference::ServerMetadataRequest&,
                ::inference::ServerMetadataResponse* response) {
  response->set_name("quern");
  response->set_version(QUERN_VERSION);
  for (const char* extension :
       {"model_repository", "model_configuration", "parameters", "statistics"}) {
    response->add_extensions(extension);
  }
  return {};
}

Status Describe(const ServingContext& context, const ::inference::ModelMetadataRequest& request,
                ::inference::ModelMetadataResponse* response) {
  QUERN_ASSIGN(const ServedModelPtr model, context.catalog.Find(request.name(), request.version()));
  response->set_name(model->name());
  for (std::string& version : context.catalog.Versions(model->name())) {
    response->add_versions(std::move(version));
  }
  response->set_platform(Platform(*model));
  for (const model::TensorSpec& spec : model->engine().inputs()) {
    SetTensor(spec, response->add_inputs());
  }
  for (const model::TensorSpec& spec : model->engine().outputs()) {
    SetTensor(spec, response->add_outputs());
  }
  for (const auto& [key, value] : model->metadata()) (*response->mutable_properties())[key] = value;
  return {};
}

Status Describe(const ServingContext& context, const ::inference::ModelConfigRequest& request,
                ::inference::ModelConfigResponse* response) {
  QUERN_ASSIGN(const ServedModelPtr model, context.catalog.Find(request.name(), request.version()));
  ::inference::ModelConfig* config = response->mutable_config();
  config->set_name(model->name());
  config->set_platform(Platform(*model));
  config->set_backend("quern");
  for (const model::TensorSpec& spec : model->engine().inputs()) {
    SetConfig(spec, config->add_input());
  }
  for (const model::TensorSpec& spec : model->engine().outputs()) {
    SetConfig(spec, config->add_output());
  }
  return {};
}

Status Describe(const ServingContext& context, const ::inference::ModelStatisticsRequest& request,
                ::inference::ModelStatisticsResponse* response) {
  if (request.name().empty()) {
    for (const ServedModelPtr& model : context.catalog.All()) {
      SetStatistics(*model, response->add_model_stats());
    }
    return {};
  }
  QUERN_ASSIGN(const ServedModelPtr found, context.catalog.Find(request.name(), request.version()));
  if (!request.version().empty()) {
    SetStatistics(*found, response->add_model_stats());
    return {};
  }
  for (const std::string& version : context.catalog.Versions(found->name())) {
    if (auto one = context.catalog.Find(found->name(), version)) {
      SetStatistics(**one, response->add_model_stats());
    }
  }
  return {};
}

Status Describe(const ServingContext& context, const ::inference::RepositoryIndexRequest& request,
                ::inference::RepositoryIndexResponse* response) {
  if (!request.repository_name().empty()) {
    return Fail(Code::kNotFound,
                "there is no repository " + serving::Quoted(request.repository_name()),
                "leave repository_name empty");
  }
  for (const ModelControl::Known& known : context.control.Index()) {
    if (request.ready() && !known.loaded) continue;
    auto* entry = response->add_models();
    entry->set_name(known.name);
    entry->set_version(known.version);
    entry->set_state(known.loaded ? "READY" : "UNAVAILABLE");
    entry->set_reason(known.reason);
  }
  return {};
}

Status Describe(const ServingContext& context,
                const ::inference::RepositoryModelLoadRequest& request,
                ::inference::RepositoryModelLoadResponse*) {
  QUERN_TRY(CheckControl(context));
  if (!request.parameters().empty()) {
    return NoLoadParameter(request.parameters().begin()->first);
  }
  return context.control.Load(request.model_name());
}

Status Describe(const ServingContext& context,
                const ::inference::RepositoryModelUnloadRequest& request,
                ::inference::RepositoryModelUnloadResponse*) {
  // `unload_dependents` of Triton's clients speaks of ensembles, which there are none of.
  QUERN_TRY(CheckControl(context));
  return context.control.Unload(request.model_name());
}

}  // namespace quern::server::grpc
