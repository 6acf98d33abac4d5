#include "data/ingest.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/text.h"
#include "table/files.h"

namespace quern::data {
namespace {

/// A folder with one source file, and what becomes of it.
struct Site {
  TempDir dir;
  SourceSpec spec;
  ColumnDecls decls;

  explicit Site(const std::string& bytes, const std::string& name = "t.csv") {
    REQUIRE(RealFs().WriteAtomic(dir.File(name), bytes).has_value());
    spec = SourceOfFile(name);
    spec.root = dir.path();
    spec.where = {"quern.yaml", 7, 5};
  }
  std::string out() const { return dir.File("out"); }
  Result<IngestResult> Try() const { return Ingest(spec, decls, out(), RealFs(), NoProgress()); }
  IngestResult Run() const {
    auto result = Try();
    REQUIRE_MESSAGE(result.has_value(), result.error().ToString());
    return *result;
  }
  Error Fails() const {
    const auto result = Try();
    REQUIRE_FALSE(result.has_value());
    CHECK_FALSE(RealFs().Exists(JoinPath(out(), "data.parquet")));
    return result.error();
  }
  Frame Read(std::vector<std::string> columns = {}, const std::string& where = {}) const {
    auto frame = ReadSnapshot(JoinPath(out(), "data.parquet"), columns, where);
    REQUIRE_MESSAGE(frame.has_value(), frame.error().ToString());
    return *frame;
  }
};

std::string Types(const ColumnDecls& columns) {
  std::string out;
  for (const ColumnDecl& column : columns) {
    out +=
        column.name + " " + std::string(ColumnTypeName(column.type)) + " " + column.physical + "; ";
  }
  return out;
}

TEST_CASE("undeclared columns are inferred and stored canonically") {
  Site site(
      "id,size,when,flag,kind,note,empty\n"
      "a, 01 ,2026-01-02,yes,red,one thing,\n"
      "b,1.0,2026-01-02T03:04:05Z,no,blue,another,NA\n"
      "c,1e0,2026-01-02 03:04:05+0100,yes,red,third,?\n"
      "d,-0,,no,red,fourth,\n"
      "e,NA,2026-02-01,,blue,fifth,\n");
  const IngestResult result = site.Run();
  CHECK(Types(result.columns) ==
        "id text VARCHAR; size number DOUBLE; when time TIMESTAMP; flag boolean DOUBLE; "
        "kind category VARCHAR; note text VARCHAR; empty number DOUBLE; ");
  CHECK(Types(*InferColumns(site.spec, RealFs())) == Types(result.columns));
  CHECK(result.rows == 5);
  CHECK(result.rejected == 0);
  const Frame frame = site.Read();
  CHECK(frame.Find("size")->numbers[0] == 1);
  CHECK(frame.Find("size")->numbers[2] == 1);
  CHECK_FALSE(std::signbit(frame.Find("size")->numbers[3]));
  CHECK(std::isnan(frame.Find("size")->numbers[4]));
  CHECK(frame.Find("when")->texts ==
        std::vector<std::string>{"2026-01-02 00:00:00", "2026-01-02 03:04:05",
                                 "2026-01-02 02:04:05", "", "2026-02-01 00:00:00"});
  CHECK(frame.Find("flag")->numbers[0] == 1);
  CHECK(frame.Find("flag")->numbers[1] == 0);
  CHECK(site.Read({"note"}, "kind = 'blue'").columns[0].texts ==
        std::vector<std::string>{"another", "fifth"});
  CHECK(ReadSnapshot(result.snapshot, std::vector<std::string>{"sise"}).error().hint ==
        "did you mean 'size'?");
}

TEST_CASE("a category of numbers is numbers, and stays so for later sources") {
  Site train("cp,n\n1.0,1\n01,2\n 2,3\n?,4\n");
  train.decls = {{"cp", ColumnType::kCategory, "", {}}};
  const IngestResult trained = train.Run();
  CHECK(Types(trained.columns) == "cp category DOUBLE; n number DOUBLE; ");
  CHECK(train.Read().columns[0].numbers[1] == 1);

  Site later("cp,n\n1,1\nx,2\n");
  later.decls = trained.columns;
  const IngestResult result = later.Run();
  CHECK(result.rows == 1);
  REQUIRE(result.rejected == 1);
  CHECK(result.rejects[0].line == 3);
  CHECK(result.rejects[0].column == "cp");
  CHECK(result.rejects[0].raw == "x,2");
  CHECK(result.rejects[0].reason == "'x' is not a number, as this category's values are");

  Site words("cp,n\nlow,1\nhigh,2\n");
  words.decls = {{"cp", ColumnType::kCategory, "", {}}};
  Site digits("cp,n\n1,1\n");
  digits.decls = words.Run().columns;
  CHECK(digits.Run().columns[0].physical == "VARCHAR");
  CHECK(digits.Read().columns[0].texts[0] == "1");
}

TEST_CASE("malformed rows are put aside with place, raw text and reason") {
  Site site(
      "a,b,c\n"
      "1,x,2026-01-01\n"
      "2,y\n"
      "\n"
      "3,\"two\nlines\",2026-01-01\n"
      "four,z,2026-01-01\n"
      "5,\"never closed,2026-01-01\n"
      "6,u,soon\n"
      "7,caf\xe9,2026-01-01\n"
      "inf,u,2026-01-01\n"
      "8,v,2026-02-30\n"
      "9,w,2026-01-02\n");
  site.decls = {{"a", ColumnType::kNumber, "", {}}, {"c", ColumnType::kTime, "", {}}};
  const IngestResult result = site.Run();
  CHECK(result.rows == 3);
  std::string shown;
  for (const Reject& reject : result.rejects) {
    shown += std::to_string(reject.line) + " " + reject.column + " [" + reject.raw + "] " +
             reject.reason.substr(0, 24) + "\n";
    CHECK(reject.file == "t.csv");
  }
  CHECK(shown ==
        "3  [2,y] 2 fields instead of 3\n"
        "7 a [four,z,2026-01-01] 'four' is not a number\n"
        "8  [5,\"never closed,2026-01-01] a quote is never closed\n"
        "9 c [6,u,soon] 'soon' is not a time (20\n"
        "10  [7,caf\xef\xbf\xbd,2026-01-01] byte 6 of the row is not\n"
        "11 a [inf,u,2026-01-01] 'inf' is not a number\n"
        "12 c [8,v,2026-02-30] '2026-02-30' is not a ti\n");
  const auto table = ReadSnapshot(JoinPath(site.out(), "rejects.parquet"), {});
  REQUIRE(table.has_value());
  CHECK(table->rows() == 7);
  CHECK(table->columns[3].name == "raw");
  CHECK(table->columns[1].numbers[1] == 7);
  const json::value record = IngestRecord(result);
  CHECK(record.at("rejected").as_int64() == 7);
  CHECK(record.at("rejects").at(0).at("column").is_null());
  CHECK(record.at("rejects").at(1).at("line").as_int64() == 7);
  CHECK(record.at("columns").at(1).at("type").as_string() == "text");

  // A second try that accepts everything leaves no old rejects behind.
  REQUIRE(RealFs().WriteAtomic(site.dir.File("t.csv"), "a,b,c\n1,x,2026-01-01\n").has_value());
  CHECK(site.Run().rejected == 0);
  CHECK_FALSE(RealFs().Exists(JoinPath(site.out(), "rejects.parquet")));
}

TEST_CASE("too many malformed rows refuse the file") {
  std::string text = "a,b\n";
  for (int i = 0; i < 11; ++i) text += "1,2\n1\n";
  Site site(text);
  const Error error = site.Fails();
  CHECK(error.code == Code::kInvalidArgument);
  CHECK(error.message == "11 of 22 rows of 't.csv' are malformed, 10 are allowed");
  CHECK(error.where.ToString() == "t.csv:3");
  CHECK(error.hint.find("max_rejects") != std::string::npos);
  site.spec.max_rejects = 11;
  CHECK(site.Run().rejected == 11);
  site.spec.max_rejects = -1;
  CHECK(site.Run().rejected == 11);
  Site strict("a,b\n1,2\n1\n");
  strict.spec.max_rejects = 0;
  CHECK(strict.Fails().message.find("0 are allowed") != std::string::npos);
  Site all("a,b\n1\n2\n3\n");
  all.spec.delimiter = ",";
  CHECK(all.Fails().hint.find("delimiter") != std::string::npos);
}

TEST_CASE("names replace a header, or stand in for one") {
  Site site("x,y\n1,2\n");
  site.spec.names = {"a", "b"};
  CHECK(Types(site.Run().columns) == "a number DOUBLE; b number DOUBLE; ");
  CHECK(site.Run().rows == 1);
  Site bare("1,2\n3,4\n");
  CHECK(Types(bare.Run().columns) == "column_1 number DOUBLE; column_2 number DOUBLE; ");
  bare.spec.names = {"a", "b", "c"};
  const Error more = bare.Try().error();
  CHECK(more.message == "names: lists 3 names, but the rows of 't.csv' have 2 fields");
  CHECK(more.where.ToString() == "quern.yaml:7:5");
  bare.spec.names = {"a"};
  CHECK(bare.Try().error().hint == "add the missing names");
  bare.spec.names = {"a", "A"};
  CHECK(bare.Try().error().message.find("differ by case alone") != std::string::npos);
  Site twice("a,b,a\n1,2,3\n");
  const Error duplicate = twice.Fails();
  CHECK(duplicate.message == "duplicate column 'a': columns 1 and 3 of 't.csv'");
  CHECK(duplicate.where.ToString() == "t.csv:1");
  Site forced("a,b\nc,d\n");
  forced.spec.header = false;
  CHECK(forced.Run().rows == 2);
}

TEST_CASE("encodings, byte-order marks and gzip") {
  Site latin("a,b\n1,caf\xe9\n");
  latin.spec.encoding = "latin1";
  CHECK(latin.Run().encoding == "latin1");
  CHECK(latin.Read().columns[1].texts[0] == "café");
  const std::string utf16(
      "\xff\xfe"
      "a\0,\0b\0\n\0"
      "1\0,\0\xe9\0\n\0"
      "2\0,\0\x3d\xd8\x00\xde\n\0",
      28);
  Site wide(utf16);
  CHECK(wide.Run().encoding == "utf-16");
  CHECK(wide.Read().columns[1].texts == std::vector<std::string>{"é", "😀"});
  Site marked(
      "\xef\xbb\xbf"
      "a,b\n1,2\n");
  CHECK(marked.Run().columns[0].name == "a");
  // printf 'a,b\n1,2\n' | gzip -n9
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xd4\x49\xe2\x32\xd4\x31\xe2\x02\x00\x7b\x07\x97"
      "\x0a"
      "\x08\x00\x00\x00",
      28);
  Site packed(gzip, "t.csv.gz");
  const IngestResult unpacked = packed.Run();
  CHECK(unpacked.encoding == "utf-8 (gzip)");
  CHECK(unpacked.rows == 1);
  Site cut(gzip.substr(0, 20), "t.csv.gz");
  CHECK(cut.Fails().message.find("damaged") != std::string::npos);
  Site decimal("a;b\n1,5;x\n");
  decimal.spec.decimal = ",";
  decimal.Run();
  CHECK(decimal.Read().columns[0].numbers[0] == 1.5);
}

TEST_CASE("files that are missing, empty or not what they say") {
  Site site("a,b\n1,2\n");
  site.spec.path = "none.csv";
  CHECK(site.Fails().code == Code::kNotFound);
  CHECK(site.Fails().where.ToString() == "quern.yaml:7:5");
  site.spec.path = ".";
  CHECK(site.Fails().message == "'.' is a folder");
  CHECK(Site("").Fails().message == "'t.csv' is empty");
  CHECK(Site("\n\n").Fails().message == "'t.csv' has no rows");
  CHECK(Site("a,b\n").Fails().message == "'t.csv' has names of columns but no rows");
  CHECK(Site(std::string("\0\1\2garbage", 10)).Fails().message.find("zero bytes") !=
        std::string::npos);
  CHECK(Site("PAR1....PAR1").Fails().hint == "write parquet: instead of csv:");
  CHECK(Site("PK\x03\x04....").Fails().message.find("zip") != std::string::npos);
  CHECK(Site("a,b\n1,2\n", "t.parquet").Fails().hint.find("csv:") != std::string::npos);
  CHECK(Site("PAR1 and no more", "t.parquet").Fails().message.find("cut off") != std::string::npos);
  CHECK(Site("PAR1 rubbish inside PAR1", "t.parquet").Fails().message.find("as Parquet") !=
        std::string::npos);
  CHECK(Site("caf\xe9,b\n1,2\n").Fails().hint == "set encoding: latin1 or utf-16");
  CHECK(Site("a,b\n\xe9,2\n\xe9,3\n").Fails().hint.find("latin1") != std::string::npos);
  Site claimed(
      "\xff\xfe"
      "a");
  claimed.spec.encoding = "utf-8";
  CHECK(claimed.Fails().hint == "set encoding: utf-16");
  Site keyed("a,b\n1,2\n");
  keyed.spec.key = "aa";
  CHECK(keyed.Fails().hint == "did you mean 'a'?");
}

TEST_CASE("declared columns that are absent are told, and can be an error") {
  Site site("age,b\n1,2\n");
  site.decls = {{"agee", ColumnType::kNumber, "", {"quern.yaml", 12, 5}}};
  const IngestResult result = site.Run();
  REQUIRE(result.absent.size() == 1);
  const Status status = CheckDeclared(result);
  CHECK(status.error().where.ToString() == "quern.yaml:12:5");
  CHECK(status.error().hint == "did you mean 'age'?");
}

TEST_CASE("Parquet sources go the same way") {
  TempDir dir;
  auto session = table::Session::Open();
  REQUIRE(
      table::WriteParquet(**session,
                          "SELECT * FROM (VALUES (1, 0.1::FLOAT, ' x ', true, DATE '2026-01-02'), "
                          "(2, 'nan'::FLOAT, '?', false, NULL)) v(i, f, t, b, d)",
                          dir.File("t.parquet"), RealFs())
          .has_value());
  SourceSpec spec = SourceOfFile(dir.File("t.parquet"));
  auto result = Ingest(spec, {}, dir.File("out"), RealFs(), NoProgress());
  REQUIRE_MESSAGE(result.has_value(), result.error().ToString());
  CHECK(
      Types(result->columns) ==
      "i number DOUBLE; f number DOUBLE; t category VARCHAR; b boolean DOUBLE; d time TIMESTAMP; ");
  const auto frame = ReadSnapshot(result->snapshot, {});
  CHECK(frame->columns[1].numbers[0] == 0.1);
  CHECK(std::isnan(frame->columns[1].numbers[1]));
  CHECK(frame->columns[2].texts == std::vector<std::string>{"x", ""});
  CHECK(frame->columns[3].numbers[1] == 0);
  result =
      Ingest(spec, {{"t", ColumnType::kNumber, "", {}}}, dir.File("two"), RealFs(), NoProgress());
  REQUIRE(result.has_value());
  REQUIRE(result->rejected == 1);
  CHECK(result->rejects[0].line == 1);
  CHECK(result->rejects[0].raw == "x");
}

TEST_CASE("the digest is of the content, not of how it is written") {
  const std::string digest = Site("a,b\n1,x\n2,y\n").Run().digest;
  CHECK(Site("a;b\r\n1.0;\"x\"\r\n02; y\r\n").Run().digest == digest);
  CHECK(Site("a,b\n2,y\n1,x\n").Run().digest != digest);
  CHECK(Site("a,c\n1,x\n2,y\n").Run().digest != digest);
  CHECK(Site("a,b\n1,x\n2,\n").Run().digest != digest);
  // Lock files hold it, so the value itself is part of the format: tests/parity/data_digest.py.
  CHECK(digest == "9ba8aa2cd832c1387422569c1c009e6d6ffe993fae30b86957b2683e0de628c6");
}

TEST_CASE("the n-th write fails, for every n") {
  Site site("a,b\n1,2\n1\n");
  bool done = false;
  for (int n = 1; !done; ++n) {
    REQUIRE(n < 20);
    FaultyFs faulty(RealFs(), n);
    const auto result = Ingest(site.spec, {}, site.out(), faulty, NoProgress());
    done = result.has_value();
    if (done) break;
    CHECK(result.error().code == Code::kResourceExhausted);
    CHECK_FALSE(RealFs().Exists(JoinPath(site.out(), "data.parquet")));
    if (!RealFs().Exists(site.out())) continue;
    const auto names = RealFs().List(site.out());
    for (const std::string& name : *names) CHECK(name == "rejects.parquet");
  }
  CHECK(done);
  CHECK(site.Read().rows() == 1);
}

TEST_CASE("the four hospitals") {
  const auto ingest = [](const std::string& name, const ColumnDecls& decls) {
    TempDir dir;
    SourceSpec spec;
    spec.name = name;
    spec.root = QUERN_SOURCE_DIR "/examples/heart";
    spec.path = "data/processed." + name + ".data";
    spec.missing = std::vector<std::string>{"?", ""};
    auto result = Ingest(spec, decls, dir.File("out"), RealFs(), NoProgress());
    REQUIRE_MESSAGE(result.has_value(), result.error().ToString());
    CHECK(result->rejected == 0);
    auto frame = ReadSnapshot(result->snapshot, {});
    REQUIRE(frame.has_value());
    REQUIRE(frame->columns.size() == 14);
    return std::make_pair(*result, *frame);
  };
  const auto missing = [](const Frame& frame, const std::string& name) {
    size_t count = 0;
    for (const double value : frame.Find(name)->numbers) count += std::isnan(value) ? 1 : 0;
    return count;
  };
  ColumnDecls decls;
  for (const char* name : {"sex", "cp", "fbs", "restecg", "exang", "slope", "thal"}) {
    decls.push_back({name, ColumnType::kCategory, "", {}});
  }
  const auto [cleveland, frame] = ingest("cleveland", decls);
  CHECK(cleveland.rows == 303);
  CHECK(missing(frame, "ca") == 4);
  CHECK(missing(frame, "thal") == 2);
  for (const ColumnDecl& column : cleveland.columns) CHECK(column.physical == "DOUBLE");
  const auto hungarian = ingest("hungarian", cleveland.columns);
  CHECK(hungarian.first.rows == 294);
  CHECK(missing(hungarian.second, "ca") == 291);
  CHECK(missing(hungarian.second, "thal") == 266);
  const auto switzerland = ingest("switzerland", cleveland.columns);
  CHECK(switzerland.first.rows == 123);
  for (const double chol : switzerland.second.Find("chol")->numbers) CHECK(chol == 0);
  CHECK(ingest("va", cleveland.columns).first.rows == 200);
}

}  // namespace
}  // namespace quern::data
