#pragma once
// The in-toto statement of OMS 1.0: a manifest as it is signed.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signing/manifest.h"

namespace quern::signing {

inline constexpr char kPredicateType[] = "https://model_signing/signature/v1.0";
inline constexpr char kStatementType[] = "https://in-toto.io/Statement/v1";
inline constexpr char kPayloadType[] = "application/vnd.in-toto+json";

struct Statement {
  /// What is signed, by the name that its folder had; no file is looked up by it.
  std::string subject;
  std::string root;  // RootDigest of the resources
  std::vector<Resource> resources;
  Listing how;
};

/// The statement over whole files, as JSON.
std::string WriteStatement(const std::string& subject, const std::vector<Resource>& resources);

/// kDataLoss for what is no statement of this kind or contradicts itself; kFailedPrecondition for
/// another digest than SHA-256 and another way of listing.
Result<Statement> ReadStatement(std::string_view json);

}  // namespace quern::signing
