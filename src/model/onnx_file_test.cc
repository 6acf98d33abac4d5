// A model whose weights lie in a file beside it, as torch.onnx.export writes it by default. That it
// answers as PyTorch does is tested with the other fixtures.
#include "model/onnx_file.h"

#include <doctest/doctest.h>

#include "model/compiled_engine.h"
#include "model/ort_engine.h"

namespace quern::model {
namespace {

const std::string kFixtures = std::string(QUERN_SOURCE_DIR) + "/tests/model/fixtures";
const std::string kOnnx = "torch_files_dynamo.onnx";
const std::string kData = kOnnx + ".data";

/// The two files in a folder of their own, to be harmed.
class Copy {
 public:
  Copy()
      : onnx(*RealFs().Read(kFixtures + "/" + kOnnx)),
        data(*RealFs().Read(kFixtures + "/" + kData)) {}

  /// What reading them says once they are written; "" if nothing is wrong.
  std::string Error(bool with_data = true) {
    REQUIRE(RealFs().WriteAtomic(folder_.File(kOnnx), onnx).has_value());
    if (with_data) REQUIRE(RealFs().WriteAtomic(folder_.File(kData), data).has_value());
    const auto read = ReadOnnxFile(folder_.File(kOnnx), RealFs());
    if (read) return "";
    CHECK(read.error().code == Code::kInvalidArgument);
    CHECK(read.error().ToString().find("external_data=False") != std::string::npos);
    return read.error().message;
  }

  /// In the graph; both texts are of one length, as protobuf counts them.
  void Replace(std::string_view text, std::string_view by) {
    REQUIRE(text.size() == by.size());
    size_t count = 0;
    for (size_t at = 0; (at = onnx.find(text, at)) != std::string::npos; ++count)
      onnx.replace(at, by.size(), by);
    REQUIRE(count > 0);
  }

  std::string onnx;
  std::string data;

 private:
  TempDir folder_;
};

TEST_CASE("A model and the file of its weights are read as one, for both engines") {
  const auto bare = RealFs().Read(kFixtures + "/" + kOnnx);
  REQUIRE(!CompileModel(*bare).has_value());
  REQUIRE(!MakeOnnxRuntimeEngine(*bare).has_value());
  const auto whole = ReadOnnxFile(kFixtures + "/" + kOnnx, RealFs());
  REQUIRE(whole.has_value());
  CHECK(CompileModel(*whole).has_value());
  CHECK(MakeOnnxRuntimeEngine(*whole).has_value());
  CHECK(Copy().Error() == "");
}

TEST_CASE("A file of weights that is missing, short or elsewhere is named") {
  const auto says = [](const std::string& error, std::string_view part) {
    CAPTURE(error);
    CHECK(error.find("the tensor '0.weight' of '") == 0);
    CHECK(error.find(part) != std::string::npos);
  };
  says(Copy().Error(false), "lies in 'torch_files_dynamo.onnx.data', which cannot be read");
  Copy short_data;
  short_data.data.resize(100);
  says(short_data.Error(),
       "is said to be 1280 bytes at 0 of 'torch_files_dynamo.onnx.data', which has 100");
  Copy outside;
  outside.Replace("torch_files_dynamo.onnx.data", "../ch_files_dynamo.onnx.data");
  says(outside.Error(), "has no valid place: location '../ch_files_dynamo.onnx.data'");
  Copy absolute;
  absolute.Replace("torch_files_dynamo.onnx.data", "/orch_files_dynamo.onnx.data");
  says(absolute.Error(), "has no valid place: location '/orch_files_dynamo.onnx.data'");
  Copy no_number;
  no_number.Replace("1280", "-280");
  says(no_number.Error(), "has no valid place");
}

TEST_CASE("What is no model, or has nothing elsewhere, is read as it is") {
  TempDir folder;
  const std::string text = "the location of nothing";
  REQUIRE(RealFs().WriteAtomic(folder.File("x.onnx"), text).has_value());
  CHECK(*ReadOnnxFile(folder.File("x.onnx"), RealFs()) == text);
  const std::string plain = kFixtures + "/skl_linear.onnx";
  CHECK(*ReadOnnxFile(plain, RealFs()) == *RealFs().Read(plain));
  CHECK(ReadOnnxFile(folder.File("y.onnx"), RealFs()).error().code == Code::kNotFound);
}

TEST_CASE("Paths that stay below a folder") {
  for (const char* path : {"a", "a/b", "..a", "a..", "./a"}) CHECK(StaysBelow(path));
  for (const char* path : {"", "/a", "..", "../a", "a/../b", "a/.."}) CHECK_FALSE(StaysBelow(path));
}

}  // namespace
}  // namespace quern::model
