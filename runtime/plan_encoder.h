// Whether the tables of a plan have a row for every id that its tokenizer makes.
#pragma once

#include <cstdint>

#include "ir/graph.h"

namespace weft {

// Error if the program looks its input %ids, of which there are so many, up in fewer rows.
void expect_row_for_each_id(const Graph& program, std::int64_t ids);
// The same of its input %types, the types of tokens.
void expect_row_for_each_type(const Graph& program, std::int64_t types);

}  // namespace weft
