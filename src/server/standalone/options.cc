#include "server/standalone/options.h"

#include <algorithm>
#include <limits>

#include "base/byte_size.h"
#include "base/text.h"
#include "server/serve.h"

namespace quern::server {
namespace {

std::unexpected<Error> DoesNotFit(std::string_view value, const std::string& wanted) {
  return Fail(Code::kInvalidArgument, "'" + std::string(value) + "' is not " + wanted);
}

Result<uint64_t> Whole(std::string_view text, uint64_t most) {
  const auto value = ParseInt(text);
  if (!value || *value < 0 || static_cast<uint64_t>(*value) > most) {
    return DoesNotFit(text, "a whole number from 0 to " + std::to_string(most));
  }
  return static_cast<uint64_t>(*value);
}

Status SetPort(std::string_view text, uint16_t* port) {
  QUERN_ASSIGN(const uint64_t value, Whole(text, std::numeric_limits<uint16_t>::max()));
  *port = static_cast<uint16_t>(value);
  return {};
}

Status SetSize(std::string_view text, uint64_t* bytes) {
  QUERN_ASSIGN(*bytes, ParseByteSize(text));
  return *bytes > 0 ? Status() : DoesNotFit(text, "a number of bytes such as 67108864 or 64MB");
}

Status SetCount(std::string_view text, size_t most, size_t* count) {
  QUERN_ASSIGN(*count, Whole(text, most));
  return {};
}

Status SetSeconds(std::string_view text, double* seconds) {
  const auto value = ParseDouble(text);
  if (!value || !(*value >= 0) || *value > 1e9) return DoesNotFit(text, "a number of seconds");
  *seconds = *value;
  return {};
}

Status SetBatchSize(std::string_view text, size_t* rows) {
  QUERN_ASSIGN(*rows, Whole(text, 65536));
  return *rows > 0 ? Status() : DoesNotFit(text, "a number of rows from 1 to 65536");
}

Status SetBatchDelay(std::string_view text, double* ms) {
  const auto value = ParseDouble(text);
  if (!value || !(*value >= 0) || *value > 10'000) {
    return DoesNotFit(text, "a number of milliseconds from 0 to 10000");
  }
  *ms = *value;
  return {};
}

struct Option {
  const char* name;
  /// What the value is called; "" for a switch.
  const char* value;
  const char* doc;
  Status (*set)(std::string_view value, StandaloneOptions& options);
};

using O = StandaloneOptions;
constexpr Option kOptions[] = {
    {"--host", "ADDRESS", "to listen on (127.0.0.1); 0.0.0.0 is every network",
     [](std::string_view v, O& o) {
       o.host = v;
       return Status();
     }},
    {"--port", "PORT", "for HTTP (8080), 0 for a free one",
     [](std::string_view v, O& o) { return SetPort(v, &o.port); }},
#ifdef QUERN_GRPC
    {"--grpc-port", "PORT", "for gRPC, 0 for a free one; without it there is no gRPC",
     [](std::string_view v, O& o) { return SetPort(v, &o.grpc_port.emplace()); }},
#endif
    {"--root", "FOLDER", "a project or store, whose registry names models",
     [](std::string_view v, O& o) {
       o.root = v;
       return Status();
     }},
    {"--log-predictions", "", "keep what was asked and answered in the database of --root",
     [](std::string_view, O& o) {
       o.log_predictions = true;
       return Status();
     }},
    {"--tls-cert", "FILE", "PEM file of the certificate: TLS, also for gRPC; read again",
     [](std::string_view v, O& o) {
       o.access.tls_certificate = v;
       return Status();
     }},
    {"--tls-key", "FILE", "PEM file of its key",
     [](std::string_view v, O& o) {
       o.access.tls_key = v;
       return Status();
     }},
    {"--token-file", "FILE", "a token a line, one of which requests need, but for health",
     [](std::string_view v, O& o) {
       o.access.token_file = v;
       return Status();
     }},
    {"--verify-key", "FILE", "PEM of who may sign models; others are refused. Again for more keys",
     [](std::string_view v, O& o) {
       o.verify_keys.emplace_back(v);
       return Status();
     }},
    {"--http-max-input-size", "BYTES", "of a request, before and after decompression (64MB)",
     [](std::string_view v, O& o) { return SetSize(v, &o.max_input); }},
    {"--max-queue", "N", "requests that may wait for a thread (1024); one more is refused",
     [](std::string_view v, O& o) { return SetCount(v, kMostQueued, &o.max_queue); }},
    {"--threads", "N", "of the server, 0 for as many as fit (0)",
     [](std::string_view v, O& o) { return SetCount(v, kMostThreads, &o.threads); }},
    {"--batch-size", "N", "most rows of requests that are scored together (256), 1 for none",
     [](std::string_view v, O& o) { return SetBatchSize(v, &o.batch_size); }},
    {"--batch-delay", "MS", "milliseconds that a request waits for others (0)",
     [](std::string_view v, O& o) { return SetBatchDelay(v, &o.batch_delay_ms); }},
    {"--engine", "NAME", "what runs the models: auto, compiled, onnxruntime (auto)",
     [](std::string_view v, O& o) -> Status {
       QUERN_ASSIGN(o.engine, model::ParseEnginePreference(v));
       return {};
     }},
    {"--watch", "SECONDS", "between looks at the registry for aliases that moved (10), 0: never",
     [](std::string_view v, O& o) { return SetSeconds(v, &o.watch); }},
    {"--model-control", "", "let clients load and unload the models that are named here",
     [](std::string_view, O& o) {
       o.model_control = true;
       return Status();
     }},
    {"--help", "", "print this",
     [](std::string_view, O& o) {
       o.help = true;
       return Status();
     }},
    {"--version", "", "print the version",
     [](std::string_view, O& o) {
       o.version = true;
       return Status();
     }},
};

Result<const Option*> Find(std::string_view name) {
  for (const Option& option : kOptions) {
    if (name == option.name) return &option;
  }
  std::vector<std::string> known;
  for (const Option& option : kOptions) known.emplace_back(option.name);
  return Fail(Code::kInvalidArgument, "there is no option " + std::string(name),
              SuggestName(name, known));
}

}  // namespace

Result<StandaloneOptions> ReadOptions(std::span<const char* const> arguments) {
  StandaloneOptions options;
  bool models_alone = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (models_alone || !argument.starts_with('-') || argument == "-") {
      options.models.emplace_back(argument);
      continue;
    }
    if (argument == "--") {
      models_alone = true;
      continue;
    }
    const size_t equals = argument.find('=');
    const std::string_view name = argument == "-h" ? "--help" : argument.substr(0, equals);
    QUERN_ASSIGN(const Option* option, Find(name));
    std::string_view value;
    if (*option->value == '\0') {
      if (equals != std::string_view::npos) {
        return Fail(Code::kInvalidArgument, std::string(name) + " takes no value");
      }
    } else if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return Fail(Code::kInvalidArgument, std::string(name) + " needs a value",
                  std::string(name) + " " + option->value);
    }
    if (Status status = option->set(value, options); !status) {
      return Within(std::move(status).error(), "reading " + std::string(name));
    }
  }
  return options;
}

std::string HelpText() {
  std::string text =
      "Serve models over HTTP and gRPC: Open Inference Protocol, MLflow /invocations, metrics\n"
      "Usage: quern-serve [NAME=]MODEL... [options]\n\n"
      "A MODEL is a folder with an MLmodel or model.onnx, an .onnx file, or NAME@alias, NAME/3 or\n"
      "NAME of the registry of --root. The first one answers /invocations.\n\nOptions:\n";
  for (const Option& option : kOptions) {
    std::string head = std::string("  ") + option.name;
    if (*option.value != '\0') head += std::string(" ") + option.value;
    head.resize(std::max<size_t>(head.size() + 1, 32), ' ');
    text += head + option.doc + "\n";
  }
  return text;
}

}  // namespace quern::server
