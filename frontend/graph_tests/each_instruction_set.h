// The same work on every instruction set that this machine has.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// Those that kernels may use here: one, if the environment names one (WEFT_ISA), else all that the
// machine has. The least first.
std::vector<std::string> usable_instruction_sets();

// What `work` returns in a process of its own, whose kernels are limited to that set: a process
// keeps the first that it used. This one must have run no kernel yet. Error if that process fails,
// with its message, or ends by a signal.
std::string on_instruction_set(const std::string& name, const std::function<std::string()>& work);

}  // namespace weft
