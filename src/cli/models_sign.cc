// quern models sign, verify and keygen: who vouches for a package.
#include "cli/models_sign.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/fd.h"
#include "cli/models_review.h"
#include "cli/places.h"
#include "cli/state_verb.h"
#include "cli/trusted_keys.h"
#include "registry/signature.h"
#include "signing/bundle.h"

namespace quern::cli {
namespace {

using registry::ModelVersion;

constexpr char kPassphrase[] = "QUERN_KEY_PASSPHRASE";

struct SignArgs : StateArgs {
  std::string key;
  std::string signature;
  std::vector<std::string> verify_keys;
  std::string output = "signing";
};

/// What is signed or verified: a version of the registry, or a folder by itself.
struct Package {
  std::unique_ptr<pipeline::Workspace> workspace;  // null: a folder
  ModelVersion version;
  std::string folder;
  std::string name;  // "heart/3", or the folder
};

bool IsFolder(const std::string& path, Fs& fs) {
  const auto info = fs.Stat(path);
  return info && info->is_dir;
}

Result<Package> FindPackage(const SignArgs& args, Context& context) {
  Package package;
  if (IsFolder(args.what, context.fs)) {
    package.folder = args.what;
    while (package.folder.size() > 1 && package.folder.ends_with('/')) package.folder.pop_back();
    package.name = package.folder;
    return package;
  }
  QUERN_ASSIGN(package.workspace, OpenState(args, Asks::kServerToo, context));
  QUERN_ASSIGN(package.version, package.workspace->registry().Resolve(args.what));
  QUERN_ASSIGN(package.folder, package.workspace->PackageFolder(package.version));
  package.name = package.version.name + "/" + std::to_string(package.version.version);
  return package;
}

Result<std::string> MakeSignature(const SignArgs& args, const Package& package, Fs& fs) {
  QUERN_ASSIGN(const std::string pem, fs.Read(args.key));
  const char* passphrase = std::getenv(kPassphrase);
  QUERN_ASSIGN(const auto key,
               signing::PrivateKey::Parse(pem, passphrase == nullptr ? "" : passphrase, args.key));
  const std::string subject = package.workspace != nullptr
                                  ? BaseName(registry::PackagePath(package.version.digest))
                                  : BaseName(package.folder);
  return signing::SignFolder(package.folder, subject, key);
}

/// One that was made elsewhere, by `model_signing sign key` for instance.
Result<std::string> AdoptSignature(const SignArgs& args, const Package& package, Fs& fs) {
  const std::string state = StateFolderOf(args.project, fs);
  QUERN_ASSIGN(const auto trust, KnownTrust(state, args.verify_keys, fs));
  if (trust.empty()) {
    return Fail(Code::kInvalidArgument, "no key is known to check '" + args.signature + "' by",
                "give --verify-key PUBLIC.pem, or declare registry.signatures.keys in quern.yaml");
  }
  QUERN_ASSIGN(std::string bundle, fs.Read(args.signature));
  QUERN_TRY(trust.Open(bundle, "'" + args.signature + "'"));
  QUERN_TRY(trust.Check(package.folder, bundle, fs));
  return bundle;
}

Result<int> Sign(const SignArgs& args, Context& context) {
  if (args.key.empty() == args.signature.empty()) {
    return Fail(Code::kInvalidArgument, "what is to sign is not said",
                "give --key PRIVATE.pem, or --signature FILE that was made elsewhere");
  }
  QUERN_ASSIGN(const Package package, FindPackage(args, context));
  QUERN_ASSIGN(const std::string bundle, args.signature.empty()
                                             ? MakeSignature(args, package, context.fs)
                                             : AdoptSignature(args, package, context.fs));
  const std::string file = JoinPath(package.folder, signing::kSignatureFile);
  QUERN_TRY(context.fs.WriteAtomic(file, bundle));
  const std::string signer = registry::SignerOf(bundle);
  if (package.workspace != nullptr) {
    const std::string reason =
        args.reason.empty() ? "signed by hand with the key " + signer : args.reason;
    QUERN_TRY(package.workspace->registry().KeepSignature(package.version.name,
                                                          package.version.version, bundle, reason));
    QUERN_TRY(DeclarePolicies(*package.workspace, package.version.name));
  }
  if (context.json) {
    context.PrintJson(json::object{{"signed", package.name}, {"key", signer}, {"file", file}});
  } else {
    context.PrintLine(fmt::format("{} is signed with the key {}: {}", package.name, signer, file));
  }
  return 0;
}

Result<int> Verify(const SignArgs& args, Context& context) {
  QUERN_ASSIGN(const Package package, FindPackage(args, context));
  const std::string state = StateFolderOf(args.project, context.fs);
  QUERN_ASSIGN(const auto trust, KnownTrust(state, args.verify_keys, context.fs));
  if (trust.empty()) {
    return Fail(Code::kInvalidArgument, "no key is trusted, so that no signature says anything",
                "give --verify-key PUBLIC.pem, or declare registry.signatures.keys in quern.yaml");
  }
  QUERN_ASSIGN(const auto good,
               trust.Check(package.folder, registry::SignatureOf(package.version), context.fs));
  const size_t files = good.statement.resources.size();
  if (context.json) {
    context.PrintJson(json::object{{"verified", package.name},
                                   {"key", good.key},
                                   {"files", files},
                                   {"root_digest", good.statement.root}});
  } else {
    context.PrintLine(fmt::format("{} is what the key {} has signed: {} files, sha256:{}",
                                  package.name, signing::ShortKey(good.key), files,
                                  good.statement.root.substr(0, 12)));
  }
  return 0;
}

/// A new file that its owner alone reads.
Status WriteSecret(const std::string& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (file.get() < 0) {
    return Fail(errno == EEXIST ? Code::kAlreadyExists : Code::kUnavailable,
                "cannot make '" + path + "': " + std::strerror(errno),
                errno == EEXIST ? "choose another name with -o: no key is ever overwritten" : "");
  }
  while (!text.empty()) {
    const ssize_t wrote = ::write(file.get(), text.data(), text.size());
    if (wrote < 0) return Fail(Code::kUnavailable, "cannot write '" + path + "'");
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  return {};
}

Result<int> MakeKeys(const SignArgs& args, Context& context) {
  const std::string secret = args.output + ".key";
  const std::string open = args.output + ".pem";
  if (context.fs.Exists(open)) {
    return Fail(Code::kAlreadyExists, "'" + open + "' is there already",
                "choose another name with -o: no key is ever overwritten");
  }
  QUERN_ASSIGN(const auto key, signing::PrivateKey::Make());
  QUERN_ASSIGN(const std::string pem, key.Pem());
  QUERN_TRY(WriteSecret(secret, pem));
  QUERN_TRY(context.fs.WriteAtomic(open, key.public_key().pem()));
  if (context.json) {
    context.PrintJson(json::object{
        {"private", secret}, {"public", open}, {"key", key.public_key().fingerprint()}});
    return 0;
  }
  const std::string fingerprint = signing::ShortKey(key.public_key().fingerprint());
  context.PrintLine(
      fmt::format("{}  signs: keep it to yourself, out of git\n"
                  "{}  verifies (key {}): give it to whoever loads models",
                  secret, open, fingerprint));
  return 0;
}

using SignArgsPtr = std::shared_ptr<SignArgs>;

Verb AddSigningVerb(Verb models, Context& context, const SignArgsPtr& args, const char* name,
                    const char* doc, Result<int> (*work)(const SignArgs&, Context&)) {
  Verb verb = models.AddVerb(name, doc);
  AddJsonFlag(verb, context);
  WhenGiven(verb, context, [args, work, &context] { return work(*args, context); });
  return verb;
}

void AddPackage(Verb verb, const SignArgsPtr& args) {
  verb.AddOption("package", args->what, "NAME/3, NAME@alias, NAME, or a folder").Required();
  verb.AddOption("--project", args->project, "Project folder").ShowDefault();
}

}  // namespace

void AddModelsSign(Verb models, Context& context) {
  auto args = std::make_shared<SignArgs>();
  Verb sign =
      AddSigningVerb(models, context, args, "sign",
                     "Sign a package (OpenSSF model signing), so that who loads it can tell that "
                     "it is whole and whose it is",
                     Sign);
  AddPackage(sign, args);
  sign.AddOption("--key", args->key,
                 "PEM file of the private key, ECDSA on P-256, P-384 or P-521; the passphrase of "
                 "an encrypted one is read from QUERN_KEY_PASSPHRASE");
  sign.AddOption("--signature", args->signature,
                 "Keep this signature, made elsewhere, once it is checked");
  sign.AddOption("--verify-key", args->verify_keys,
                 "The public key that --signature is checked by (default: "
                 "registry.signatures.keys of quern.yaml)")
      .OneEachTime();
  sign.AddOption("--reason", args->reason, "Why, for the log");
  sign.Footer(
      "Examples:\n  quern models keygen -o release\n  quern models sign heart/3 --key release.key\n"
      "  quern models verify heart/3 --verify-key release.pem\n"
      "  quern serve heart/3 --verify-key release.pem\n"
      "The signature is kept in the registry and as model.sig in the package's folder, where\n"
      "`model_signing verify key FOLDER --signature FOLDER/model.sig --public_key release.pem`\n"
      "reads it too.");
  Verb verify =
      AddSigningVerb(models, context, args, "verify",
                     "Whether a package is what was signed, and by a key that you trust", Verify);
  AddPackage(verify, args);
  verify
      .AddOption("--verify-key", args->verify_keys,
                 "PEM file of a public key that you trust; again for more (default: "
                 "registry.signatures.keys of quern.yaml)")
      .OneEachTime();
  AddSigningVerb(models, context, args, "keygen",
                 "Make a pair of keys on P-256: NAME.key and NAME.pem", MakeKeys)
      .AddOption("-o,--output", args->output, "NAME, with its folder")
      .ShowDefault();
}

}  // namespace quern::cli
