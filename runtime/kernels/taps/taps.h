// Shared by the kernels on tap tables: which rows of a table the tokens have, and the last step of
// a convolution.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ir/ops/nn/sequence.h"
#include "ir/taps.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"

namespace weft {

TapLayout tap_layout(const BindContext&, DType = DType::f32);  // from kernels and channels
Padding padding_of(const BindContext&);

// Ids come from outside: Error if one of them is no row of a table of `rows` rows. `ids` may be
// absent.
void check_tap_ids(const Operand& ids, std::int64_t rows, const RunContext&);

// The same for the rows of `table`, which are there when it returns.
void require_tap_rows(const Operand& ids, const Operand& table, const RunContext&);

}  // namespace weft
