#pragma once
// The command line of quern-serve: one table, read, explained and checked here.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/engine_choice.h"
#include "server/access.h"

namespace quern::server {

struct StandaloneOptions {
  /// [NAME=]MODEL
  std::vector<std::string> models;
  /// A project or store whose registry names models; "" if none.
  std::string root;
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  /// No gRPC if absent.
  std::optional<uint16_t> grpc_port;
  uint64_t max_input = uint64_t{64} << 20;
  size_t max_queue = 1024;
  AccessOptions access;
  /// Files of public keys, one of which must have signed every model; empty: none needs to.
  std::vector<std::string> verify_keys;
  size_t threads = 0;
  size_t batch_size = 256;
  double batch_delay_ms = 0;
  double watch = 10;
  model::EnginePreference engine = model::EnginePreference::kAuto;
  bool model_control = false;
  bool log_predictions = false;
  bool help = false;
  bool version = false;
};

/// Options as --name VALUE or --name=VALUE, anywhere among the models; all behind "--" are models.
/// kInvalidArgument for an unknown option (a near one is named), a value that is missing or does
/// not fit.
Result<StandaloneOptions> ReadOptions(std::span<const char* const> arguments);

/// What --help prints.
std::string HelpText();

}  // namespace quern::server
