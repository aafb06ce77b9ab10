// Checks the sizes of a program of a plan file.
#include "ir/plan/sizes.h"

#include "ir/plan/header.h"

namespace weft::plan_format {

void check_sizes(const Graph& graph) {
  require(graph.arena_bytes >= 0 && graph.arena_bytes <= kMaxBytes, "an arena is out of range");
  for (const Symbol& symbol : graph.symbols) {
    require(!symbol.name.empty() && symbol.capacity >= 0 && symbol.capacity <= kMaxElements,
            "a capacity is out of range");
  }
  for (const Value& value : graph.values) {
    for (const Dim& dim : value.type.shape) {
      require(dim.is_static() || graph.find_symbol(dim.symbol) != nullptr,
              "a type refers to a symbol that its program lacks");
    }
    const std::string& rows = value.type.ragged_dim;
    require(rows.empty() || graph.find_symbol(rows) != nullptr,
            "a type refers to a symbol that its program lacks");
    require(capacity_elements(graph, value.type) <= kMaxElements, "a value is out of range");
    if (!value.storage) continue;
    require(value.storage->offset >= 0 && value.storage->offset <= graph.arena_bytes,
            "a value lies outside the arena");
  }
}

}  // namespace weft::plan_format
