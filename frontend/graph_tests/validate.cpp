// Chooses the passes and the programs, and writes the report.
#include "frontend/graph_tests/validate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "frontend/graph_tests/bound_program.h"
#include "frontend/graph_tests/check_kernels.h"
#include "frontend/graph_tests/check_passes.h"
#include "frontend/graph_tests/each_instruction_set.h"
#include "frontend/graph_tests/run_graph.h"
#include "ir/plan/program_interface.h"
#include "ir/verify.h"
#include "passes/compile.h"

namespace weft {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

class Validator {
 public:
  Validator(const Bindings& given, const ValidationOptions& options)
      : given_(given), options_(options) {}

  void run_list(const Graph& graph, std::string_view list) {
    const PassCheck check = check_list(graph, list);
    if (!check.refused.empty()) throw Error(check.refused);
    say_passes(list, check);
    planned_.push_back({place(check.graph)});
  }

  // Every rewrite by itself, every pipeline, the cut of the predicting program.
  void run_all(const Graph& graph) {
    PassCheck all;
    for (const Pass& pass : all_passes()) {
      if (!pass.rewrites || failed()) continue;
      const PassCheck check = check_list(graph, pass.name);
      all.compared.insert(all.compared.end(), check.compared.begin(), check.compared.end());
      all.notes.insert(all.notes.end(), check.notes.begin(), check.notes.end());
      all.failure = check.failure;
      if (!check.failure.empty()) break;
    }
    say_passes("each rewrite by itself", all);
    for (const Pipeline& pipeline : all_pipelines()) {
      if (failed()) return;
      PassCheck check = check_list(graph, pipeline.passes());
      if (pipeline.name == "predict" && check.failure.empty() && check.refused.empty()) {
        const PassCheck whole = check_list(graph, pipeline.rewrites);
        check.failure = check_load_split(whole.graph, whole.given).failure;
      }
      say_passes(pipeline.name, check);
    }
    planned_.push_back({place(graph)});
    compile(graph);
  }

  void run_kernels() {
    if (failed()) return;
    for (const std::string& set : usable_instruction_sets()) {
      const std::string sent = on_instruction_set(set, [&] { return kernels_json(); });
      const auto json = nlohmann::json::parse(sent);
      result_.text += fmt::format("kernels  {}: {} nodes compared with their references", set,
                                  json.at("compared").get<int>());
      finish_line(json.at("failure"), json.at("notes"));
    }
  }

  void add_programs(std::vector<Graph> programs) { planned_.push_back(std::move(programs)); }
  Validation take() { return std::move(result_); }

 private:
  bool failed() const { return result_.failed; }

  PassCheck check_list(const Graph& graph, std::string_view list) const {
    return check_passes(graph, parse_passes(list), given_, {.seconds = options_.seconds});
  }

  void say_passes(std::string_view list, const PassCheck& check) {
    result_.text += fmt::format("passes   {}: ", list);
    result_.text += check.refused.empty()
                        ? fmt::format("{} changed the graph, values and gradients compared",
                                      check.compared.size())
                        : fmt::format("not for this graph: {}", first_line(check.refused));
    finish_line(check.failure, check.notes);
  }

  void finish_line(const std::string& failure, const std::vector<std::string>& notes) {
    result_.text += failure.empty() ? "\n" : "\n  FAILED " + failure + "\n";
    for (const std::string& note : notes) result_.text += "  note: " + note + "\n";
    result_.failed = result_.failed || !failure.empty();
  }

  static Graph place(const Graph& graph) {
    if (is_planned(graph)) return graph;
    PassContext context;
    return run_passes(graph, parse_passes("plan-memory"), context);
  }

  // The programs of a plan, where the graph is one that they can be made of.
  void compile(const Graph& graph) {
    try {
      Compiled predict = compile_predict(graph);
      std::vector<Graph> programs;
      if (predict.load) programs.push_back(std::move(*predict.load));
      programs.push_back(std::move(predict.program));
      planned_.push_back(std::move(programs));
    } catch (const Error&) {  // said by its passes
    }
    try {
      Compiled train = compile_train(graph);
      std::vector<Graph> programs;
      if (train.encode) programs.push_back(std::move(*train.encode));
      programs.push_back(std::move(train.program));
      if (train.flush) programs.push_back(std::move(*train.flush));
      if (train.head) programs.push_back(std::move(*train.head));
      planned_.push_back(std::move(programs));
    } catch (const Error&) {
    }
  }

  std::string kernels_json() const {
    KernelCheck all;
    for (const std::vector<Graph>& programs : planned_) {
      KernelCheck check = check_kernels(programs, given_,
                                        {.threads = options_.threads, .seconds = options_.seconds});
      all.compared += check.compared;
      all.notes.insert(all.notes.end(), check.notes.begin(), check.notes.end());
      all.failure = std::move(check.failure);
      if (!all.failure.empty()) break;
    }
    return nlohmann::json{
        {"compared", all.compared}, {"notes", all.notes}, {"failure", all.failure}}
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  const Bindings& given_;
  const ValidationOptions& options_;
  std::vector<std::vector<Graph>> planned_;  // programs that run one after another
  Validation result_;
};

}  // namespace

Validation validate_graph(const Graph& graph, const Bindings& given,
                          const ValidationOptions& options) {
  verify(graph);
  Validator validator(given, options);
  if (is_planned(graph)) {
    validator.add_programs({graph});
  } else if (options.passes.empty()) {
    validator.run_all(graph);
  } else {
    validator.run_list(graph, options.passes);
  }
  validator.run_kernels();
  return validator.take();
}

Validation validate_kernels(const std::vector<Graph>& planned, const Bindings& given,
                            const ValidationOptions& options) {
  Validator validator(given, options);
  validator.add_programs(planned);
  validator.run_kernels();
  return validator.take();
}

Validation validate_plan(const Plan& plan, const ValidationOptions& options) {
  constexpr std::int64_t kMaxNumbers = 100'000'000;
  Bindings given;
  std::int64_t numbers = 0;
  for (const PlanTensor& tensor : plan.tensors) {
    Extents shape;
    for (const Dim& dim : tensor.type.shape) shape.push_back(dim.value);
    numbers += static_cast<std::int64_t>(tensor.bytes.size()) / size_of(tensor.type.dtype);
    if (numbers > kMaxNumbers) {
      return {false,
              fmt::format("  note: not compared with its own weights, of more than {} million "
                          "numbers\n",
                          kMaxNumbers / 1'000'000)};
    }
    given[tensor.name] = tensor_of(tensor.bytes.data(), tensor.type.dtype, std::move(shape));
  }
  std::vector<Graph> programs;
  for (const std::string_view name : {programs::kLoad, programs::kEncode, programs::kPredict,
                                      programs::kTrain, programs::kFlush, programs::kHead}) {
    if (const Graph* program = plan.program(name)) programs.push_back(*program);
  }
  return validate_kernels(programs, given, options);
}

}  // namespace weft
