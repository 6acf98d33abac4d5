#include "registry/models.h"

#include "registry/registry_fixture.h"

namespace quern::registry {

TEST_CASE("a registered model from its creation to its end") {
  Fixture f;
  auto models = f.Models();
  const auto made = models.Create("heart", "finds disease", {{"team", "cardio"}});
  REQUIRE(made);
  CHECK(made->description == "finds disease");
  CHECK(made->tags.at("team") == "cardio");
  CHECK(made->created_ms == 1000);
  const auto again = models.Create("heart", "", {});
  CHECK(again.error().code == Code::kAlreadyExists);
  CHECK(again.error().message == "Registered Model (name=heart) already exists.");
  f.Tick();
  CHECK(models.Describe("heart", "finds it early")->updated_ms == 1001);
  CHECK(models.Get("none").error().message == "Registered Model with name=none not found");
  REQUIRE(models.SetTag("heart", "team", "er"));
  REQUIRE(models.DeleteTag("heart", "never set"));
  CHECK(models.Get("heart")->tags.at("team") == "er");
  CHECK(models.SetTag("none", "a", "b").error().code == Code::kNotFound);
  REQUIRE(models.DeleteTag("heart", "team"));
  CHECK(models.Get("heart")->tags.empty());
  REQUIRE(f.Add("heart"));
  REQUIRE(models.Delete("heart"));
  CHECK(models.Delete("heart").error().code == Code::kNotFound);
  CHECK(f.Versions().Get("heart", 1).error().code == Code::kNotFound);
  const auto log = f.Project().Log("heart");
  REQUIRE(log->size() == 6);
  CHECK(log->at(1).change == "description");
  CHECK(log->at(1).before == "finds disease");
  CHECK(log->at(1).actor == "ada (unverified)");
  CHECK(log->back().change == "model deleted");
  CHECK(log->back().reason == "with 1 versions");
}

TEST_CASE("renaming takes everything along, and the log still knows") {
  Fixture f;
  auto models = f.Models();
  REQUIRE(models.Create("a", "", {{"k", "v"}}));
  REQUIRE(models.Create("taken", "", {}));
  REQUIRE(f.Add("a"));
  REQUIRE(f.Add("a"));
  REQUIRE(f.Versions().SetTag("a", 1, "stage", "x"));
  REQUIRE(models.SetAlias("a", "champion", 1));
  CHECK(models.Rename("a", "taken").error().message ==
        "Registered Model (name=taken) already exists.");
  CHECK(models.Rename("a", "x/y").error().code == Code::kInvalidArgument);
  CHECK(models.Rename("none", "b").error().code == Code::kNotFound);
  f.clock.Set(5000);
  const auto renamed = models.Rename("a", "b");
  REQUIRE(renamed);
  CHECK(renamed->tags.at("k") == "v");
  CHECK(renamed->updated_ms == 5000);
  REQUIRE(renamed->aliases.size() == 1);
  CHECK(renamed->aliases[0].version == 1);
  const auto first = f.Versions().Get("b", 1);
  CHECK(first->tags.at("stage") == "x");
  CHECK(first->updated_ms == 5000);
  CHECK(models.Get("a").error().code == Code::kNotFound);
  CHECK(models.Rename("b", "b")->name == "b");
  const auto log = f.Project().Log("b");
  REQUIRE(log);
  CHECK(log->front().change == "model created");
  CHECK(log->front().name == "a");
  CHECK(log->back().change == "model renamed");
  REQUIRE(models.Create("a", "another", {}));
  CHECK(f.Project().Log("b")->size() == log->size());
}

TEST_CASE("aliases move, and leave with their version") {
  Fixture f;
  auto models = f.Models();
  REQUIRE(models.Create("m", "", {}));
  CHECK(models.ByAlias("m", "latest").error().code == Code::kNotFound);
  REQUIRE(f.Add("m"));
  REQUIRE(f.Add("m"));
  REQUIRE(models.SetAlias("m", "champion", 1));
  REQUIRE(models.SetAlias("m", "also", 1));
  CHECK(models.ByAlias("m", "champion")->aliases == std::vector<std::string>{"also", "champion"});
  REQUIRE(models.SetAlias("m", "champion", 2));
  CHECK(models.ByAlias("m", "champion")->version == 2);
  CHECK(models.ByAlias("m", "latest")->version == 2);
  CHECK(models.SetAlias("m", "v1", 1).error().code == Code::kInvalidArgument);
  CHECK(models.SetAlias("m", "x", 9).error().message ==
        "Model Version (name=m, version=9) not found");
  const auto unknown = models.ByAlias("m", "x");
  CHECK(unknown.error().code == Code::kInvalidArgument);
  CHECK(unknown.error().message == "Registered model alias x not found.");
  CHECK(models.ByAlias("none", "x").error().code == Code::kNotFound);
  REQUIRE(models.DeleteAlias("m", "none"));
  REQUIRE(models.DeleteAlias("m", "also"));
  CHECK(models.DeleteAlias("none", "a").error().code == Code::kNotFound);
  REQUIRE(f.Versions().Delete("m", 2));
  CHECK(models.ByAlias("m", "champion").error().code == Code::kInvalidArgument);
  CHECK(models.SetAlias("m", "champion", 2).error().code == Code::kNotFound);
  CHECK(models.ByAlias("m", "latest")->version == 1);
}

TEST_CASE("searches of models: prompts stay out unless named, pages follow each other") {
  Fixture f;
  auto models = f.Models();
  for (const char* name : {"c", "a", "b"}) REQUIRE(models.Create(name, "", {{"team", name}}));
  REQUIRE(models.Create("prompt", "", {{"mlflow.prompt.is_prompt", "true"}}));
  SearchRequest request;
  request.max_results = 2;
  const auto first = models.Search(request);
  REQUIRE(first);
  REQUIRE(first->items.size() == 2);
  CHECK(first->items[0].name == "a");
  CHECK(first->items[0].tags.at("team") == "a");
  request.page_token = first->next_token;
  const auto second = models.Search(request);
  REQUIRE(second->items.size() == 1);
  CHECK(second->items[0].name == "c");
  CHECK(second->next_token.empty());
  request = {};
  request.filter = "tags.`mlflow.prompt.is_prompt` = 'true'";
  CHECK(models.Search(request)->items.size() == 1);
  request.filter = "name ILIKE 'A%' OR tags.team = 'c'";
  request.order_by = {"name DESC"};
  const auto both = models.Search(request);
  REQUIRE(both->items.size() == 2);
  CHECK(both->items[0].name == "c");
  request.max_results = 1001;
  CHECK(models.Search(request).error().code == Code::kInvalidArgument);
}

TEST_CASE("a listener that fails takes the change with it") {
  Fixture f;
  REQUIRE(f.Models().Create("m", "d", {}));
  REQUIRE(f.listener.events.size() == 1);
  CHECK(f.listener.events[0].description == "d");
  CHECK(f.listener.commits == 1);
  f.listener.fail = true;
  CHECK(f.Models().Create("n", "", {}).error().code == Code::kResourceExhausted);
  CHECK(f.Models().Get("n").error().code == Code::kNotFound);
  CHECK(f.listener.commits == 1);
}

}  // namespace quern::registry
