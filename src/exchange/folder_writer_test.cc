#include "exchange/folder_writer.h"

#include <doctest/doctest.h>

#include "base/fs.h"
#include "base/yaml.h"
#include "exchange/folder_files.h"

namespace quern::exchange {

TEST_CASE("what is written as meta.yaml reads back the same") {
  const std::string odd = "quote \" and \\ ' : # - {}\n\ttab \x01 \x7f ü \u0085 \u2028 \ufeff 😀";
  MetaText text;
  text.Text("odd", odd).TextOrNull("none", "").Int("n", -5).IntOrNull("m", std::nullopt);
  text.Map("empty", {}).Map("tags", {{std::string(1500, 'k'), odd}, {"", "1"}}).Text("last", "");
  const auto read = ParseYaml(text.text(), "meta.yaml");
  REQUIRE_MESSAGE(read, text.text());
  CHECK(read->Find("odd")->scalar == odd);
  CHECK(read->Find("none")->IsNull());
  CHECK(read->Find("n")->AsInt() == -5);
  CHECK(read->Find("m")->IsNull());
  CHECK(read->Find("empty")->entries.empty());
  CHECK(read->Find("tags")->Find(std::string(1500, 'k'))->scalar == odd);
  CHECK(read->Find("last")->IsScalar());
}

TEST_CASE("what a folder of files cannot hold is left out and told") {
  TempDir dir;
  Report report;
  FolderWriter writer(dir.File("out"), "/place", RealFs(), report);
  REQUIRE(writer.Begin());
  tracking::Experiment experiment;
  experiment.id = 3;
  experiment.name = "e";
  experiment.tags = {{"a", "1"}, {"a/b", "2"}, {"../up", "3"}, {std::string(300, 'x'), "4"}};
  REQUIRE(writer.Write(experiment));
  CHECK(report.problems.size() == 3);
  CHECK(ReadKeys(RealFs(), dir.File("out/3/tags"), report) == tracking::Texts{{"a", "1"}});
  CHECK(writer.UriOf("3/a b") == "file:///place/3/a%20b");
  CHECK(writer.UriOf(".trash/3/r") == "file:///place/3/r");
}

TEST_CASE("a link that clients made up leads nowhere") {
  TempDir dir;
  Report report;
  FolderWriter writer(dir.File("out"), "/place", RealFs(), report);
  REQUIRE(writer.Begin());
  tracking::Experiment experiment;
  experiment.id = 3;
  tracking::RunRecord run;
  run.info.id = "r";
  run.info.status = "FINISHED";
  run.model_outputs = {{"../../../../up", 0}, {"m-1", 5}};
  run.model_inputs = {{"../x", 0}};
  REQUIRE(writer.Write(experiment, run, {}));
  CHECK(report.problems.size() == 2);
  CHECK(RealFs().List(dir.path()) == std::vector<std::string>{"out"});
  CHECK(RealFs().List(dir.File("out/3/r/outputs")) == std::vector<std::string>{"m-1"});
}

}  // namespace quern::exchange
