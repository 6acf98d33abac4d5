#include "server/mlflow/content_type.h"

#include <doctest/doctest.h>

namespace quern::server::mlflow {
namespace {

TEST_CASE("media types by the name of a file") {
  for (std::string_view text : {"MLmodel", "1/m/MLproject", "a/conda.yaml", "x.json", "r.csv",
                                "python_env.yml", "a.b.txt", "train.py", "note.ipynb", "x.TXT"}) {
    CHECK_MESSAGE(ContentTypeOf(text) == "text/plain", text);
  }
  CHECK(ContentTypeOf("a/plot.png") == "image/png");
  CHECK(ContentTypeOf("PLOT.PNG") == "image/png");
  CHECK(ContentTypeOf("estimator.html") == "text/html");
  for (std::string_view binary :
       {"model.pkl", "model.onnx", "x", "png", ".png", "a.png/x", "x.", "data.parquet", ".json"}) {
    CHECK_MESSAGE(ContentTypeOf(binary) == "application/octet-stream", binary);
  }
}

}  // namespace
}  // namespace quern::server::mlflow
