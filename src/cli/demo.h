#pragma once
// `quern server --demo`: examples/heart, which the program carries, run to its end while the server
// shows it.
#include <memory>
#include <string>
#include <thread>

#include "cli/command.h"

namespace quern::cli {

/// Writes the project into `folder` unless its quern.yaml is there. kAlreadyExists for a folder
/// that holds other things.
Status WriteDemo(const std::string& folder, Fs& fs);

/// Runs what of the project is not up to date, beside whatever else the process does. What it says
/// goes to the log.
class DemoRun {
 public:
  DemoRun(std::string folder, Context& context);
  /// Stops at the next step and waits for that.
  ~DemoRun();
  DemoRun(const DemoRun&) = delete;
  DemoRun& operator=(const DemoRun&) = delete;

 private:
  void Work();
  const std::string folder_;
  Context& context_;
  CancelToken cancel_;
  std::thread thread_;
};

}  // namespace quern::cli
