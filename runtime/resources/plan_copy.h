// Copies of plans whose tensors lie end to end in one block, which outlive what they are made from.
#pragma once

#include <cstddef>
#include <memory>

#include "ir/plan/plan.h"

namespace weft {

// Calls visit(tensor, offset) for each tensor in the plan's order, where it lies in the block: at a
// multiple of 64 bytes. Returns the size of the block.
template <typename Visit>
std::size_t each_place(const Plan& plan, Visit visit) {
  constexpr std::size_t line = 64;
  std::size_t offset = 0;
  for (const PlanTensor& tensor : plan.tensors) {
    visit(tensor, offset);
    offset += (tensor.bytes.size() + line - 1) / line * line;
  }
  return offset;
}

// The plan with its tensors in such a block, which `owner` keeps alive.
Plan in_block(const Plan&, const std::byte* block, std::shared_ptr<const void> owner);

Plan copied(const Plan&);  // in a block of its own, in memory

}  // namespace weft
