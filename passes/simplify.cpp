// simplify: removes nodes that do nothing and joins pairs that do one thing.
#include <algorithm>
#include <optional>
#include <utility>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

// The graph being written, so that a rule sees what earlier rules have made of its operands.
class Written {
 public:
  explicit Written(Rewriter& out) : graph_(out.target()) {}

  const TensorType& type(ValueId id) const { return graph_[id].type; }

  const Node* producer(ValueId id) {
    producer_.resize(graph_.values.size(), kNone);
    for (; seen_ < graph_.nodes.size(); ++seen_) {
      for (const ValueId output : graph_.nodes[seen_].outputs) producer_[index(output)] = seen_;
    }
    const std::size_t at = producer_[index(id)];
    return at == kNone ? nullptr : &graph_.nodes[at];
  }

  // The node, if it is of this op, that computes the value.
  const Node* producer(ValueId id, const OpDef& op) {
    const Node* node = producer(id);
    return node != nullptr && node->op == &op ? node : nullptr;
  }

  bool all_are(ValueId id, double wanted) {
    const Node* constant = producer(id, ops::constant);
    if (constant == nullptr) return false;
    const std::vector<double> values = floats_attr(constant->attrs, "value");
    return std::ranges::all_of(values, [&](double value) { return value == wanted; });
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  const Graph& graph_;
  std::vector<std::size_t> producer_;
  std::size_t seen_ = 0;
};

struct Match {
  Written& written;
  const Node& node;            // of the source
  std::span<const ValueId> x;  // its operands in the graph being written
  const TensorType& type;      // of its first output
};

// Either an operand stands for the node, or the node gets other operands and attributes.
struct Simpler {
  ValueId same = kNoValue;
  std::vector<ValueId> inputs = {};
  Attrs attrs = {};
};
using Result = std::optional<Simpler>;

Result same(ValueId id) { return Simpler{id}; }

// 0 + x = x
Result add_zero(const Match& m) {
  if (m.written.all_are(m.x[1], 0.0)) return same(m.x[0]);
  if (m.written.all_are(m.x[0], 0.0)) return same(m.x[1]);
  return {};
}

// x - 0 = x, and a bias of 0
Result second_is_zero(const Match& m) {
  return m.written.all_are(m.x[1], 0.0) ? same(m.x[0]) : std::nullopt;
}

// 1 * x = x
Result multiply_by_one(const Match& m) {
  if (m.written.all_are(m.x[1], 1.0)) return same(m.x[0]);
  if (m.written.all_are(m.x[0], 1.0)) return same(m.x[1]);
  return {};
}

// 1 x = x, g (f x) = (g f) x
Result scales(const Match& m) {
  const Node* inner = m.written.producer(m.x[0], ops::scale);
  const ValueId x = inner == nullptr ? m.x[0] : inner->inputs[0];
  const double factor = float_attr(m.node.attrs, "factor") *
                        (inner == nullptr ? 1.0 : float_attr(inner->attrs, "factor"));
  if (factor == 1.0) return same(x);
  if (inner == nullptr) return {};
  return Simpler{kNoValue, {x}, {{"factor", factor}}};
}

// In a chain of reshapes only the last one counts, and not even that one if it restores the shape.
Result reshapes(const Match& m) {
  const Node* inner = m.written.producer(m.x[0], ops::reshape);
  const ValueId from = inner == nullptr ? m.x[0] : inner->inputs[0];
  if (m.written.type(from) == m.type) return same(from);
  if (inner == nullptr) return {};
  return Simpler{kNoValue, {from}, m.node.attrs};
}

// A slice of everything
Result whole_slice(const Match& m) {
  return m.written.type(m.x[0]) == m.type ? same(m.x[0]) : std::nullopt;
}

// How many operands of the concat, from `first` on, are the columns of one value, all and in order.
std::size_t slices_of_one(const Match& m, std::size_t first) {
  ValueId whole = kNoValue;
  std::int64_t end = 0;
  for (std::size_t i = first; i < m.x.size(); ++i) {
    const Node* slice = m.written.producer(m.x[i], ops::slice);
    if (slice == nullptr || (i > first && slice->inputs[0] != whole)) return 0;
    whole = slice->inputs[0];
    const Shape& shape = m.written.type(whole).shape;
    const bool columns = int_attr(slice->attrs, "axis") + 1 == std::ssize(shape);
    if (!columns || int_attr(slice->attrs, "begin") != end) return 0;
    end = int_attr(slice->attrs, "end");
    if (shape.back() == Dim(end)) return i + 1 - first;
  }
  return 0;
}

// concat(x) = x, and concat(x[:, 0:2], x[:, 2:5], y) = concat(x, y)
Result concats(const Match& m) {
  std::vector<ValueId> parts;
  for (std::size_t i = 0; i < m.x.size();) {
    const std::size_t slices = slices_of_one(m, i);
    parts.push_back(slices == 0 ? m.x[i] : m.written.producer(m.x[i], ops::slice)->inputs[0]);
    i += std::max(slices, std::size_t{1});
  }
  if (parts.size() == 1) return same(parts[0]);
  if (parts.size() == m.x.size()) return {};
  return Simpler{kNoValue, parts, m.node.attrs};
}

Result dropout_of_nothing(const Match& m) {
  return float_attr(m.node.attrs, "rate") == 0.0 ? same(m.x[0]) : std::nullopt;
}

// max(max(x, 0), 0) = max(x, 0)
Result relu_twice(const Match& m) {
  return m.written.producer(m.x[0], ops::relu) != nullptr ? same(m.x[0]) : std::nullopt;
}

struct Rule {
  const OpDef* op;
  Result (*apply)(const Match&);
};

constexpr Rule kRules[] = {
    {&ops::add, add_zero},        {&ops::sub, second_is_zero}, {&ops::bias_add, second_is_zero},
    {&ops::mul, multiply_by_one}, {&ops::scale, scales},       {&ops::reshape, reshapes},
    {&ops::slice, whole_slice},   {&ops::concat, concats},     {&ops::dropout, dropout_of_nothing},
    {&ops::relu, relu_twice},
};

bool simplify_node(Rewriter& out, Written& written, const Node& node) {
  const std::vector<ValueId> x = out(node.inputs);
  const TensorType type = out.source()[node.outputs[0]].type;
  for (const Rule& rule : kRules) {
    if (rule.op != node.op) continue;
    Result simpler = rule.apply({written, node, x, type});
    if (!simpler) continue;
    if (simpler->same == kNoValue) {
      out.replace(node, *node.op, std::move(simpler->inputs), std::move(simpler->attrs));
      return true;
    }
    return out.forward(node.outputs[0], simpler->same);
  }
  return false;
}

}  // namespace

Graph simplify(const Graph& graph, PassContext&) {
  Rewriter out(graph);
  Written written(out);
  for (const Node& node : graph.nodes) {
    if (!simplify_node(out, written, node)) out.copy(node);
  }
  return std::move(out).finish();
}

}  // namespace weft
