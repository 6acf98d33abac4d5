#include "model/compiled_engine.h"

#include <fmt/format.h>

#include "model/onnx_read.h"

namespace quern::model {

Result<CompiledModel> CompileModel(std::string_view onnx) {
  QUERN_ASSIGN(const Graph graph, ReadGraph(onnx));
  if (graph.nodes.empty()) return Fail(Code::kUnimplemented, "the graph has no nodes");
  const GraphNode& node = graph.nodes.front();
  return Fail(Code::kUnimplemented, fmt::format("node '{}': operator {}", node.name, node.op));
}

}  // namespace quern::model
