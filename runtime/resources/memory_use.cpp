// Adds up the tensors and arenas of programs.
#include "runtime/resources/memory_use.h"

#include <set>
#include <string>

#include "ir/op.h"
#include "ir/plan/program_interface.h"

namespace weft {

double memory_of(std::span<const Graph> all, const MemoryUse& use) {
  double tensors = 0, tables = 0, arenas = 0, weights = 0;  // sums that cannot overflow
  std::set<std::string> seen;
  for (const Graph& program : all) {
    const bool predicts = program.name == programs::kPredict || program.name == programs::kLoad;
    if (use.predicts_only && !predicts) continue;
    arenas += static_cast<double>(program.arena_bytes);
    for (const Value& value : program.values) {
      if (value.role != Role::param && value.role != Role::state) continue;
      if (!seen.insert(value.name).second) continue;
      const auto bytes = static_cast<double>(capacity_bytes(program, value.type));
      const bool computed = value.attrs.contains("computed");
      (computed ? tables : tensors) += bytes;
      if (!computed && value.role == Role::param) weights += bytes;
    }
  }
  return tensors + use.table_rows * tables + arenas + (use.average ? weights : 0) -
         (use.loaded ? weights : 0);
}

}  // namespace weft
