#pragma once
// The sample of training rows that a package holds for explanations, in the form of its input
// example. Private to this room.
#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "base/frame.h"
#include "base/json.h"
#include "base/result.h"
#include "model/signature.h"

namespace quern::model {

inline constexpr const char* kBackgroundFile = "background.json";

/// What quern.json says of a file with that text: {"file", "sha256"}. By it the rows are part of
/// the package's digest.
json::value BackgroundEntry(const std::string& text);

/// The rows, if text and entry belong together. kInvalidArgument: what is wrong with which file.
Result<Frame> ParseBackground(const json::value& entry, const std::string& text,
                              const Signature& signature);

}  // namespace quern::model
