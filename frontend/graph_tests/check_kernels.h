// Every node's kernel beside its reference: on the same operands, in the bound program, with its
// places in the arena, its parts of wider matrices and its packed weights.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "ir/interpret.h"

namespace weft {

struct KernelCheck {
  std::string failure;             // names the first node that leaves its budget; empty: none does
  std::vector<std::string> notes;  // what was not compared, and why
  int compared = 0;                // nodes
};

struct KernelCheckLimits {
  int threads = 1;
  double seconds = std::numeric_limits<double>::infinity();  // then comparing ends
  double node_flops = 1e9;  // a node of more is not compared: its reference would take seconds
};

// Runs planned programs one after another; what one of them writes, and %rows that it returns, the
// next is given. An f32 number may be off by 128 ulps of the output's largest number, and by 16
// times what the output moves where every operand moves by an ulp: sums of numbers that cancel, and
// steep functions, have more; and by 2 ulps of the largest operand. Numbers of i32 are exact,
// unless that move changes them too; of i8 and i16 they may be off by 1. What `given` leaves out is
// filled: see graph_values.h.
KernelCheck check_kernels(const std::vector<Graph>& planned, Bindings given,
                          const KernelCheckLimits& = {});

}  // namespace weft
