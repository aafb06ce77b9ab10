// Passes by their names, or the compilation of a plan's programs.
#include "frontend/graph_tests/test_programs.h"

#include <fmt/format.h>

#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "passes/compile.h"
#include "passes/opt.h"

namespace weft {
namespace {

Compiled compile_forward(const Graph& forward, const std::string& what) {
  verify(forward);
  CompileOptions options;
  if (what == "train") return compile_train(forward, options);
  if (what == "predict i8") options.tables.dtype = DType::i8;
  if (what == "predict i16") options.tables.dtype = DType::i16;
  if (what == "predict" || options.tables.dtype != DType::f32) {
    return compile_predict(forward, options);
  }
  throw Error(fmt::format("`// compile: {}` is unknown", what),
              "there are predict, predict i16, predict i8 and train");
}

}  // namespace

std::string made_text(const TestFile& file, const std::string& name) {
  if (file.compile.empty()) return optimize_text(file.graphs, name, file.passes);
  const Compiled compiled = compile_forward(parse_one(file.graphs, name), file.compile);
  std::string text;
  for (const std::string& note : compiled.notes) text += fmt::format("// {}\n", note);
  text += print(compiled.program);
  if (compiled.load) text += print(*compiled.load);
  if (compiled.flush) text += print(*compiled.flush);
  if (compiled.encode) text += print(*compiled.encode);
  if (compiled.head) text += print(*compiled.head);
  return text;
}

std::vector<Graph> made_programs(const TestFile& file, const Graph& graph) {
  std::vector<Graph> programs;
  if (!file.compile.empty()) {
    Compiled compiled = compile_forward(graph, file.compile);
    if (compiled.encode) return programs;
    if (compiled.load) programs.push_back(std::move(*compiled.load));
    programs.push_back(std::move(compiled.program));
  } else if (!file.passes.empty()) {
    PassContext context;
    programs.push_back(run_passes(graph, parse_passes(file.passes), context));
  }
  return programs;
}

}  // namespace weft
