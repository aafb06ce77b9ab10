// The gradient of one logit with respect to the rows of the tables of word vectors, by the same
// passes and kernels that train.
#include "frontend/report/explain_gradient.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <numeric>
#include <set>

#include "frontend/report/plan_weights.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "passes/pass.h"
#include "runtime/executor.h"
#include "runtime/resources/memory.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// The tables in which the program looks its ids up.
std::set<ValueId> tables_of(const Graph& graph) {
  std::set<ValueId> tables;
  const auto ids = graph.find(programs::kIds);
  for (const Node& node : graph.nodes) {
    if (node.op == &ops::embedding && ids && node.inputs[0] == *ids) tables.insert(node.inputs[1]);
  }
  return tables;
}

// The program that computes the logit as its loss, and its gradient for the tables only.
Graph differentiated(Graph graph, const std::set<ValueId>& tables, std::int64_t column,
                     double sign) {
  const ValueId logits = graph.find(programs::kLogits).value();
  const ValueId one = graph.add(
      ops::slice, {logits}, {{"axis", std::int64_t{1}}, {"begin", column}, {"end", column + 1}});
  const ValueId sum =
      graph.add(ops::reduce_sum, {one}, {{"axes", std::vector<std::int64_t>{0, 1}}});
  const ValueId loss = graph.add(ops::scale, {sum}, {{"factor", sign}}, {}, programs::kLoss);
  graph.results = {loss};
  for (std::uint32_t i = 0; i < graph.values.size(); ++i) {
    Value& value = graph.values[i];
    if (value.role != Role::param) continue;
    value.attrs.erase("frozen");
    if (!tables.contains(ValueId{i})) value.attrs["frozen"] = std::int64_t{1};
  }
  PassContext context;
  return run_passes(
      std::move(graph),
      parse_passes(
          "dce,sink-pick,autodiff,fold,simplify,fuse-conv1d-bias-relu,cse,dce,plan-memory"),
      context);
}

// A program bound to the plan's weights and, of tables, to the rows of the text's tokens.
class Bound {
 public:
  Bound(const Graph& program, const Plan& plan, const std::set<std::string>& tables,
        std::span<const std::int32_t> ids, std::span<const std::int32_t> types, bool zero)
      : tokens_(static_cast<std::int64_t>(ids.size())), types_(types) {
    std::vector<PlanTensor> tensors;
    for (const Value& value : program.values) {
      if (value.role != Role::param && value.role != Role::state) continue;
      const bool table = tables.contains(value.name);
      const PlanTensor& tensor = checked_weights(plan, value, table, ids);
      if (!table) {
        tensors.push_back(tensor);
        continue;
      }
      rows_.emplace_back(static_cast<std::size_t>(capacity_bytes(program, value.type)));
      if (!zero) gather(tensor, ids, rows_.back().data());
      tensors.push_back({value.name, value.type, value.role, rows_.back().span()});
    }
    memory_ = std::make_unique<Memory>(tensors, Access::shared);
    executor_ = std::make_unique<Executor>(program, *memory_, default_threads());
  }

  // The logit.
  double run() {
    const auto ids = executor_->input_i32(programs::kIds).first(static_cast<std::size_t>(tokens_));
    std::iota(ids.begin(), ids.end(), 0);
    const auto offsets = executor_->input_i32(programs::kOffsets);
    offsets[0] = 0;
    offsets[1] = static_cast<std::int32_t>(tokens_);
    if (has_input(executor_->graph(), programs::kWindows)) {
      const auto windows = executor_->input_i32(programs::kWindows);
      windows[0] = 0;
      windows[1] = 1;
    }
    if (has_input(executor_->graph(), programs::kTypes)) {
      std::ranges::copy(types_, executor_->input_i32(programs::kTypes).begin());
    }
    executor_->run(
        {{programs::kTexts, 1}, {programs::kTokens, tokens_}, {programs::kWindowCount, 1}});
    return static_cast<double>(executor_->result(programs::kLoss).f32()[0]);
  }

  std::span<const float> gradient(const std::string& table) const {
    return executor_->result(table + std::string(programs::kGradient)).f32();
  }
  std::span<const float> rows(const std::string& table) const {
    for (const PlanTensor& tensor : memory_->tensors()) {
      if (tensor.name == table) return floats(tensor);
    }
    return {};
  }

 private:
  static void gather(const PlanTensor& table, std::span<const std::int32_t> ids, std::byte* to) {
    const std::size_t row = static_cast<std::size_t>(table.type.shape.back().value) * sizeof(float);
    for (const std::int32_t id : ids) {
      std::memcpy(to, table.bytes.data() + static_cast<std::size_t>(id) * row, row);
      to += row;
    }
  }

  std::int64_t tokens_;
  std::span<const std::int32_t> types_;
  std::deque<AlignedBytes> rows_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Executor> executor_;
};

}  // namespace

GradientExplanation explain_by_gradient(const Graph& predicting, const Plan& plan,
                                        std::span<const std::int32_t> ids,
                                        std::span<const std::int32_t> types, std::int64_t column,
                                        double sign) {
  const std::set<ValueId> tables = tables_of(predicting);
  std::set<std::string> names;
  for (const ValueId id : tables) names.insert(predicting[id].name);
  const Graph program = differentiated(predicting, tables, column, sign);
  Bound text(program, plan, names, ids, types, /*zero=*/false);
  GradientExplanation explanation;
  explanation.logit = text.run();
  explanation.by_token.assign(ids.size(), 0.0);
  for (const std::string& name : names) {
    const std::span<const float> rows = text.rows(name), gradient = text.gradient(name);
    const std::size_t width = ids.empty() ? 0 : rows.size() / ids.size();
    for (std::size_t i = 0; i < ids.size() * width; ++i) {
      explanation.by_token[i / width] +=
          static_cast<double>(rows[i]) * static_cast<double>(gradient[i]);
    }
  }
  explanation.baseline = Bound(program, plan, names, ids, types, /*zero=*/true).run();
  return explanation;
}

}  // namespace weft
