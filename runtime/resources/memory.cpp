// Persistent tensors by name, in place or copied.
#include "runtime/resources/memory.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace weft {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

// The size of a static type.
std::size_t size_of(const PlanTensor& tensor) {
  std::int64_t size = weft::size_of(tensor.type.dtype);
  for (const Dim& dim : tensor.type.shape) size *= dim.value;
  return static_cast<std::size_t>(size);
}

}  // namespace

Memory::Memory(std::vector<PlanTensor> tensors, Access access, std::span<const PlanTensor> computed)
    : access_(access), tensors_(std::move(tensors)), stored_(tensors_.size()) {
  tensors_.insert(tensors_.end(), computed.begin(), computed.end());
  const std::size_t first_own = access_ == Access::owned ? 0 : stored_;
  std::size_t copied = 0;
  std::size_t made = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    index_.emplace(tensors_[i].name, i);
    if (i >= first_own) (i < stored_ ? copied : made) += aligned(size_of(tensors_[i]));
  }
  // Two blocks: the copies keep theirs, so that a plan may have them when this memory is gone.
  const auto copies = std::make_shared<const AlignedBytes>(copied);
  // Training without validation reads a few rows of the tables only, here and there.
  computed_ = AlignedBytes(
      made, access_ == Access::owned ? AlignedBytes::Pages::small : AlignedBytes::Pages::huge);
  std::byte* to = copies->data();
  for (std::size_t i = first_own; i < tensors_.size(); ++i) {
    if (i == stored_) to = computed_.data();
    PlanTensor& tensor = tensors_[i];
    const std::size_t size = size_of(tensor);
    if (i < stored_) copy_to_fresh(tensor.bytes.first(size), to);
    tensor.bytes = {to, size};
    tensor.owner = i < stored_ ? copies : nullptr;
    to += aligned(size);
  }
}

bool Memory::writable(std::string_view name) const {
  const auto found = index_.find(name);
  return found != index_.end() && (access_ == Access::owned || found->second >= stored_);
}

std::byte* Memory::address(std::string_view name, const TensorType& type) const {
  const auto found = index_.find(name);
  if (found == index_.end()) {
    throw Error(fmt::format("the plan has no tensor named %{}, which its program uses", name),
                "the plan is inconsistent: compile it again");
  }
  const PlanTensor& tensor = tensors_[found->second];
  if (tensor.type != type) {
    throw Error(fmt::format("the plan's tensor %{} is {} but its program uses it as {}", name,
                            to_string(tensor.type), to_string(type)),
                "the plan is inconsistent: compile it again");
  }
  // Programs that write to a shared tensor are refused, so nothing writes through this.
  return const_cast<std::byte*>(tensor.bytes.data());
}

RowsOnDemand& Memory::make_on_demand(const std::string& name, std::int64_t rows,
                                     RowsOnDemand::Make make) {
  auto& on_demand = on_demand_[name];
  on_demand = std::make_unique<RowsOnDemand>(rows, std::move(make));
  return *on_demand;
}

RowsOnDemand* Memory::rows_on_demand(std::string_view name) const {
  const auto found = on_demand_.find(name);
  return found == on_demand_.end() ? nullptr : found->second.get();
}

std::span<std::byte> Memory::writable_tensor(std::string_view name) {
  WEFT_CHECK(writable(name));
  const auto found = index_.find(name);
  const PlanTensor& tensor = tensors_[found->second];
  return {const_cast<std::byte*>(tensor.bytes.data()), tensor.bytes.size()};
}

}  // namespace weft
