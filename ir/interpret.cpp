// Runs a program by its ops' references.
#include "ir/interpret.h"

#include <fmt/format.h>

namespace weft {
namespace {

void bind_symbol(const Graph& graph, const std::string& symbol, std::int64_t extent,
                 SymbolExtents& extents) {
  const Symbol* declared = graph.find_symbol(symbol);
  WEFT_CHECK(declared != nullptr);
  if (extent < 0 || extent > declared->capacity) {
    throw Error(
        fmt::format("{} is {}, but its capacity is {}", symbol, extent, declared->capacity));
  }
  const auto [bound, fresh] = extents.emplace(symbol, extent);
  if (!fresh && bound->second != extent) {
    throw Error(fmt::format("{} is both {} and {}", symbol, bound->second, extent));
  }
}

// Empty while a symbol of the type is still unbound.
std::optional<Extents> extents_of(const TensorType& type, const SymbolExtents& extents) {
  Extents known;
  for (const Dim& dim : type.shape) {
    if (dim.is_static()) {
      known.push_back(dim.value);
      continue;
    }
    const auto bound = extents.find(dim.symbol);
    if (bound == extents.end()) return std::nullopt;
    known.push_back(bound->second + dim.value);
  }
  return known;
}

class Interpreter {
 public:
  Interpreter(const Graph& graph, const Bindings& given)
      : graph_(graph), values_(graph.values.size()) {
    for (std::size_t i = 0; i < graph.values.size(); ++i) {
      const Value& value = graph.values[i];
      if (value.role == Role::computed) continue;
      const auto at = given.find(value.name);
      if (at == given.end()) throw Error(fmt::format("%{} was not given a tensor", value.name));
      bind_shape(value, at->second);
      values_[i] = at->second;
    }
    for (std::size_t i = 0; i < graph.values.size(); ++i) bind_rows(i);
  }

  Interpretation run() {
    for (const Node& node : graph_.nodes) evaluate_node(node);
    Interpretation done;
    for (const ValueId id : graph_.results) done.results.push_back(at(id));
    for (const Write& write : graph_.writes)
      done.writes[graph_[write.target].name] = at(write.source);
    return done;
  }

 private:
  Tensor& at(ValueId id) { return values_[static_cast<std::size_t>(id)]; }

  void bind(const std::string& symbol, std::int64_t extent) {
    bind_symbol(graph_, symbol, extent, extents_);
  }

  void bind_shape(const Value& value, const Tensor& tensor) {
    bool fits = tensor.shape.size() == value.type.shape.size();
    for (std::size_t i = 0; fits && i < tensor.shape.size(); ++i) {
      const Dim& dim = value.type.shape[i];
      if (dim.is_static()) {
        fits = tensor.shape[i] == dim.value;
      } else {
        bind(dim.symbol, tensor.shape[i] - dim.value);
      }
    }
    if (!fits) {
      throw Error(fmt::format("%{} is {}, but was given a tensor of [{}]", value.name,
                              to_string(value.type), fmt::join(tensor.shape, ", ")));
    }
  }

  // Rows of which no tensor is given are counted by their offsets.
  void bind_rows(std::size_t i) {
    const Value& value = graph_.values[i];
    const std::string& rows = value.type.ragged_dim;
    if (value.role == Role::computed || rows.empty() || extents_.contains(rows)) return;
    const std::vector<double>& ends = values_[i].data;
    if (!ends.empty()) bind(rows, static_cast<std::int64_t>(ends.back()));
  }

  void evaluate_node(const Node& node) {
    std::vector<const Tensor*> x;
    for (const ValueId id : node.inputs) x.push_back(id == kNoValue ? nullptr : &at(id));
    std::vector<Tensor> y = evaluate(graph_, node, x, extents_);
    for (std::size_t i = 0; i < y.size(); ++i) at(node.outputs[i]) = std::move(y[i]);
  }

  const Graph& graph_;
  std::vector<Tensor> values_;
  SymbolExtents extents_;
};

}  // namespace

std::vector<Tensor> evaluate(const Graph& graph, const Node& node,
                             std::span<const Tensor* const> operands, SymbolExtents& extents) {
  std::vector<Tensor> y(node.outputs.size());
  std::vector<bool> allocated(y.size());
  const auto allocate = [&] {
    for (std::size_t i = 0; i < y.size(); ++i) {
      const auto known = extents_of(graph[node.outputs[i]].type, extents);
      if (allocated[i] || !known) continue;
      y[i] = Tensor(*known);
      allocated[i] = true;
    }
  };
  allocate();
  node.op->reference(EvalContext{graph, node, operands, y,
                                 [&](const std::string& symbol, std::int64_t extent) {
                                   bind_symbol(graph, symbol, extent, extents);
                                   allocate();
                                 },
                                 extents});
  return y;
}

Interpretation interpret(const Graph& graph, const Bindings& given) {
  return Interpreter(graph, given).run();
}

}  // namespace weft
