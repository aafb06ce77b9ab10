// The header of a plan file as it is read, and how anything in the file is refused.
#pragma once

#include <span>
#include <string_view>

#include "ir/plan/format.h"

namespace weft::plan_format {

[[noreturn]] void damaged(std::string_view what);
void require(bool holds, std::string_view otherwise);
void require_zeros(std::span<const std::byte> bytes);

// Error if the bytes are no plan, or cut short. Of a plan of a newer format no more is known than
// that it is one.
Header checked_header(std::span<const std::byte> bytes);

}  // namespace weft::plan_format
