// Where a frozen encoder ends and the trainable head begins, in a forward graph.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/graph.h"
#include "passes/pass.h"

namespace weft {

// Values that are a function of the texts alone, whatever training does, and that the rest of the
// program reads in the place of the texts: all f32[T, C], or all f32[B, C].
struct FrozenCut {
  std::vector<ValueId> rows;  // at least one
  std::int64_t width = 0;     // the columns of all of them together
};

// None where no part is frozen, where it is no more work than reading its rows from a disk, where
// the head reads rows of texts and rows of tokens, or texts are read by windows; all but the first
// are noted.
std::optional<FrozenCut> find_frozen_cut(const Graph& forward, const PassContext&);

// A value that has the name %rows by chance gets another.
Graph without_rows_by_name(const Graph& forward);

}  // namespace weft
