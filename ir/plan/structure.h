// The structure of a plan file: a FlatBuffer, verified in time that is proportional to its size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ir/plan/format.h"

namespace weft::fbs {
struct Plan;  // in plan_generated.h
}

namespace weft::plan_format {

// The plan's structure, if these bytes are one; else null. Strings that string_at reads are not
// verified.
const fbs::Plan* checked_structure(std::span<const std::byte> structure);

// The string that the offset at `offset` refers to. Error if it is not inside the structure.
std::string_view string_at(std::span<const std::byte> structure, const std::uint8_t* offset);

// Throws an Error about a file of a newer format, which says what it needs as far as that can be
// read.
[[noreturn]] void refuse_newer(std::span<const std::byte> file, const Header&);

}  // namespace weft::plan_format
