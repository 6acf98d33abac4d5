#pragma once
// Releases begun and ordered about in the store, without the server that carries them out: it
// follows within seconds. What `quern deploy` and the page of `quern server` do alike.
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "deploy/release.h"
#include "deploy/release_store.h"

namespace quern::deploy {

/// What orders ask of the registry that the versions are in.
struct OrderRegistry {
  /// The number of a version that is given by number or alias. kNotFound.
  std::function<Result<std::string>(const std::string& model, const std::string& text)> number;
  /// Whether the version may have the alias; the error says what it waits for.
  std::function<Status(const std::string& model, const std::string& alias,
                       const std::string& version)>
      may_promote;
};

struct Ordered {
  StoredRelease stored;
  std::string sentence;  // of the audit record
};

/// Borrows store and clock.
class StoreOrders {
 public:
  StoreOrders(ReleaseStore& releases, const Clock& clock, OrderRegistry registry)
      : releases_(releases), clock_(clock), registry_(std::move(registry)) {}

  /// The release that is meant: by id, else the model's open one, else its newest. kNotFound.
  Result<StoredRelease> Find(const std::string& model, const std::string& id);
  /// Versions of `wanted` may be aliases, its id is given here. A promoted release whose old
  /// version is still held gives way. kAlreadyExists while another one is under way; of a `basic`
  /// one what `may_promote` says.
  Result<StoredRelease> Begin(NewRelease wanted);
  /// kFailedPrecondition for an order that the state does not allow, and what `may_promote` says of
  /// a promotion; kAborted if others write to the release all the time.
  Result<Ordered> Order(const std::string& model, const std::string& id, const Command& order);

 private:
  Status EndHold(const std::string& model, const std::string& actor);

  ReleaseStore& releases_;
  const Clock& clock_;
  OrderRegistry registry_;
};

}  // namespace quern::deploy
