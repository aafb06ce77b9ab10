// The table of ops, made from the list.
#include "ir/ops/ops.h"

#include <algorithm>
#include <array>

namespace weft {

std::span<const OpDef* const> all_ops() {
  static const std::array table = {
#define WEFT_OP(name) &ops::name,
#include "ir/ops/ops.def"
  };
  return table;
}

const OpDef* find_op(std::string_view name) {
  const auto table = all_ops();
  const auto at = std::ranges::find_if(table, [&](const OpDef* op) {
    return op->name == name || (!name.empty() && op->former_name == name);
  });
  return at == table.end() ? nullptr : *at;
}

}  // namespace weft
