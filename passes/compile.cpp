// The recipe: which pipeline makes which program.
#include "passes/compile.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ir/plan/program_interface.h"
#include "passes/flush.h"
#include "passes/load_program.h"

namespace weft {

namespace {

// A pipeline up to the passes that give values their places: these follow when a program is
// complete.
class Recipe {
 public:
  Recipe(const std::string& name, const CompileOptions& options)
      : name_(name),
        options_(options),
        passes_(parse_passes(options.rewrites ? name : name + "-generic")),
        placing_(std::ranges::find_if(passes_, [](const Pass* pass) {
          return pass == find_pass("zero-copy-concat") || pass == find_pass("plan-memory");
        })) {}

  Compiled compile(const Graph& forward) const {
    Compiled compiled;
    compiled.program = forward;
    compiled.program.name = name_;
    run({passes_.begin(), placing_}, compiled.program, compiled);
    return compiled;
  }
  void place(Graph& program, Compiled& compiled) const {
    run({placing_, passes_.end()}, program, compiled);
  }

 private:
  using Passes = std::vector<const Pass*>;

  void run(const Passes& passes, Graph& program, Compiled& compiled) const {
    PassContext context{&compiled.notes, options_.tables};
    program = run_passes(std::move(program), passes, context, options_.pipeline);
  }

  std::string name_;
  const CompileOptions& options_;
  Passes passes_;
  Passes::const_iterator placing_;
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
