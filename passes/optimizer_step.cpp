// optimizer-step: turns each gradient into an update of its param, as early in the program as the
// gradient is there and nobody reads the old param any more, so that gradients live briefly. The
// program's `clip_value` and `clip_norm` clip gradients; the latter makes them wait for each other.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"
#include "ir/plan/program_interface.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

// A setting of the program or a param, if it is given.
std::optional<double> number(const Attrs& attrs, std::string_view name) {
  const auto found = attrs.find(name);
  if (found == attrs.end()) return {};
  if (const auto* integer = std::get_if<std::int64_t>(&found->second)) {
    return static_cast<double>(*integer);
  }
  if (const auto* real = std::get_if<double>(&found->second)) return *real;
  throw Error(fmt::format("optimizer-step: the attribute `{}` must be a number", name));
}

// The optimizer that the program's attribute `optimizer` names.
const OpDef& optimizer_named_by(const Graph& graph) {
  const auto setting = graph.attrs.find("optimizer");
  const auto* name =
      setting == graph.attrs.end() ? nullptr : std::get_if<std::string>(&setting->second);
  if (name == nullptr) {
    throw Error(fmt::format("optimizer-step: program @{} names no optimizer", graph.name),
                "write `program @NAME optimizer=\"adam\" { … }`");
  }
  // A lazy optimizer differs in what row-sparse-optimizer makes of it.
  if (const OpDef* op = find_optimizer(*name).op) return *op;
  std::string known;
  for (const OpDef* op : all_ops()) {
    if (op->optimizer.empty()) continue;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", op->optimizer);
  }
  throw Error(fmt::format("optimizer-step: there is no optimizer `{}`", *name),
              "known are: " + known);
}

// The optimizer's attributes: those that the program sets, and the defaults of the others.
Attrs optimizer_attrs(const Graph& graph, const OpDef& op) {
  Attrs attrs;
  for (const AttrDef& def : op.attrs) {
    const auto set = graph.attrs.find(def.name);
    const bool given = number(graph.attrs, def.name).has_value();  // an Error if it is no number
    attrs.emplace(def.name, given ? set->second : *def.default_value);
  }
  return attrs;
}

// The optimizer, or the op that does the same by less work.
const OpDef& optimizer_of(const Graph& graph) {
  const OpDef& op = optimizer_named_by(graph);
  const OpDef* simpler = op.simpler ? op.simpler(optimizer_attrs(graph, op)) : nullptr;
  return simpler != nullptr ? *simpler : op;
}

class OptimizerStep {
  struct Update {
    ValueId param, gradient;  // of the source
  };

 public:
  // `graph` no longer returns the gradients; `gradients` maps params to them.
  OptimizerStep(const Graph& graph, const std::map<ValueId, ValueId>& gradients)
      : graph_(graph),
        uses_(graph),
        op_(optimizer_of(graph)),
        clip_value_(number(graph.attrs, "clip_value").value_or(0.0)),
        clip_norm_(number(graph.attrs, "clip_norm").value_or(0.0)),
        out_(graph) {
    std::size_t last = 0;
    for (const auto& [param, gradient] : gradients) {
      const Node* producer = uses_.producer(gradient);
      WEFT_CHECK(producer != nullptr);
      std::size_t ready = static_cast<std::size_t>(producer - graph.nodes.data());
      for (const std::size_t reader : uses_.readers(param)) ready = std::max(ready, reader);
      ready_.emplace(ready, Update{param, gradient});
      last = std::max(last, ready);
    }
    if (clip_norm_ > 0) wait_until(last);
    declare_shared();
    for (const auto& [param, gradient] : gradients) declare_states(graph[param]);
  }

  Graph run() && {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!is_rebuilt(graph_.nodes[i])) out_.copy(graph_.nodes[i]);
      const auto [begin, end] = ready_.equal_range(i);
      std::vector<Update> updates;
      for (auto it = begin; it != end; ++it) updates.push_back(it->second);
      if (updates.empty()) continue;
      const std::vector<ValueId> clipped = clip(updates);
      for (std::size_t u = 0; u < updates.size(); ++u) update(updates[u].param, clipped[u]);
    }
    Graph done = std::move(out_).finish();
    done.writes.insert(done.writes.end(), writes_.begin(), writes_.end());
    return done;
  }

 private:
  // The value that persists under this name: the model may have declared it already.
  ValueId declared(Role role, const std::string& name, const TensorType& type, Attrs attrs = {}) {
    Graph& target = out_.target();
    const auto found = target.find(name);
    if (!found) return target.declare(role, name, type, std::move(attrs));
    if (target[*found].role != role || target[*found].type != type) {
      throw Error(fmt::format("optimizer-step: %{} is {}, but must be {}", name,
                              to_string(target[*found].type), to_string(type)),
                  "rename it: the optimizer needs the name");
    }
    return *found;
  }

  // The learning rate, an input, and the count of finished steps. Every program that trains counts.
  void declare_shared() {
    rate_ = declared(Role::input, std::string(programs::kRate),
                     input_type(out_.target(), programs::kRate));
    const ValueId step =
        declared(Role::state, "step", {DType::i32, {}, {}}, {{"init", std::string("zeros")}});
    next_step_ = out_.target().add(ops::increment, {step}, {}, {}, "step.next");
    writes_.push_back({step, next_step_});
  }

  std::string state_name(const Value& param, std::string_view port) const {
    return fmt::format("{}.{}_{}", param.name, string_attr(graph_.attrs, "optimizer"), port);
  }

  void declare_states(const Value& param) {
    for (const PortDef& port : op_.inputs) {
      if (!is_state(port.role)) continue;
      declared(Role::state, state_name(param, port.name), type_of_state(port.role, param.type),
               {{"init", std::string("zeros")}});
    }
  }

  // A table's gradient of which only distinct rows are not 0: those rows are what is clipped, as
  // row-sparse-optimizer wants it.
  const Node* rows_of(ValueId gradient) const {
    if (clip_value_ <= 0 && clip_norm_ <= 0) return nullptr;
    const Node* lookup = uses_.producer(gradient);
    if (lookup == nullptr || lookup->op != &ops::embedding_grad) return nullptr;
    const Node* ids = uses_.producer(lookup->inputs[0]);
    const bool distinct = ids != nullptr && ids->op == &ops::unique;
    return distinct && ids->outputs[0] == lookup->inputs[0] ? lookup : nullptr;
  }
  bool is_rebuilt(const Node& node) const {
    const ValueId gradient = node.outputs[0];
    const bool read = !uses_.readers(gradient).empty() || uses_.kept(gradient);
    return !read && rows_of(gradient) == &node;
  }

  void wait_until(std::size_t node) {
    std::multimap<std::size_t, Update> all;
    for (const auto& [ready, update] : ready_) all.emplace(node, update);
    ready_ = std::move(all);
  }

  // The gradients of the updates, in the target, with no number and no norm above the limits.
  std::vector<ValueId> clip(std::span<const Update> updates) {
    Graph& target = out_.target();
    std::vector<ValueId> gradients;
    for (const Update& update : updates) {
      const Node* rows = rows_of(update.gradient);
      const ValueId gradient = out_(rows == nullptr ? update.gradient : rows->inputs[1]);
      const std::string hint = graph_[update.gradient].name + ".clipped";
      gradients.push_back(
          clip_value_ <= 0 ? gradient
                           : target.add(ops::clip, {gradient}, {{"limit", clip_value_}}, {}, hint));
    }
    if (clip_norm_ > 0) {
      const ValueId factor =
          target.add(ops::clip_factor, gradients, {{"limit", clip_norm_}}, {}, "gradient.factor");
      for (std::size_t u = 0; u < updates.size(); ++u) {
        gradients[u] = target.add(ops::scale_by, {gradients[u], factor}, {}, {},
                                  graph_[updates[u].gradient].name + ".scaled");
      }
    }
    for (std::size_t u = 0; u < updates.size(); ++u) {
      const Node* rows = rows_of(updates[u].gradient);
      if (rows == nullptr) continue;
      std::vector<ValueId> operands = out_(rows->inputs);
      operands[1] = gradients[u];
      gradients[u] = target.add(*rows->op, operands, rows->attrs, rows->location,
                                graph_[updates[u].gradient].name);
    }
    return gradients;
  }

  // The operand of the update of `param` for a port; `gradient` is of the target.
  ValueId operand(const PortDef& port, ValueId param, ValueId gradient) {
    switch (port.role) {
      case OperandRole::weight:
        return out_(param);
      case OperandRole::gradient:
        return gradient;
      case OperandRole::state:
      case OperandRole::row_state:
        return *out_.target().find(state_name(graph_[param], port.name));
      case OperandRole::learning_rate:
        return rate_of(graph_[param]);
      case OperandRole::step:
        return next_step_;
      default:
        WEFT_CHECK(false && "an optimizer has no other operands");
        return kNoValue;
    }
  }

  // The learning rate, times the param's attribute `rate`.
  ValueId rate_of(const Value& param) {
    const double factor = number(param.attrs, "rate").value_or(1.0);
    if (factor == 1) return rate_;
    const auto [found, fresh] = rates_.try_emplace(factor, kNoValue);
    if (fresh) {
      found->second = out_.target().add(ops::scale, {rate_}, {{"factor", factor}}, {},
                                        std::string(programs::kRate) + ".scaled");
    }
    return found->second;
  }

  void update(ValueId source_param, ValueId gradient) {
    Graph& target = out_.target();
    const Value& param = graph_[source_param];
    std::vector<ValueId> inputs, written;
    for (const PortDef& port : op_.inputs) {
      inputs.push_back(operand(port, source_param, gradient));
      if (is_updated(port.role)) written.push_back(inputs.back());
    }
    Attrs attrs = optimizer_attrs(graph_, op_);
    const auto decay = attrs.find("weight_decay");
    if (decay != attrs.end() && number(param.attrs, "decay") == 0.0) decay->second = 0.0;
    std::vector<ValueId> outputs = target.append(op_, inputs, attrs, {}, param.name + ".next");
    WEFT_CHECK(outputs.size() == written.size());  // the param, then the states, in order
    if (const auto limit = number(param.attrs, "max_norm")) {
      outputs[0] =
          target.add(ops::max_norm, {outputs[0]}, {{"limit", *limit}}, {}, param.name + ".limited");
    }
    for (std::size_t i = 0; i < written.size(); ++i) writes_.push_back({written[i], outputs[i]});
  }

  const Graph& graph_;
  const Uses uses_;
  const OpDef& op_;
  const double clip_value_, clip_norm_;  // 0: no limit
  Rewriter out_;
  std::multimap<std::size_t, Update> ready_;  // by the node after which it can be made
  ValueId rate_ = kNoValue, next_step_ = kNoValue;
  std::map<double, ValueId> rates_;  // by factor
  std::vector<Write> writes_;
};

}  // namespace

Graph optimizer_step(const Graph& graph, PassContext&) {
  Graph ungraded = graph;
  std::map<ValueId, ValueId> gradients;
  std::erase_if(ungraded.results, [&](ValueId id) {
    const std::string& name = graph[id].name;
    if (!name.ends_with(programs::kGradient)) return false;
    const auto param = graph.find(name.substr(0, name.size() - programs::kGradient.size()));
    if (!param || graph[*param].role != Role::param) return false;
    gradients.emplace(*param, id);
    return true;
  });
  if (gradients.empty()) {
    throw Error(fmt::format("optimizer-step: program @{} returns no gradient", graph.name),
                "run autodiff first");
  }
  return OptimizerStep(ungraded, gradients).run();
}

}  // namespace weft
