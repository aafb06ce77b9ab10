// row-sparse-optimizer: an optimizer step touches those rows of an embedding table that the batch
// uses; the steps that a row has missed are made up for before it is next read.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "ir/missed_steps.h"
#include "ir/ops/ops.h"
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
// The ops are found by name: an optimizer `x` has the forms `row_x` and `row_x_catch_up`. With an
// optimizer called lazy_x rows are not caught up: another optimizer, meant to be.
struct RowUpdate {
  const Node* update = nullptr;    // the dense step
  const Node* gradient = nullptr;  // embedding_grad(distinct, drows)
  ValueId distinct = kNoValue;
  const OpDef* row_op = nullptr;
  const OpDef* catch_up = nullptr;                   // null: rows need none
  std::map<std::string_view, ValueId> current = {};  // by port: caught-up images of the target

  ValueId table() const { return update->inputs[0]; }
};

const OpDef* form_of(const OpDef& dense, std::string_view suffix) {
  return find_op(fmt::format("row_{}{}", dense.name, suffix));
}

bool has_port(const OpDef& op, std::string_view name) {
  return std::ranges::find(op.inputs, name, &PortDef::name) != op.inputs.end();
}

double number(const Node& node, std::string_view name) {
  const auto found = node.attrs.find(name);
  return found == node.attrs.end() ? 0.0 : float_attr(node.attrs, name);
}

// Those attributes of the dense step that the other op has too.
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
    lazy_ = name != nullptr && name->starts_with("lazy_");
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
        out_.replace(node, ops::embedding, {out_(lookup->distinct), lookup->current.at("w")});
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
    const OpDef* row_op = form_of(*node.op, "");
    if (row_op == nullptr || !is_looked_up(node.inputs[0])) return;
    RowUpdate update{&node, uses_.producer(node.inputs[1]), kNoValue, row_op};
    const std::string& table = graph_[node.inputs[0]].name;
    if (const std::string why = why_not(update); !why.empty()) {
      context_.note(fmt::format("row-sparse-optimizer: not applied to %{}: {}", table, why));
      return;
    }
    if (needs_catch_up(node)) update.catch_up = form_of(*node.op, "_catch_up");
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
        !uses_.single(node.inputs[1])) {
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
    if (lazy_ || !needs_catch_up(node)) return {};
    if (step_ == kNoValue || next_step_ == kNoValue) return "the program does not count its steps";
    return no_closed_form(node);
  }

  // What the step gives goes back to where it came from, and nowhere else.
  bool persists_alone(const Node& node) const {
    std::size_t output = 0;
    for (const PortDef& port : node.op->inputs) {  // w and the states: an output each, in order
      if (!is_state(port.name)) continue;
      const ValueId from = operand(node, port.name), to = node.outputs[output++];
      const auto is_home = [&](const Write& write) {
        return write.target == from && write.source == to;
      };
      const bool returned = std::ranges::count(graph_.results, from) > 0 ||
                            std::ranges::count(graph_.results, to) > 0;
      const bool shared = port.name != "w" && uses_.readers(from).size() != 1;
      if (std::ranges::count_if(graph_.writes, is_home) != 1 || returned || shared ||
          !uses_.readers(to).empty()) {
        return false;
      }
    }
    return true;
  }

  // A port for what persists: the table, or a state of its optimizer.
  static bool is_state(std::string_view port) {
    return port != "g" && port != "rate" && port != "step" && port != "ids";
  }

  // Without momentum and decay a row stays where it is.
  bool needs_catch_up(const Node& node) const {
    return !lazy_ && !(node.op == &ops::sgd && number(node, "weight_decay") == 0.0);
  }

  static std::string no_closed_form(const Node& node) {
    const bool linear = node.op == &ops::sgd || node.op == &ops::momentum_sgd;
    if (!linear && node.op != &ops::adamw && number(node, "weight_decay") != 0.0) {
      return fmt::format("the weight_decay of {} moves every row in every step{}", node.op->name,
                         node.op == &ops::adam ? "; that of adamw can be made up for" : "");
    }
    if (!has_port(*node.op, "m")) return {};
    if (number(node, "beta1") > number(node, "beta2") || number(node, "epsilon") == 0.0) {
      return "steps are made up for only if beta1 <= beta2 and epsilon > 0";
    }
    return {};
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
    for (const PortDef& port : dense.op->inputs) {
      if (is_state(port.name)) row.current[port.name] = out_(operand(dense, port.name));
    }
    if (row.catch_up == nullptr) return;
    const Value& table = graph_[row.table()];
    const ValueId last = state(table.name + ".last", {DType::i32, {table.type.shape[0]}, {}});
    std::vector<ValueId> inputs;
    for (const PortDef& port : row.catch_up->inputs) {
      inputs.push_back(port.name == "last"    ? last
                       : port.name == "ids"   ? out_(row.distinct)
                       : port.name == "step"  ? out_(step_)
                       : port.name == "rates" ? rates(operand(dense, "rate"))
                                              : row.current.at(port.name));
    }
    const auto made = out_.target().append(*row.catch_up, inputs, attrs_for(*row.catch_up, dense),
                                           {}, table.name + ".current");
    for (std::size_t i = 0; i + 1 < made.size(); ++i) {
      row.current[row.catch_up->inputs[i].name] = made[i];  // w, then the states, in order
    }
    writes_.push_back({last, made.back()});
  }

  static ValueId operand(const Node& node, std::string_view name) {
    const auto port = std::ranges::find(node.op->inputs, name, &PortDef::name);
    return node.inputs[static_cast<std::size_t>(port - node.op->inputs.begin())];
  }

  // The row-wise step, in the dense one's place.
  void step(const RowUpdate& row) {
    const Node& dense = *row.update;
    std::vector<ValueId> inputs;
    for (const PortDef& port : row.row_op->inputs) {
      inputs.push_back(port.name == "ids"    ? out_(row.distinct)
                       : port.name == "g"    ? out_(row.gradient->inputs[1])
                       : is_state(port.name) ? row.current.at(port.name)
                                             : out_(operand(dense, port.name)));
    }
    out_.replace(dense, *row.row_op, inputs, attrs_for(*row.row_op, dense));
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
