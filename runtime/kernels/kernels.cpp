// Operands, and the table from op names to kernels, made from the list of ops.
#include "runtime/kernels/kernels.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>
#include "runtime/resources/rows_on_demand.h"

namespace weft {

Operand::Operand(const Graph& graph, ValueId id, std::byte* address, RowsOnDemand* on_demand)
    : address_(address), on_demand_(on_demand) {
  const Value& value = graph[id];
  dtype_ = value.type.dtype;
  persistent_ = value.role == Role::param || value.role == Role::state;
  if (value.is_in(Storage::Kind::columns))
    row_stride_ = graph[value.storage->base].type.shape.back().value;
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
  const std::string& name = type.ragged_dim.empty() ? type.shape.front().symbol : type.ragged_dim;
  for (std::size_t s = 0; s < graph.symbols.size(); ++s) {
    if (graph.symbols[s].name == name) return s;
  }
  WEFT_CHECK(false && "the rows are counted by a symbol");
  return 0;
}

void require_rows(const Operand& table, std::span<const std::int32_t> rows, int threads) {
  if (table.on_demand() != nullptr) table.on_demand()->require(rows, threads);
}

void require_all_rows(const Operand& table, int threads) {
  if (table.on_demand() != nullptr) table.on_demand()->require_all(threads);
}

void check_ids(std::string_view op, std::span<const std::int32_t> ids, std::int64_t rows) {
  std::uint32_t max = 0;  // a negative id is a very large one
  for (const std::int32_t id : ids) max = std::max(max, static_cast<std::uint32_t>(id));
  if (ids.empty() || max < rows) return;
  throw Error(fmt::format("{}: an id is {}, but the table has {} rows", op,
                          static_cast<std::int32_t>(max), rows),
              "give ids made with the plan's own vocabulary");
}

namespace {

struct Entry {
  std::string_view op;
  MakeKernel make;
};

constexpr auto kTable = std::to_array<Entry>({
#define WEFT_OP(name) {#name, make_##name},
#define WEFT_OP_WITHOUT_KERNEL(name)
#include "ir/ops/ops.def"
});

}  // namespace

MakeKernel find_kernel(const OpDef& op) {
  const auto* found = std::ranges::find(kTable, op.name, &Entry::op);
  return found == kTable.end() ? nullptr : found->make;
}

std::unique_ptr<Kernel> bind_kernel(const BindContext& bind) {
  std::unique_ptr<Kernel> kernel;
  if (const MakeKernel make = find_kernel(*bind.node.op)) kernel = make(bind);
  return kernel ? std::move(kernel) : make_reference_kernel(bind);
}

}  // namespace weft
