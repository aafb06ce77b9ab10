// Compiles a plan's description as it was compiled, as far as the plan tells.
#include "frontend/report/pass_history.h"

#include <algorithm>
#include <optional>

#include "frontend/description/lower.h"
#include "frontend/format/line_diff.h"
#include "frontend/train/plan_forms.h"
#include "frontend/train/plan_settings.h"
#include "ir/plan/program_interface.h"
#include "ir/print.h"

namespace weft {
namespace {

constexpr std::size_t kDiffLines = 300;  // of a pass; beyond it the rest is counted

std::string shortened_diff(const std::string& diff) {
  std::size_t position = 0;
  for (std::size_t line = 0; line < kDiffLines && position < diff.size(); ++line) {
    position = diff.find('\n', position) + 1;
  }
  if (position >= diff.size()) return diff;
  const auto more =
      std::count(diff.begin() + static_cast<std::ptrdiff_t>(position), diff.end(), '\n');
  return diff.substr(0, position) + "@@ and " + std::to_string(more) + " lines more @@\n";
}

std::int64_t capacity(const Graph& graph, std::string_view symbol) {
  const Symbol* const found = graph.find_symbol(symbol);
  return found == nullptr ? 0 : found->capacity;
}

void note_difference(const Plan& plan, const Graph& made, PassHistory& history) {
  const Graph* const kept = plan.program(made.name);
  if (kept == nullptr || print(*kept) == print(made)) return;
  history.changed.push_back(made.name);
}

PassHistory compiled(const Plan& plan, bool rewrites) {
  PassHistory history;
  history.lowered = lower_again(plan).graph;
  CompileOptions options;
  options.rewrites = rewrites;
  options.pipeline.watch = [&](const Pass& pass, const Graph& before, const Graph& after) {
    std::string diff = shortened_diff(line_diff(print(before), print(after), /*colour=*/false));
    history.steps.push_back({after.name, std::string(pass.name), std::string(pass.doc),
                             before.nodes.size(), after.nodes.size(), std::move(diff)});
  };
  const std::int64_t ids = table_rows(plan);
  const Compiled predict = compile_predicting(history.lowered, ids, plan.text, options);
  note_difference(plan, predict.program, history);
  const Graph* const train = plan.program(programs::kTrain);
  if (train == nullptr) return history;
  const GraphSizes sizes = batch_sizes(ids, capacity(*train, programs::kTexts),
                                       capacity(*train, programs::kTokens), plan.text);
  note_difference(plan, compile_train(sized(history.lowered, sizes), options).program, history);
  return history;
}

}  // namespace

PassHistory pass_history(const Plan& plan) {
  try {
    PassHistory usual = compiled(plan, /*rewrites=*/true);
    if (usual.changed.empty()) return usual;
    PassHistory generic = compiled(plan, /*rewrites=*/false);
    return generic.changed.empty() ? generic : usual;
  } catch (const Error& error) {
    PassHistory none;
    none.failure = error.diagnostics().empty() ? error.what() : error.diagnostics().front().message;
    return none;
  }
}

}  // namespace weft
