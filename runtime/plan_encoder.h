// Checks of a plan that need the tokenizers, which only the runtime has: texts become ids, and each
// id has a row.
#pragma once

#include <cstdint>
#include <memory>

#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"

namespace weft {

// The encoder of a plan, which must outlive it. Error if there is no such tokenizer, if its
// settings or the vocabulary do not fit it, or if a program looks ids or types of tokens up in a
// table with too few rows.
std::unique_ptr<Encoder> plan_encoder(const Plan&);

// Types of tokens are 0 .. token_type_count - 1.
std::int64_t token_type_count(const TextSettings&);

}  // namespace weft
