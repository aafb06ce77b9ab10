// Operands, and the table from op names to kernels.
#include "runtime/kernels/kernels.h"

#include <algorithm>
#include <array>

namespace weft {

Operand::Operand(const Graph& graph, ValueId id, std::byte* address) : address_(address) {
  const Value& value = graph[id];
  dtype_ = value.type.dtype;
  persistent_ = value.role == Role::param || value.role == Role::state;
  for (const Dim& dim : value.type.shape) {
    int symbol = -1;
    for (std::size_t s = 0; s < graph.symbols.size() && !dim.is_static(); ++s) {
      if (graph.symbols[s].name == dim.symbol) symbol = static_cast<int>(s);
    }
    WEFT_CHECK(dim.is_static() || symbol >= 0);
    dims_.emplace_back(symbol, dim.value);
  }
}

std::int64_t Operand::size(const RunContext& run) const {
  std::int64_t elements = 1;
  for (std::size_t axis = 0; axis < dims_.size(); ++axis) elements *= extent(axis, run);
  return elements;
}

std::int64_t Operand::rows(const RunContext& run) const {
  std::int64_t rows = 1;
  for (std::size_t axis = 0; axis + 1 < dims_.size(); ++axis) rows *= extent(axis, run);
  return rows;
}

std::int64_t Operand::columns() const {
  if (dims_.empty()) return 1;
  WEFT_CHECK(dims_.back().first < 0);
  return dims_.back().second;
}

bool BindContext::all_f32() const {
  const auto f32 = [](const Operand& o) { return !o || o.dtype() == DType::f32; };
  return std::ranges::all_of(x, f32) && std::ranges::all_of(y, f32);
}

std::size_t BindContext::row_symbol(std::size_t output) const {
  const TensorType& type = graph[node.outputs[output]].type;
  const std::string& name = type.partitions.empty() ? type.shape.front().symbol : type.partitions;
  for (std::size_t s = 0; s < graph.symbols.size(); ++s) {
    if (graph.symbols[s].name == name) return s;
  }
  WEFT_CHECK(!"the rows are counted by a symbol");
  return 0;
}

namespace {

struct Entry {
  std::string_view op;
  MakeKernel make;
};

constexpr std::array<Entry, 0> kTable{};

}  // namespace

MakeKernel find_kernel(std::string_view op) {
  const auto* found = std::ranges::find(kTable, op, &Entry::op);
  return found == kTable.end() ? nullptr : found->make;
}

std::unique_ptr<Kernel> bind_kernel(const BindContext& bind) {
  std::unique_ptr<Kernel> kernel;
  if (const MakeKernel make = find_kernel(bind.node.op->name)) kernel = make(bind);
  return kernel ? std::move(kernel) : make_reference_kernel(bind);
}

}  // namespace weft
