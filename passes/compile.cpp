// The recipe: which pipeline makes which program.
#include "passes/compile.h"

#include <string>
#include <utility>

#include "passes/flush.h"
#include "passes/load_program.h"

namespace weft {

namespace {

Compiled compile(const Graph& forward, const std::string& name, const CompileOptions& options) {
  Compiled compiled;
  PassContext context{&compiled.notes, options.tables};
  Graph graph = forward;
  graph.name = name;
  const std::string pipeline = options.rewrites ? name : name + "-generic";
  compiled.program =
      run_passes(std::move(graph), parse_passes(pipeline), context, options.pipeline);
  return compiled;
}

Graph planned(Graph graph, const CompileOptions& options) {
  PassContext context;
  return run_passes(std::move(graph), parse_passes("plan-memory"), context, options.pipeline);
}

}  // namespace

Compiled compile_predict(const Graph& forward, const CompileOptions& options) {
  Compiled compiled = compile(forward, "predict", options);
  LoadSplit split = split_load_program(compiled.program);
  if (split.load) {
    compiled.program = planned(std::move(split.predict), options);
    compiled.load = planned(std::move(*split.load), options);
  }
  return compiled;
}

Compiled compile_train(const Graph& forward, const CompileOptions& options) {
  Compiled compiled = compile(forward, "train", options);
  compiled.flush = make_flush_program(compiled.program);
  return compiled;
}

}  // namespace weft
