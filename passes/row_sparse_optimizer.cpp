// row-sparse-optimizer: an optimizer step touches those rows of an embedding table that the batch
// uses; the steps that a row has missed are made up for before it is next read.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "ir/missed_steps.h"
#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   rows = embedding(distinct, w)            w1, m1, v1, last' = row_adam_catch_up(w, m, v, last,
//   …                                                                  distinct, step, rates)
//   g = embedding_grad(distinct, drows)  ->  rows = embedding(distinct, w1)
//   w', m', v' = adam(w, g, m, v, …)         …
//                                            w', m', v' = row_adam(w1, m1, v1, distinct, drows, …)
//
// With an optimizer called lazy_x rows are not caught up: another optimizer, meant to be.
struct RowUpdate {
  const Node* update = nullptr;    // the dense step
  const Node* gradient = nullptr;  // embedding_grad(distinct, drows)
  ValueId distinct = kNoValue;
  bool catches_up = false;
  // The table and the states, of the target, as the lookup finds them; empty before the lookup.
  std::vector<ValueId> current = {};

  ValueId table() const { return update->inputs[0]; }
};

// The attributes of the dense step that the other op has too.
Attrs attrs_for(const OpDef& op, const Node& dense) {
  Attrs attrs;
  for (const AttrDef& def : op.attrs) attrs.emplace(def.name, dense.attrs.find(def.name)->second);
  return attrs;
}

class RowSparseOptimizer {
 public:
  RowSparseOptimizer(const Graph& graph, PassContext& context)
      : graph_(graph), context_(context), uses_(graph), out_(graph) {
    const auto optimizer = graph.attrs.find("optimizer");
    const auto* name =
        optimizer == graph.attrs.end() ? nullptr : std::get_if<std::string>(&optimizer->second);
    lazy_ = name != nullptr && find_optimizer(*name).lazy;
    if (const auto step = graph.find("step"); step && graph[*step].role == Role::state) {
      step_ = *step;
      for (const Write& write : graph.writes) {
        if (write.target == step_) next_step_ = write.source;
      }
    }
    for (const Node& node : graph.nodes) consider(node);
  }

  Graph run() && {
    for (const Node& node : graph_.nodes) {
      if (RowUpdate* lookup = looks_up(node)) {
        if (lookup->current.empty()) catch_up(*lookup);
        out_.replace(node, ops::embedding, {out_(lookup->distinct), lookup->current.front()});
      } else if (const RowUpdate* update = updates(node)) {
        step(*update);
      } else if (!is_gradient(node)) {
        out_.copy(node);
      }
    }
    record_rates();
    Graph done = std::move(out_).finish();
    done.writes.insert(done.writes.end(), writes_.begin(), writes_.end());
    return done;
  }

 private:
  // Takes a dense step of an embedding table up, or notes why not.
  void consider(const Node& node) {
    if (node.op->row_form == nullptr || !is_looked_up(node.inputs[0])) return;
    RowUpdate update{&node, uses_.producer(operand(node, OperandRole::gradient))};
    const std::string& table = graph_[node.inputs[0]].name;
    if (const std::string why = why_not(update); !why.empty()) {
      context_.note(fmt::format("row-sparse-optimizer: not applied to %{}: {}", table, why));
      return;
    }
    const Dim& rows = graph_[update.distinct].type.shape[0];
    context_.note(
        fmt::format("row-sparse-optimizer: a step touches at most {} of the {} rows of "
                    "%{}",
                    graph_.find_symbol(rows.symbol)->capacity,
                    graph_[node.inputs[0]].type.shape[0].value, table));
    found_.emplace(node.inputs[0], std::move(update));
  }

  bool is_looked_up(ValueId table) const {
    return std::ranges::any_of(uses_.readers(table), [&](std::size_t reader) {
      const Node& node = graph_.nodes[reader];
      return node.op == &ops::embedding && node.inputs[1] == table;
    });
  }

  // Empty if the update can be made row by row; sets what it consists of.
  std::string why_not(RowUpdate& update) const {
    const Node& node = *update.update;
    if (update.gradient == nullptr || update.gradient->op != &ops::embedding_grad ||
        !uses_.single(update.gradient->outputs[0])) {
      return "its gradient is more than that of one lookup";
    }
    update.distinct = update.gradient->inputs[0];
    const Node* unique = uses_.producer(update.distinct);
    if (unique == nullptr || unique->op != &ops::unique || unique->outputs[0] != update.distinct) {
      return "its rows are looked up by ids that may repeat";
    }
    for (const std::size_t reader : uses_.readers(update.table())) {
      const Node& other = graph_.nodes[reader];
      if (&other == update.update) continue;
      if (other.op != &ops::embedding || other.inputs[0] != update.distinct) {
        return fmt::format("{} reads it too", other.op->name);
      }
    }
    if (!persists_alone(node)) return "what the step gives is used further, as by max_norm";
    const MissedSteps missed =
        node.op->missed_steps != nullptr ? node.op->missed_steps(node.attrs) : MissedSteps{};
    update.catches_up = !lazy_ && !missed.change_nothing;
    if (!update.catches_up) return {};
    if (step_ == kNoValue || next_step_ == kNoValue) return "the program does not count its steps";
    if (node.op->catch_up_form == nullptr) {
      return fmt::format("the steps of {} that a row misses can't be made up for", node.op->name);
    }
    return missed.no_closed_form;
  }

  // True if the results of the step go back to where their operands came from, and nowhere else.
  bool persists_alone(const Node& node) const {
    std::size_t output = 0;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const OperandRole role = node.op->inputs[i].role;
      if (!is_updated(role)) continue;
      const ValueId from = node.inputs[i], to = node.outputs[output++];
      const auto is_home = [&](const Write& write) {
        return write.target == from && write.source == to;
      };
      const bool returned = std::ranges::count(graph_.results, from) > 0 ||
                            std::ranges::count(graph_.results, to) > 0;
      const bool shared = role != OperandRole::weight && uses_.readers(from).size() != 1;
      if (std::ranges::count_if(graph_.writes, is_home) != 1 || returned || shared ||
          !uses_.readers(to).empty()) {
        return false;
      }
    }
    return true;
  }

  RowUpdate* looks_up(const Node& node) {
    if (node.op != &ops::embedding) return nullptr;
    const auto found = found_.find(node.inputs[1]);
    return found == found_.end() ? nullptr : &found->second;
  }
  const RowUpdate* updates(const Node& node) const {
    const auto found = node.inputs.empty() ? found_.end() : found_.find(node.inputs[0]);
    return found != found_.end() && found->second.update == &node ? &found->second : nullptr;
  }
  bool is_gradient(const Node& node) const {
    return std::ranges::any_of(found_,
                               [&](const auto& entry) { return entry.second.gradient == &node; });
  }

  ValueId state(const std::string& name, const TensorType& type) {
    Graph& target = out_.target();
    if (const auto found = target.find(name)) return *found;
    return target.declare(Role::state, name, type, {{"init", std::string("zeros")}});
  }

  // The table and its states as the lookup must find them.
  void catch_up(RowUpdate& row) {
    const Node& dense = *row.update;
    for (std::size_t i = 0; i < dense.inputs.size(); ++i) {
      if (is_updated(dense.op->inputs[i].role)) row.current.push_back(out_(dense.inputs[i]));
    }
    if (!row.catches_up) return;
    const OpDef& op = *dense.op->catch_up_form;
    const Value& table = graph_[row.table()];
    const ValueId last = state(table.name + ".last", {DType::i32, {table.type.shape[0]}, {}});
    std::vector<ValueId> updated = row.current, inputs;
    updated.push_back(last);
    auto next = updated.begin();
    for (const PortDef& port : op.inputs) {
      inputs.push_back(is_updated(port.role)            ? *next++
                       : port.role == OperandRole::ids  ? out_(row.distinct)
                       : port.role == OperandRole::step ? out_(step_)
                       : port.role == OperandRole::past_rates
                           ? rates(operand(dense, OperandRole::learning_rate))
                           : kNoValue);
    }
    row.current =
        out_.target().append(op, inputs, attrs_for(op, dense), {}, table.name + ".current");
    writes_.push_back({last, row.current.back()});
    row.current.pop_back();
  }

  static ValueId operand(const Node& node, OperandRole role) {
    return node.inputs[find_port(*node.op, role)];
  }

  // The row-wise step, in the dense one's place.
  void step(const RowUpdate& row) {
    const Node& dense = *row.update;
    const OpDef& op = *dense.op->row_form;
    std::vector<ValueId> inputs;
    auto next = row.current.begin();
    for (const PortDef& port : op.inputs) {
      inputs.push_back(is_updated(port.role)                ? *next++
                       : port.role == OperandRole::ids      ? out_(row.distinct)
                       : port.role == OperandRole::gradient ? out_(row.gradient->inputs[1])
                                                            : out_(operand(dense, port.role)));
    }
    out_.replace(dense, op, inputs, attrs_for(op, dense));
  }

  // The ring of past values of a rate.
  ValueId rates(ValueId rate) {
    const ValueId ring =
        state(graph_[rate].name + ".history", {DType::f32, {Dim(kRateHistory)}, {}});
    rates_[rate] = ring;
    return ring;
  }

  void record_rates() {
    for (const auto& [rate, ring] : rates_) {
      const std::string hint = out_.target()[ring].name + ".next";
      const ValueId next =
          out_.target().add(ops::record_rate, {ring, out_(rate), out_(next_step_)}, {}, {}, hint);
      writes_.push_back({ring, next});
    }
  }

  const Graph& graph_;
  PassContext& context_;
  Uses uses_;
  Rewriter out_;
  bool lazy_ = false;
  ValueId step_ = kNoValue, next_step_ = kNoValue;  // of the source: finished steps, and this one
  std::map<ValueId, RowUpdate> found_;              // by table
  std::map<ValueId, ValueId> rates_;                // rate, of the source -> ring, of the target
  std::vector<Write> writes_;                       // of the target
};

}  // namespace

Graph row_sparse_optimizer(const Graph& graph, PassContext& context) {
  return RowSparseOptimizer(graph, context).run();
}

}  // namespace weft
