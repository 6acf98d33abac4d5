#include "cli/demo.h"

#include "base/log.h"
#include "cli/demo_files.h"
#include "cli/project_state.h"
#include "pipeline/lifecycle.h"

namespace quern::cli {
namespace {

/// Steps as lines of the server's log.
class LoggedRun : public pipeline::RunListener {
 public:
  void OnStep(const pipeline::StepState& state, const pipeline::StepOutput* output) override {
    if (state.state == "running" || state.state == "cached") return;
    Log(LogLevel::kInfo,
        "demo: " + state.id + " " + state.state +
            (output == nullptr || output->message.empty() ? std::string()
                                                          : ": " + output->message));
  }
};

}  // namespace

Status WriteDemo(const std::string& folder, Fs& fs) {
  if (fs.Exists(JoinPath(folder, "quern.yaml"))) return {};
  if (const auto there = fs.List(folder); there && !there->empty()) {
    return Fail(Code::kAlreadyExists,
                "--demo makes a project in '" + folder + "', which holds '" + there->front() + "'",
                "name an empty or a new folder: --root DIR");
  }
  // The project file last: who finds it finds all.
  for (const DemoFile& file : DemoFiles()) {
    QUERN_TRY(fs.WriteAtomic(JoinPath(folder, file.path), file.text));
  }
  return {};
}

DemoRun::DemoRun(std::string folder, Context& context)
    : folder_(std::move(folder)), context_(context), thread_([this] { Work(); }) {}

DemoRun::~DemoRun() {
  cancel_.Cancel();
  thread_.join();
}

void DemoRun::Work() {
  pipeline::LifecycleOptions options;
  options.run.cancel = &cancel_;
  options.listener = WebhookListener(context_);
  LoggedRun listener;
  const auto outcome =
      pipeline::RunLifecycle(folder_, {}, options, context_.fs, context_.clock, listener);
  const Error* error = !outcome                 ? &outcome.error()
                       : outcome->summary.error ? &*outcome->summary.error
                                                : nullptr;
  if (error == nullptr) {
    Log(LogLevel::kInfo, "demo: the life cycle of the project has run");
  } else if (error->code != Code::kCancelled) {
    Log(LogLevel::kError, "demo: " + error->ToString());
  }
}

}  // namespace quern::cli
