#include "report/document.h"

#include <doctest/doctest.h>

namespace quern::report {
namespace {

json::value Parse(const char* text) { return *ParseJson(text); }

TEST_CASE("records stand under their phases, in the order of the steps") {
  const json::object document =
      MakeDocument({"heart", "1", "2026-11-28T00:00:00Z", "r"},
                   {{"design", "design", "done", "new", 1, Parse(R"({"project":"heart"})")},
                    {"ingest:b", "ingest", "cached", "up to date", 0, Parse(R"({"source":"b"})")},
                    {"ingest:a", "ingest", "done", "new", 0.5, Parse(R"({"source":"a"})")},
                    {"train", "train", "failed", "no memory", 2, nullptr},
                    {"retrain:b", "retrain", "done", "new", 0,
                     Parse(R"({"batch":"b","champion":2,"before":1,"deployment":{"version":2}})")},
                    {"retrain:a", "retrain", "done", "new", 0,
                     Parse(R"({"batch":"a","champion":2,"before":2,"deployment":null})")},
                    {"report", "report", "running", "", 0, nullptr}},
                   Parse(R"({"nodes":[],"edges":[]})"));
  CHECK(
      WriteJson(document) ==
      R"({"project":"heart","program_version":"1","generated_at":"2026-11-28T00:00:00Z","run_id":"r",)"
      R"("design":{"project":"heart"},"train":null,"evaluate":null,"register":null,"deploy":null,)"
      R"("ingest":[{"source":"b"},{"source":"a"}],"validate":[],"explore":[],"monitor":[],)"
      R"("retrain":[{"batch":"b","champion":1,"before":1,"deployment":{"version":2}},)"
      R"({"batch":"a","champion":2,"before":2,"deployment":null}],"deployments":[{"version":2}],)"
      R"("state":"FAILED","steps":[)"
      R"({"id":"design","phase":"design","state":"done","seconds":1,"reason":"new"},)"
      R"({"id":"ingest:b","phase":"ingest","state":"cached","seconds":0,"reason":"up to date"},)"
      R"({"id":"ingest:a","phase":"ingest","state":"done","seconds":0.5,"reason":"new"},)"
      R"({"id":"train","phase":"train","state":"failed","seconds":2,"reason":"no memory"},)"
      R"({"id":"retrain:b","phase":"retrain","state":"done","seconds":0,"reason":"new"},)"
      R"({"id":"retrain:a","phase":"retrain","state":"done","seconds":0,"reason":"new"}],)"
      R"("lineage":{"nodes":[],"edges":[]}})");
}

TEST_CASE("what a run did not do is null or empty") {
  const json::object document = MakeDocument({"x", "1", "t", "r"}, {}, nullptr);
  CHECK(document.at("train").is_null());
  CHECK(document.at("monitor").as_array().empty());
  CHECK(document.at("state") == "FINISHED");
  CHECK(document.at("lineage").is_null());
}

}  // namespace
}  // namespace quern::report
