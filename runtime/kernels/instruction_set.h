// Which instruction sets kernels may use. By default all that the machine has; the bits of results
// depend on them, as sums are taken in another order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft {

// The environment variable that limits Highway and oneDNN together: sse4, avx2 or avx512.
inline constexpr const char* kInstructionSetVariable = "WEFT_ISA";

// Applies that limit, before either library has picked its code; later calls do nothing. From any
// thread. Error if the variable names no instruction set.
void limit_instruction_set();

// The set in use: a value of that variable, or on other processors Highway's name.
std::string instruction_set();

// The values of that variable that this process can follow, the least one first.
std::vector<std::string_view> instruction_sets();

}  // namespace weft
