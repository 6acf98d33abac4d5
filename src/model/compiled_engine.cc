#include "model/compiled_engine.h"

#include "model/compile.h"
#include "model/onnx_read.h"
#include "model/program.h"

namespace quern::model {
namespace {

class CompiledEngine : public Engine {
 public:
  CompiledEngine(std::vector<TensorSpec> inputs, Program program)
      : inputs_(std::move(inputs)), program_(std::move(program)) {}
  EngineKind kind() const override { return EngineKind::kCompiled; }
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return program_.outputs(); }

  Status Run(std::span<const TensorView> inputs, Arena& arena,
             std::span<TensorView> outputs) const override {
    QUERN_ASSIGN(const size_t rows, CheckInputs(inputs_, inputs));
    program_.Run(inputs, rows, arena, outputs);
    return {};
  }

 private:
  std::vector<TensorSpec> inputs_;
  Program program_;
};

}  // namespace

Result<CompiledModel> CompileModel(std::string_view onnx) {
  QUERN_ASSIGN(const Graph graph, ReadGraph(onnx));
  Compiler compiler(graph);
  QUERN_TRY(compiler.Run());
  QUERN_ASSIGN(Program program, Program::Build(compiler));
  CompiledModel model;
  model.stages = program.Stages();
  model.nodes = graph.nodes.size();
  model.engine = std::make_shared<CompiledEngine>(graph.inputs, std::move(program));
  return model;
}

}  // namespace quern::model
