#include "signing/bundle.h"

#include "base/base64.h"
#include "base/json_doc.h"
#include "signing/statement.h"

namespace quern::signing {
namespace {

/// Of every version; older ones say theirs behind a semicolon.
constexpr char kMediaTypes[] = "application/vnd.dev.sigstore.bundle";

std::unexpected<Error> NoBundle(const std::string& name, const std::string& why) {
  return Fail(Code::kDataLoss, "the signature in " + name + " cannot be read: " + why,
              "fetch it anew, or sign the model again with `quern models sign`");
}

}  // namespace

Result<Bundle> ReadBundle(std::string_view text, const std::string& name) {
  const auto doc = JsonDoc::Parse(text);
  if (!doc) return NoBundle(name, doc.error().message);
  const JsonRef root = doc->root();
  if (!TextAt(root, "mediaType").starts_with(kMediaTypes)) {
    return NoBundle(name, "it is no Sigstore bundle");
  }
  const auto envelope = root.Find("dsseEnvelope");
  if (!envelope) return NoBundle(name, "it has no dsseEnvelope");
  if (const std::string type = TextAt(*envelope, "payloadType"); type != kPayloadType) {
    return NoBundle(name, "its payload is '" + type + "', not " + kPayloadType);
  }
  const auto signatures = envelope->Find("signatures");
  if (!signatures || signatures->size() != 1) {
    return NoBundle(name, "it has not exactly one signature");
  }
  std::string signature;
  signatures->ForEach([&](JsonRef one) { signature = TextAt(one, "sig"); });
  auto payload = FromBase64(TextAt(*envelope, "payload"));
  auto der = FromBase64(signature);
  if (!payload || !der || payload->empty() || der->empty()) {
    return NoBundle(name, "payload or signature is not base64");
  }
  Bundle bundle;
  bundle.payload = std::move(*payload);
  bundle.signature = std::move(*der);
  if (const auto material = root.Find("verificationMaterial")) {
    if (const auto key = material->Find("publicKey")) bundle.hint = TextAt(*key, "hint");
  }
  return bundle;
}

std::string SignedBytes(std::string_view payload) {
  const std::string_view type = kPayloadType;
  std::string out = "DSSEv1 " + std::to_string(type.size()) + " ";
  out.append(type).append(" ").append(std::to_string(payload.size())).append(" ").append(payload);
  return out;
}

}  // namespace quern::signing
