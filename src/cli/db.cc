// quern db: the schema of a store's database.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/places.h"
#include "store/open.h"

namespace quern::cli {
namespace {

struct DbArgs {
  std::string root = ".";
  std::string backend_store_uri;
};

/// As `quern server` finds it.
std::string DatabaseOf(const DbArgs& args, Fs& fs) {
  if (!args.backend_store_uri.empty()) return args.backend_store_uri;
  return JoinPath(StateFolder(args.root, fs), "quern.db");
}

Status ShowSchema(const std::string& database, Context& context) {
  QUERN_ASSIGN(const store::SchemaState state, store::FindSchema(database, context.fs));
  const std::string shown = store::ShownName(database);
  if (context.json) {
    context.PrintJson(
        json::object{{"database", shown}, {"schema", state.version}, {"newest", state.newest}});
  } else if (state.version == 0) {
    context.PrintLine("'" + shown + "' is empty");
  } else if (state.version == state.newest) {
    context.PrintLine(fmt::format("'{}' has schema {}, this program's", shown, state.version));
  } else {
    context.PrintLine(fmt::format("'{}' has schema {}, this program's is {}: `quern db upgrade`",
                                  shown, state.version, state.newest));
  }
  return {};
}

void PrintUpgraded(const std::string& shown, const store::Upgraded& done, const Context& context) {
  if (done.applied.empty()) {
    context.PrintLine(fmt::format("'{}' has schema {} already: nothing to do", shown, done.to));
    return;
  }
  context.PrintLine(fmt::format("'{}' went from schema {} to {}:", shown, done.from, done.to));
  for (const std::string& name : done.applied) context.PrintLine("  " + name);
  if (!done.copy.empty()) context.PrintLine("before that it was copied to '" + done.copy + "'");
}

Status Upgrade(const std::string& database, Context& context) {
  QUERN_ASSIGN(const store::Upgraded done, store::UpgradeDatabase(database, context.fs));
  const std::string shown = store::ShownName(database);
  if (!context.json) {
    PrintUpgraded(shown, done, context);
    return {};
  }
  json::array applied;
  for (const std::string& name : done.applied) applied.emplace_back(name);
  json::object out{
      {"database", shown}, {"from", done.from}, {"to", done.to}, {"applied", std::move(applied)}};
  if (!done.copy.empty()) out["copy"] = done.copy;
  context.PrintJson(out);
  return {};
}

using DbWork = Status (*)(const std::string& database, Context& context);

Verb AddDbVerb(Verb db, Context& context, const char* name, const char* doc,
               const std::shared_ptr<DbArgs>& args, DbWork work) {
  Verb verb = db.AddVerb(name, doc);
  verb.AddOption("--root", args->root, "A project folder, or the store of `quern server`")
      .ShowDefault();
  verb.AddOption("--backend-store-uri", args->backend_store_uri,
                 "The database: sqlite:///FILE or postgresql://…; by default quern.db below "
                 "--root");
  AddJsonFlag(verb, context);
  verb.OnGiven([args, work, &context] {
    context.action = [args, work, &context] {
      const Status done = work(DatabaseOf(*args, context.fs), context);
      return done ? 0 : context.Complain(done.error());
    };
  });
  return verb;
}

}  // namespace

void AddDb(Verb app, Context& context) {
  auto args = std::make_shared<DbArgs>();
  Verb db = app.AddVerb("db", "The schema of a store's database");
  db.RequireVerb();
  AddDbVerb(db, context, "status", "Which schema the database has, and which this program needs",
            args, ShowSchema);
  AddDbVerb(db, context, "upgrade", "Bring the database to this program's schema", args, Upgrade)
      .Footer(
          "A SQLite file is copied first, and any verb that opens one upgrades it. PostgreSQL "
          "waits "
          "for this\nverb: stop the older servers and back it up (pg_dump). It is upgraded in one "
          "transaction.\n\nExample:\n"
          "  quern db upgrade --backend-store-uri postgresql://quern@db.example.org/quern");
}

}  // namespace quern::cli
