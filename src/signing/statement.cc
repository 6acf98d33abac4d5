#include "signing/statement.h"

#include "base/json_doc.h"
#include "base/text.h"

namespace quern::signing {
namespace {

std::unexpected<Error> NoStatement(const std::string& why) {
  return Fail(Code::kDataLoss,
              "what is signed is no statement of OpenSSF model signing 1.0: " + why,
              "sign the model with `quern models sign`, or model_signing 1.0 or later");
}

Status ReadListing(const JsonRef& predicate, Listing& how) {
  const auto serialization = predicate.Find("serialization");
  if (!serialization) return NoStatement("it does not say how files were listed");
  const std::string method = TextAt(*serialization, "method");
  const std::string hash = TextAt(*serialization, "hash_type");
  if (hash != "sha256") {
    return Fail(Code::kFailedPrecondition,
                "the files were digested with '" + hash + "', and this program knows sha256",
                "sign the model again with its default, sha256");
  }
  if (method == "shards") {
    const auto size = serialization->Find("shard_size");
    const auto bytes = size ? ParseDouble(size->text()) : std::nullopt;  // protobuf writes 5.0
    if (!bytes || !(*bytes >= 1) || *bytes > 1e15)
      return NoStatement("its shard_size is no number of bytes");
    how.shard_size = static_cast<uint64_t>(*bytes);
  } else if (method != "files") {
    return Fail(Code::kFailedPrecondition,
                "the files were listed by the method '" + method + "', which is not known",
                "sign the model again by files");
  }
  const auto links = serialization->Find("allow_symlinks");
  how.allow_symlinks = links && links->Is(JsonKind::kTrue);
  if (const auto paths = serialization->Find("ignore_paths")) {
    paths->ForEach([&](JsonRef path) { how.ignored.emplace_back(path.text()); });
  }
  return {};
}

/// The one subject: its name and its digest.
Status ReadSubject(const JsonRef& statement, Statement& out) {
  const auto subjects = statement.Find("subject");
  if (!subjects || subjects->size() != 1) return NoStatement("it has not exactly one subject");
  subjects->ForEach([&](JsonRef subject) {
    out.subject = TextAt(subject, "name");
    if (const auto digest = subject.Find("digest")) out.root = TextAt(*digest, "sha256");
  });
  return {};
}

Status ReadResources(const JsonRef& predicate, Statement& out) {
  const auto resources = predicate.Find("resources");
  if (!resources || resources->size() == 0) return NoStatement("it lists no file");
  bool plain = true;
  resources->ForEach([&](JsonRef resource) {
    const std::string algorithm = TextAt(resource, "algorithm");  // of pieces with their size
    plain = plain && (algorithm == "sha256" || algorithm.starts_with("sha256-sharded-"));
    out.resources.push_back({TextAt(resource, "name"), TextAt(resource, "digest")});
  });
  if (!plain) return NoStatement("a file's digest is not SHA-256");
  if (RootDigest(out.resources) != out.root) {
    return NoStatement("its root digest is not that of its files");
  }
  return {};
}

}  // namespace

Result<Statement> ReadStatement(std::string_view text) {
  const auto doc = JsonDoc::Parse(text);
  if (!doc) return NoStatement(doc.error().message);
  const JsonRef root = doc->root();
  if (TextAt(root, "_type") != kStatementType) return NoStatement("it is no in-toto statement");
  if (const std::string type = TextAt(root, "predicateType"); type != kPredicateType) {
    return NoStatement("its predicate is '" + type + "'");
  }
  const auto predicate = root.Find("predicate");
  if (!predicate) return NoStatement("it has no predicate");
  Statement out;
  QUERN_TRY(ReadSubject(root, out));
  QUERN_TRY(ReadListing(*predicate, out.how));
  QUERN_TRY(ReadResources(*predicate, out));
  return out;
}

}  // namespace quern::signing
