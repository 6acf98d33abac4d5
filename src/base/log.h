#pragma once
// Diagnostics for operators, on standard error; what a command answers goes to standard output
// elsewhere.
#include <string_view>

namespace quern {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };
/// From --log-level or QUERN_LOG; default kWarning for commands, kInfo for servers.
void SetLogLevel(LogLevel level);
void Log(LogLevel level, std::string_view message);

}  // namespace quern
