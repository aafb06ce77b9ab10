// The recipe: which pipeline makes which program.
#include "passes/compile.h"

#include <string>
#include <utility>

#include "ir/plan/program_interface.h"
#include "passes/flush.h"
#include "passes/load_program.h"

namespace weft {

namespace {

// A program made by a pipeline in two steps: what is placed must be complete.
class Recipe {
 public:
  Recipe(const std::string& name, const CompileOptions& options)
      : name_(name),
        options_(options),
        pipeline_(*find_pipeline(options.rewrites ? name : name + "-generic")) {}

  Compiled compile(const Graph& forward) const {
    Compiled compiled;
    compiled.program = forward;
    compiled.program.name = name_;
    run(pipeline_.rewrites, compiled.program, compiled);
    return compiled;
  }
  void place(Graph& program, Compiled& compiled) const {
    run(pipeline_.placement, program, compiled);
  }

 private:
  void run(std::string_view passes, Graph& program, Compiled& compiled) const {
    PassContext context{&compiled.notes, options_.tables};
    program = run_passes(std::move(program), parse_passes(passes), context, options_.pipeline);
  }

  std::string name_;
  const CompileOptions& options_;
  const Pipeline& pipeline_;
};

}  // namespace

Compiled compile_predict(const Graph& forward, const CompileOptions& options) {
  const Recipe recipe(std::string(programs::kPredict), options);
  Compiled compiled = recipe.compile(forward);
  LoadSplit split = split_load_program(compiled.program);
  compiled.program = std::move(split.predict);
  compiled.load = std::move(split.load);
  if (compiled.load) recipe.place(*compiled.load, compiled);
  recipe.place(compiled.program, compiled);
  return compiled;
}

Compiled compile_train(const Graph& forward, const CompileOptions& options) {
  const Recipe recipe(std::string(programs::kTrain), options);
  Compiled compiled = recipe.compile(forward);
  recipe.place(compiled.program, compiled);
  compiled.flush = make_flush_program(compiled.program);
  return compiled;
}

}  // namespace weft
