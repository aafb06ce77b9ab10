// Uses and Rewriter: reading one graph while writing another.
#include "passes/rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <unordered_set>

#include "ir/ops/nn/activation.h"
#include "ir/plan/program_interface.h"
#include "ir/taps.h"

namespace weft {

Uses::Uses(const Graph& graph)
    : graph_(graph),
      producer_(graph.values.size(), graph.nodes.size()),
      readers_(graph.values.size()),
      kept_(graph.values.size(), false) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const ValueId id : graph.nodes[i].outputs) producer_[index(id)] = i;
    for (const ValueId id : graph.nodes[i].inputs) {
      if (id != kNoValue) readers_[index(id)].push_back(i);
    }
  }
  for (const ValueId id : graph.results) kept_[index(id)] = true;
  for (const Write& write : graph.writes) kept_[index(write.source)] = true;
}

const Node* Uses::producer(ValueId id) const {
  const std::size_t node = producer_[index(id)];
  return node == graph_.nodes.size() ? nullptr : &graph_.nodes[node];
}

std::string activation_name(const Node& node) {
  if (node.op->activation == nullptr) return {};
  const std::optional<Activation> activation = node.op->activation(node.attrs);
  return activation ? std::string(to_string(*activation)) : std::string();
}

bool is_frozen(const Value& value) {
  const auto mark = value.attrs.find("frozen");
  return mark != value.attrs.end() && mark->second != Attr{std::int64_t{0}};
}

bool for_training(std::string_view result) {
  return result == programs::kLoss || result.ends_with(programs::kGradient);
}

bool trains(const Graph& graph) {
  return std::ranges::any_of(graph.results,
                             [&](ValueId id) { return graph[id].name == programs::kLoss; });
}

double flops_at_capacity(const Graph& graph, const Node& node) {
  const ElementCount count = [&](const TensorType& type) {
    return static_cast<double>(capacity_elements(graph, type));
  };
  if (node.op->flops != nullptr) return node.op->flops(graph, node, count);
  double flops = 0;
  for (const ValueId id : node.outputs) flops += count(graph[id].type);
  return flops;
}

std::vector<bool> constant_values(const Graph& graph) {
  std::vector<bool> constant(graph.values.size(), false);
  for (std::size_t i = 0; i < constant.size(); ++i) {
    const Role role = graph.values[i].role;
    constant[i] = role == Role::param || role == Role::state;
  }
  for (const Node& node : graph.nodes) {
    const bool all = std::ranges::all_of(
        node.inputs, [&](ValueId id) { return id == kNoValue || constant[index(id)]; });
    for (const ValueId id : node.outputs) constant[index(id)] = all;
  }
  return constant;
}

std::string over_budget(std::int64_t bytes, const TableOptions& tables) {
  constexpr std::int64_t kMegabyte = 1 << 20;
  return fmt::format("the table would take {} MB, the budget is {} MB",
                     (bytes + kMegabyte - 1) / kMegabyte, tables.budget / kMegabyte);
}

std::int64_t tap_table_bytes(std::int64_t rows, const Attrs& attrs, DType dtype) {
  const TapLayout layout(ints_attr(attrs, "kernels"), ints_attr(attrs, "channels"), dtype);
  std::int64_t bytes = rows * size_of(dtype);
  if (!__builtin_mul_overflow(bytes, layout.row_size(), &bytes)) return bytes;
  return std::numeric_limits<std::int64_t>::max();
}

void drop_unused_symbols(Graph& graph, bool (*may_go)(const Symbol&)) {
  std::unordered_set<std::string_view> used;
  for (const Value& value : graph.values) {
    used.insert(value.type.ragged_dim);
    for (const Dim& dim : value.type.shape) used.insert(dim.symbol);
  }
  std::erase_if(graph.symbols,
                [&](const Symbol& s) { return may_go(s) && !used.contains(s.name); });
}

Rewriter::Rewriter(const Graph& source)
    : source_(source),
      image_(source.values.size(), kNoValue),
      result_(source.values.size(), false) {
  target_.name = source.name;
  target_.attrs = source.attrs;
  target_.comments = source.comments;
  target_.closing_comments = source.closing_comments;
  target_.symbols = source.symbols;
  for (std::size_t i = 0; i < source.values.size(); ++i) {
    const Value& value = source.values[i];
    if (value.role == Role::computed) continue;
    image_[i] = target_.add_value(value);
    target_.values.back().storage.reset();
    take_name(ValueId{static_cast<std::uint32_t>(i)}, image_[i]);
  }
  for (const ValueId id : source.results) result_[index(id)] = true;
}

ValueId Rewriter::operator()(ValueId id) const {
  if (id == kNoValue) return kNoValue;
  WEFT_CHECK(image_[index(id)] != kNoValue);  // the pass left out a node whose value it still reads
  return image_[index(id)];
}

std::vector<ValueId> Rewriter::operator()(std::span<const ValueId> ids) const {
  std::vector<ValueId> images;
  images.reserve(ids.size());
  for (const ValueId id : ids) images.push_back((*this)(id));
  return images;
}

void Rewriter::take_name(ValueId from, ValueId to) {
  named_after_.resize(std::max(named_after_.size(), target_.values.size()), kNoValue);
  named_after_[index(to)] = from;
  target_.rename(to, source_[from].name);
}

void Rewriter::copy(const Node& node) {
  Node image{node.op, (*this)(node.inputs), {}, node.attrs, node.location, node.comments};
  for (const ValueId output : node.outputs) {
    const ValueId id = target_.add_value(source_[output]);
    target_.values.back().storage.reset();
    image_[index(output)] = id;
    take_name(output, id);
    image.outputs.push_back(id);
  }
  target_.nodes.push_back(std::move(image));
}

void Rewriter::replace(const Node& node, const OpDef& op, std::vector<ValueId> inputs,
                       Attrs attrs) {
  const auto outputs = target_.append(op, std::move(inputs), std::move(attrs), node.location);
  WEFT_CHECK(outputs.size() == node.outputs.size());
  target_.nodes.back().comments = node.comments;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    image_[index(node.outputs[i])] = outputs[i];
    take_name(node.outputs[i], outputs[i]);
  }
}

bool Rewriter::forward(ValueId from, ValueId to) {
  named_after_.resize(target_.values.size(), kNoValue);
  const ValueId old = named_after_[index(to)];
  if (result_[index(from)]) {
    if (target_[to].role != Role::computed) return false;
    if (old != kNoValue && result_[index(old)]) return false;
  }
  if (result_[index(from)] || old == kNoValue) take_name(from, to);
  image_[index(from)] = to;
  return true;
}

Graph Rewriter::finish() && {
  named_after_.resize(target_.values.size(), kNoValue);
  std::unordered_set<std::string> taken;
  for (std::size_t i = 0; i < target_.values.size(); ++i) {
    if (named_after_[i] != kNoValue) taken.insert(target_.values[i].name);
  }
  for (std::size_t i = 0, next = 0; i < target_.values.size(); ++i) {
    if (named_after_[i] != kNoValue) continue;
    std::string name = target_.values[i].name;
    while (!taken.insert(name).second) name = std::to_string(next++);
    target_.rename(static_cast<ValueId>(i), std::move(name));
  }
  for (const ValueId id : source_.results) target_.results.push_back((*this)(id));
  for (const Write& write : source_.writes) {
    target_.writes.push_back({(*this)(write.target), (*this)(write.source)});
  }
  drop_unused_symbols(target_, [](const Symbol& symbol) { return symbol.derived; });
  return std::move(target_);
}

}  // namespace weft
