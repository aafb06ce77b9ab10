// The recipe: which pipeline makes which program.
#include "passes/compile.h"

#include <string>
#include <utility>

#include "passes/flush.h"
#include "passes/load_program.h"

namespace weft {

namespace {

// A pipeline's passes without plan-memory, its last: that follows when a program is complete.
Compiled compile(const Graph& forward, const std::string& name, const CompileOptions& options) {
  Compiled compiled;
  PassContext context{&compiled.notes, options.tables};
  Graph graph = forward;
  graph.name = name;
  std::vector<const Pass*> passes = parse_passes(options.rewrites ? name : name + "-generic");
  WEFT_CHECK(passes.back() == find_pass("plan-memory"));
  passes.pop_back();
  compiled.program = run_passes(std::move(graph), passes, context, options.pipeline);
  return compiled;
}

void plan_memory_of(Graph& graph, Compiled& compiled, const CompileOptions& options) {
  PassContext context{&compiled.notes, options.tables};
  graph = run_passes(std::move(graph), parse_passes("plan-memory"), context, options.pipeline);
}

}  // namespace

Compiled compile_predict(const Graph& forward, const CompileOptions& options) {
  Compiled compiled = compile(forward, "predict", options);
  LoadSplit split = split_load_program(compiled.program);
  compiled.program = std::move(split.predict);
  compiled.load = std::move(split.load);
  if (compiled.load) plan_memory_of(*compiled.load, compiled, options);
  plan_memory_of(compiled.program, compiled, options);
  return compiled;
}

Compiled compile_train(const Graph& forward, const CompileOptions& options) {
  Compiled compiled = compile(forward, "train", options);
  plan_memory_of(compiled.program, compiled, options);
  compiled.flush = make_flush_program(compiled.program);
  return compiled;
}

}  // namespace weft
