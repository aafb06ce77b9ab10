// Lays tensors out in a block, and copies them there.
#include "runtime/resources/plan_copy.h"

#include <utility>

#include "ir/aligned_bytes.h"

namespace weft {

Plan in_block(const Plan& plan, const std::byte* block, std::shared_ptr<const void> owner) {
  Plan placed = plan;
  std::size_t i = 0;
  each_place(plan, [&](const PlanTensor& tensor, std::size_t offset) {
    placed.tensors[i].bytes = {block + offset, tensor.bytes.size()};
    placed.tensors[i++].owner = owner;
  });
  return placed;
}

Plan copied(const Plan& plan) {
  const auto nowhere = [](const PlanTensor&, std::size_t) {};
  const auto block = std::make_shared<AlignedBytes>(each_place(plan, nowhere));
  each_place(plan, [&](const PlanTensor& tensor, std::size_t offset) {
    copy_to_fresh(tensor.bytes, block->data() + offset);
  });
  return in_block(plan, block->data(), block);
}

}  // namespace weft
