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
  Recipe(std::string_view name, const CompileOptions& options)
      : name_(name),
        options_(options),
        pipeline_(*find_pipeline(options.rewrites ? name_ : name_ + "-generic")) {}

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
  // Without notes: those of the program that it belongs to say what they would.
  Graph whole(const Graph& forward) const {
    Compiled compiled = compile(forward);
    place(compiled.program, compiled);
    return std::move(compiled.program);
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
  const Recipe recipe(programs::kPredict, options);
  Compiled compiled = recipe.compile(forward);
  LoadSplit split = split_load_program(compiled.program);
  compiled.program = std::move(split.predict);
  compiled.load = std::move(split.load);
  if (compiled.load) recipe.place(*compiled.load, compiled);
  recipe.place(compiled.program, compiled);
  return compiled;
}

Compiled compile_train(const Graph& forward, const CompileOptions& options) {
  const Recipe recipe(programs::kTrain, options);
  Compiled compiled = recipe.compile(forward);
  recipe.place(compiled.program, compiled);
  compiled.flush = make_flush_program(compiled.program);
  if (has_input(compiled.program, programs::kRows)) {
    compiled.encode = Recipe(programs::kEncode, options).whole(forward);
    compiled.head = Recipe(programs::kHead, options).whole(forward);
  }
  return compiled;
}

}  // namespace weft
