#include "registry/versions.h"

#include "registry/registry_fixture.h"
#include "registry/source.h"

namespace quern::registry {

TEST_CASE("numbers are given once, deleted versions are gone") {
  Fixture f;
  auto versions = f.Versions();
  CHECK(f.Add("m").error().message == "Registered Model with name=m not found");
  REQUIRE(f.Models().Create("m", "", {}));
  NewVersion draft{"m", "s3://b/m", "run1", "", "http://link", "first", "ada", {{"k", "v"}}};
  const auto made = versions.Create(draft);
  REQUIRE(made);
  CHECK(made->version == 1);
  CHECK(made->stage == "None");
  CHECK(made->status == "READY");
  CHECK(made->run_link == "http://link");
  CHECK(made->tags.at("k") == "v");
  CHECK(f.Add("m")->version == 2);
  REQUIRE(versions.Delete("m", 2));
  CHECK(versions.Delete("m", 2).error().message == "Model Version (name=m, version=2) not found");
  CHECK(f.Add("m")->version == 3);
  std::string left;
  REQUIRE(
      f.database->Query("SELECT stage || source || run_id FROM model_versions WHERE version = 2",
                        {}, [&](const store::Row& row) { left = row.Text(0); }));
  CHECK(left == "Deleted_Internal");
  CHECK(versions.SetTag("m", 2, "a", "b").error().code == Code::kNotFound);
  f.clock.Set(9000);
  CHECK(versions.Describe("m", 1, "better")->updated_ms == 9000);
  CHECK(f.Models().Get("m")->updated_ms == 9000);
  REQUIRE(versions.SetTag("m", 1, "k", "w"));
  REQUIRE(versions.DeleteTag("m", 1, "none"));
  CHECK(versions.Get("m", 1)->tags.at("k") == "w");
  REQUIRE(versions.DeleteTag("m", 1, "k"));
  CHECK(versions.Get("m", 1)->tags.empty());
  CHECK(*versions.DownloadUri("m", 1) == "s3://b/m");
}

TEST_CASE("stages") {
  Fixture f;
  auto versions = f.Versions();
  REQUIRE(f.Models().Create("m", "", {}));
  for (int i = 0; i < 3; ++i) REQUIRE(f.Add("m"));
  CHECK(versions.MoveTo("m", 1, "staging", false)->stage == "Staging");
  CHECK(versions.MoveTo("m", 2, "STAGING", true)->stage == "Staging");
  CHECK(versions.Get("m", 1)->stage == "Archived");
  CHECK(versions.MoveTo("m", 2, "Archived", true).error().code == Code::kInvalidArgument);
  CHECK(versions.MoveTo("m", 2, "foo", false).error().code == Code::kInvalidArgument);
  CHECK(versions.MoveTo("m", 9, "None", false).error().code == Code::kNotFound);
  const auto all = f.Models().Latest("m", {});
  REQUIRE(all->size() == 3);
  CHECK(all->at(0).stage == "Archived");
  const auto staging = f.Models().Latest("m", {"staging"});
  REQUIRE(staging->size() == 1);
  CHECK(staging->at(0).version == 2);
  CHECK(f.Models().Latest("m", {"production"})->empty());
  CHECK(f.Models().Latest("m", {"foo"}).error().code == Code::kInvalidArgument);
  CHECK(f.Models().Latest("none", {}).error().code == Code::kNotFound);
}

TEST_CASE("a version of a logged model has its files and its run") {
  Fixture f;
  f.origins.models["m-1"] = {"mlflow-artifacts:/0/models/m-1/artifacts", "run1", {}};
  REQUIRE(f.Models().Create("m", "", {}));
  const auto made = f.Add("m", "models:/m-1");
  REQUIRE(made);
  CHECK(made->source == "models:/m-1");
  CHECK(made->storage == "mlflow-artifacts:/0/models/m-1/artifacts");
  CHECK(made->run_id == "run1");
  CHECK(made->model_id == "m-1");
  REQUIRE(f.Add("m", "models:/m-1"));
  CHECK(f.origins.models["m-1"].tags["mlflow.modelVersions"] ==
        R"([{"name":"m","version":1},{"name":"m","version":2}])");
  CHECK(f.Add("m", "models:/m-2").error().message == "Logged model with ID 'm-2' not found.");
  NewVersion other{"m", "models:/m-1", "", "m-9", "", "", "", {}};
  CHECK(f.Versions().Create(other).error().message ==
        "Invalid model version source: 'models:/m-1'. The model_id request parameter must identify "
        "the resource that contains the source.");
}

TEST_CASE("a copy of a version shares its files") {
  Fixture f;
  REQUIRE(f.Models().Create("a", "", {}));
  REQUIRE(f.Models().Create("b", "", {}));
  REQUIRE(f.Add("a", "s3://b/1"));
  REQUIRE(f.Add("a", "s3://b/2"));
  REQUIRE(f.Models().SetAlias("a", "champion", 1));
  const auto copy = f.Add("b", "models:/a@champion");
  REQUIRE(copy);
  CHECK(copy->source == "models:/a/1");
  CHECK(copy->storage == "s3://b/1");
  CHECK(f.Add("b", "models:/a/latest")->source == "models:/a/2");
  CHECK(f.Add("b", "models:/a/none")->source == "models:/a/2");
  CHECK(f.Add("b", "models:/a/production").error().code == Code::kNotFound);
  CHECK(f.Add("b", "models:/a/77").error().message ==
        "Model Version (name=a, version=77) not found");
  CHECK(f.Add("b", "models:/a@zz").error().message == "Registered model alias zz not found.");
  CHECK(f.Add("b", "models:/a").error().code == Code::kInvalidArgument);
  NewVersion other{"b", "models:/a/1", "zz", "", "", "", "", {}};
  CHECK(f.Versions().Create(other).error().code == Code::kInvalidArgument);
}

TEST_CASE("packages of a run are seen by clients, and copies of them stay packages") {
  Fixture f;
  REQUIRE(f.Project().Register({"heart", "d1", "r1", {}}));
  const auto seen = f.Versions().Get("heart", 1);
  REQUIRE(seen);
  CHECK(seen->source == "mlflow-artifacts:/quern/artifacts/models/d1");
  CHECK(*f.Versions().DownloadUri("heart", 1) == "mlflow-artifacts:/quern/artifacts/models/d1");
  CHECK(f.Models().Get("heart")->latest.at(0).storage ==
        "mlflow-artifacts:/quern/artifacts/models/d1");
  REQUIRE(f.Models().Create("prod", "", {}));
  const auto copy = f.Add("prod", "models:/heart/1");
  REQUIRE(copy);
  CHECK(copy->storage == "mlflow-artifacts:/quern/artifacts/models/d1");
  CHECK(copy->digest == "d1");
  CHECK(f.Project().Resolve("prod/1")->path == "artifacts/models/d1");
  const auto twin = f.Add("heart", "models:/heart/1");
  REQUIRE(twin);
  CHECK(twin->version == 2);
  CHECK(f.Project().Register({"heart", "d1", "r2", {}})->version == 1);
  REQUIRE(f.Versions().Delete("heart", 1));
  CHECK(f.Project().Register({"heart", "d1", "r2", {}})->version == 3);
}

TEST_CASE("sources of runs, local sources, prompts and the operator's rule") {
  Fixture f;
  f.origins.runs["r1"] = "mlflow-artifacts:/0/r1/artifacts";
  f.origins.runs["r2"] = f.dir.File("r2");
  REQUIRE(f.Models().Create("m", "", {}));
  const auto from_run = f.Add("m", "runs:/r1/model");
  REQUIRE(from_run);
  CHECK(from_run->storage == "mlflow-artifacts:/0/r1/artifacts/model");
  CHECK(from_run->run_id == "r1");
  CHECK(f.Add("m", "runs:/none/model").error().code == Code::kInvalidArgument);
  NewVersion draft{"m", "runs:/r1/model", "r2", "", "", "", "", {}};
  CHECK(f.Versions().Create(draft).error().code == Code::kInvalidArgument);
  draft.source = f.dir.File("r2/model");
  CHECK(f.Versions().Create(draft));
  draft.run_id = "r1";
  CHECK(f.Versions().Create(draft).error().code == Code::kInvalidArgument);
  draft.run_id = "none";
  CHECK(f.Versions().Create(draft).error().code == Code::kInvalidArgument);
  CHECK(f.Add("m", "/etc").error().code == Code::kInvalidArgument);
  CHECK(f.Add("m", "s3://b/../x").error().code == Code::kInvalidArgument);
  CHECK(f.Add("m", "s3://b/" + std::string(2048, 'x')).error().message ==
        "'source' exceeds the maximum length of 2048 characters");

  NewVersion prompt{"m", "dummy-source", "", "", "", "", "", {{"mlflow.prompt.is_prompt", "true"}}};
  CHECK(f.Versions().Create(prompt));
  prompt.source = "/etc/passwd";
  CHECK(f.Versions().Create(prompt).error().message.starts_with("Invalid prompt source"));

  const auto rule = SourceRule::Make("^s3://good/", "RULE");
  REQUIRE(rule);
  RegistryContext context = f.Context();
  context.source_rule = rule->get();
  NewVersion ruled{"m", "s3://good/x", "", "", "", "", "", {}};
  CHECK(ModelVersions(context).Create(ruled));
  ruled.source = "s3://bad/x";
  CHECK(ModelVersions(context).Create(ruled).error().message ==
        "Invalid model version source: 's3://bad/x'.");
}

TEST_CASE("searches of versions") {
  Fixture f;
  auto versions = f.Versions();
  REQUIRE(f.Models().Create("a", "", {}));
  REQUIRE(f.Models().Create("b", "", {}));
  for (int i = 0; i < 250; ++i) {
    f.Tick();
    REQUIRE(f.Add("a", "s3://b/" + std::to_string(i)));
  }
  REQUIRE(f.Add("b"));
  REQUIRE(versions.SetTag("a", 7, "k", "v"));
  REQUIRE(f.Models().SetAlias("a", "champion", 7));
  REQUIRE(versions.Delete("a", 3));
  SearchRequest request;
  request.max_results = 10000;
  const auto all = versions.Search(request);
  REQUIRE(all);
  CHECK(all->items.size() == 250);
  CHECK(all->next_token.empty());
  request.filter = "name = 'a' AND version_number > 5";
  request.order_by = {"version_number ASC"};
  request.max_results = 2;
  const auto page = versions.Search(request);
  REQUIRE(page->items.size() == 2);
  CHECK(page->items[1].version == 7);
  CHECK(page->items[1].tags.at("k") == "v");
  CHECK(page->items[1].aliases == std::vector<std::string>{"champion"});
  request.page_token = page->next_token;
  CHECK(versions.Search(request)->items.at(0).version == 8);
  request = {};
  request.filter = "source_path = 's3://b/2'";
  CHECK(versions.Search(request)->items.empty());
  request.filter = "tags.k = 'v'";
  CHECK(versions.Search(request)->items.size() == 1);
  request.filter = "nonsense = 'v'";
  CHECK(versions.Search(request).error().code == Code::kInvalidArgument);
}

TEST_CASE("what subscribers learn of versions") {
  Fixture f;
  REQUIRE(f.Models().Create("p", "", {{"mlflow.prompt.is_prompt", "True"}}));
  NewVersion draft{"p", "dummy-source", "", "",
                   "",  "hello",        "", {{"mlflow.prompt.is_prompt", "true"}}};
  REQUIRE(f.Versions().Create(draft));
  REQUIRE(f.Versions().SetTag("p", 1, "a", "b"));
  REQUIRE(f.Versions().DeleteTag("p", 1, "a"));
  REQUIRE(f.Models().SetAlias("p", "x", 1));
  REQUIRE(f.Models().DeleteAlias("p", "x"));
  std::vector<Event::Kind> kinds;
  for (const Event& event : f.listener.events) {
    CHECK(event.prompt);
    kinds.push_back(event.kind);
  }
  using Kind = Event::Kind;
  CHECK(kinds == std::vector{Kind::kModelCreated, Kind::kVersionCreated, Kind::kVersionTagSet,
                             Kind::kVersionTagDeleted, Kind::kAliasSet, Kind::kAliasDeleted});
  CHECK(f.listener.events[1].description == "hello");
  CHECK(f.listener.events[2].key == "a");
  CHECK(f.listener.events[2].value == "b");
  CHECK(f.listener.events[4].alias == "x");
}

}  // namespace quern::registry
