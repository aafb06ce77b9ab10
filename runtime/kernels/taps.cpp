// Operands of the kernels on tap tables.
#include "runtime/kernels/taps.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft {

TapLayout tap_layout(const BindContext& bind, DType dtype) {
  return {ints_attr(bind.node.attrs, "kernels"), ints_attr(bind.node.attrs, "channels"), dtype};
}

Padding padding_of(const BindContext& bind) { return window_of(bind.node.attrs, 1).padding; }

void check_tap_ids(const Operand& ids, std::int64_t rows, const RunContext& run) {
  if (!ids) return;
  std::uint32_t most = 0;  // a negative id is a very large one
  const std::int64_t tokens = ids.size(run);
  for (std::int64_t t = 0; t < tokens; ++t) {
    most = std::max(most, static_cast<std::uint32_t>(ids.i32()[t]));
  }
  if (tokens == 0 || most < rows) return;
  throw Error(
      fmt::format("an id is {}, but the table has {} rows", static_cast<std::int32_t>(most), rows),
      "give ids made with the plan's own vocabulary");
}

void require_tap_rows(const Operand& ids, const Operand& table, const RunContext& run) {
  check_tap_ids(ids, table.rows(run), run);
  if (table.lazy() == nullptr) return;
  if (!ids) return table.lazy()->require_all(run.threads);
  table.lazy()->require({ids.i32(), static_cast<std::size_t>(ids.size(run))}, run.threads);
}

std::optional<simd::Unary> activation_of(std::string_view act) {
  if (act == "relu") return simd::Unary::relu;
  if (act == "tanh") return simd::Unary::tanh;
  if (act == "sigmoid") return simd::Unary::sigmoid;
  if (act == "gelu") return simd::Unary::gelu;
  if (act == "gelu_tanh") return simd::Unary::gelu_tanh;
  if (act == "elu") return simd::Unary::elu;
  WEFT_CHECK(act.empty());
  return std::nullopt;
}

bool is_used(const Graph& graph, ValueId id) {
  const auto reads = [&](const Node& node) { return std::ranges::count(node.inputs, id) > 0; };
  const auto writes = [&](const Write& write) { return write.source == id; };
  return std::ranges::any_of(graph.nodes, reads) || std::ranges::any_of(graph.writes, writes) ||
         std::ranges::count(graph.results, id) > 0;
}

}  // namespace weft
