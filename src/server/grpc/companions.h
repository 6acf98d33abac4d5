#pragma once
// Health and reflection from the bytes of a request to those of its answer.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::server::grpc {

/// What stands beside the protocol of inference.
enum class Companion { kNone, kHealthCheck, kHealthWatch, kReflection };
/// Of a method's path, "/grpc.health.v1.Health/Check".
Companion CompanionOf(std::string_view path);

/// As grpc.health.v1.HealthCheckResponse has it.
enum class Health { kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

/// Whether the bytes of a HealthCheckRequest ask for the whole server or for the protocol of
/// inference, and not for a service that is not here. kInvalidArgument: no such request;
/// kResourceExhausted: more than `max_message` bytes.
Result<bool> AsksForKnownService(std::string_view bytes, size_t max_message);
std::string HealthMessage(Health health);

/// Answers the bytes of a ServerReflectionRequest from the descriptors in this program. What is not
/// found is an answer too. kInvalidArgument: no such request, or one that asks for nothing;
/// kResourceExhausted as above.
Result<std::string> Reflect(std::string_view bytes, size_t max_message);

}  // namespace quern::server::grpc
