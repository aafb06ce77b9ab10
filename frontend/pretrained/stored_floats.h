// The kinds of floating-point numbers that published weights are stored in, converted to float.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weft {

enum class StoredFloat : std::uint8_t { f32, f16, bf16 };

std::optional<StoredFloat> find_stored_float(std::string_view name);  // F32, F16 or BF16
std::size_t size_of(StoredFloat);                                     // bytes

// Converts as many numbers as `into` takes; `from` may have any alignment. Exact: every number of
// the three kinds is a float. False if some number is infinite or not a number.
bool to_floats(StoredFloat, const std::byte* from, std::span<float> into);

}  // namespace weft
