#include "pipeline/code_state.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/ids.h"
#include "base/text.h"

namespace quern::pipeline {
namespace {

/// A repository with a project in a folder of it.
struct Repository {
  std::filesystem::path dir = std::filesystem::temp_directory_path() / ("code-" + NewHexId());
  std::string project = (dir / "heart").string();

  Repository() { std::filesystem::create_directories(project); }
  ~Repository() { std::filesystem::remove_all(dir); }
  void Git(const std::string& words) const {
    const std::string command = "git -C '" + dir.string() +
                                "' -c user.name=me -c user.email=me@example.org " + words +
                                " >/dev/null 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(dir / name) << text;
  }
};

}  // namespace

TEST_CASE("the code's state is what git says of the project's folder") {
  Repository made;
  CHECK_FALSE(ReadCodeState(made.project, true));  // no repository
  made.Git("init -b trunk");
  CHECK_FALSE(ReadCodeState(made.project, true));  // no commit
  made.Write("heart/quern.yaml", "seed: 1\n");
  made.Write("other.txt", "one\n");
  made.Git("add .");
  made.Git("commit -m first");
  made.Git("remote add origin https://me:secret@example.org/team/heart.git");
  // Changes elsewhere in the repository are none of the project.
  made.Write("other.txt", "two\n");
  const auto clean = ReadCodeState(made.project, true);
  REQUIRE(clean);
  CHECK(clean->commit.size() == 40);
  CHECK(clean->branch == "trunk");
  CHECK(clean->repository == "https://example.org/team/heart.git");
  CHECK_FALSE(clean->dirty);
  CHECK(CodeTags(*clean).size() == 4);

  made.Write("heart/quern.yaml", "seed: 2\n");
  const auto dirty = ReadCodeState(made.project, true);
  REQUIRE(dirty);
  CHECK(dirty->dirty);
  CHECK(dirty->diff.find("-seed: 1\n+seed: 2\n") != std::string::npos);
  CHECK(dirty->diff.find("other.txt") == std::string::npos);
  CHECK(CodeTags(*dirty).at("mlflow.source.git.dirty") == "true");
  const auto quiet = ReadCodeState(made.project, false);
  REQUIRE(quiet);
  CHECK(quiet->dirty);
  CHECK_FALSE(CodeTags(*quiet).contains("mlflow.source.git.diff"));
}

TEST_CASE("a diff that is long is cut at a line and says so, one of other bytes is text") {
  Repository made;
  made.Git("init -b trunk");
  made.Write("heart/notes.txt", "");
  made.Git("add .");
  made.Git("commit -m first");
  std::string lines;
  for (int i = 0; i < 3000; ++i) lines += "line " + std::to_string(i) + " \xff\n";
  made.Write("heart/notes.txt", lines);
  const auto state = ReadCodeState(made.project, true);
  REQUIRE(state);
  CHECK(state->diff.size() < 8000);
  CHECK_FALSE(FindInvalidUtf8(state->diff));
  CHECK(state->diff.find("+line 0 ?\n") != std::string::npos);
  const size_t last = state->diff.rfind('\n', state->diff.size() - 2) + 1;
  CHECK(state->diff.substr(last).starts_with("\\ cut by quern run: "));
  CHECK(state->diff.ends_with(" bytes are kept\n"));
}

TEST_CASE("nothing that a repository's configuration names is run") {
  Repository made;
  made.Git("init -b trunk");
  made.Write("heart/a.txt", "1\n");
  made.Write(".gitattributes", "*.txt diff=evil\n");
  made.Git("add .");
  made.Git("commit -m first");
  made.Write("heart/a.txt", "2\n");
  const std::string trap = "touch '" + (made.dir / "ran").string() + "'; cat";
  for (const char* name : {"core.fsmonitor", "diff.external", "diff.evil.textconv",
                           "diff.evil.command", "core.pager"}) {
    made.Git(std::string("config ") + name + " \"" + trap + "\"");
  }
  REQUIRE(ReadCodeState(made.project, true));
  CHECK_FALSE(std::filesystem::exists(made.dir / "ran"));
}

TEST_CASE("no password of a repository's address is recorded") {
  CHECK(WithoutPassword("https://token@example.org/a.git") == "https://example.org/a.git");
  CHECK(WithoutPassword("https://example.org/a@b.git") == "https://example.org/a@b.git");
  CHECK(WithoutPassword("ssh://git@example.org:22/a.git") == "ssh://example.org:22/a.git");
  CHECK(WithoutPassword("https://me:p@ss@example.org") == "https://example.org");
  CHECK(WithoutPassword("git@example.org:team/a.git") == "git@example.org:team/a.git");
}

}  // namespace quern::pipeline
