// Operands of the kernels on tap tables.
#include "runtime/kernels/taps/taps.h"

namespace weft {

TapLayout tap_layout(const BindContext& bind, DType dtype) {
  return {ints_attr(bind.node.attrs, "kernels"), ints_attr(bind.node.attrs, "channels"), dtype};
}

Padding padding_of(const BindContext& bind) { return window_of(bind.node.attrs, 1).padding; }

void check_tap_ids(const Operand& ids, std::int64_t rows, const RunContext& run) {
  if (ids) check_ids("tap table", {ids.i32(), static_cast<std::size_t>(ids.size(run))}, rows);
}

void require_tap_rows(const Operand& ids, const Operand& table, const RunContext& run) {
  check_tap_ids(ids, table.rows(run), run);
  if (!ids) return require_all_rows(table, run.threads);
  require_rows(table, {ids.i32(), static_cast<std::size_t>(ids.size(run))}, run.threads);
}

}  // namespace weft
