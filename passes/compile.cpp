// The recipe: which pipeline makes which program.
#include "passes/compile.h"

#include <utility>

namespace weft {

namespace {

Compiled compile(const Graph& forward, const char* pipeline, const PipelineOptions& options) {
  Compiled compiled;
  PassContext context{&compiled.notes};
  Graph graph = forward;
  graph.name = pipeline;
  compiled.program = run_passes(std::move(graph), parse_passes(pipeline), context, options);
  return compiled;
}

}  // namespace

Compiled compile_predict(const Graph& forward, const PipelineOptions& options) {
  return compile(forward, "predict", options);
}

Compiled compile_train(const Graph& forward, const PipelineOptions& options) {
  return compile(forward, "train", options);
}

}  // namespace weft
