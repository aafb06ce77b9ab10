// Persistent tensors by name, in place or copied.
#include "runtime/resources/memory.h"

#include <algorithm>
#include <array>
#include <cstring>
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

// To fresh memory, which is zero and takes no room until it is written: the states of an optimizer
// are zero at first.
void copy_unless_zero(std::span<const std::byte> from, std::byte* to) {
  constexpr std::size_t kPiece = std::size_t{1} << 16U;
  static constexpr std::array<std::byte, kPiece> kZeros{};
  for (std::size_t at = 0; at < from.size(); at += kPiece) {
    const std::size_t size = std::min(kPiece, from.size() - at);
    if (std::memcmp(from.data() + at, kZeros.data(), size) == 0) continue;
    std::memcpy(to + at, from.data() + at, size);
  }
}

// Gives the tensors their places from `to` on.
void place(std::span<PlanTensor> tensors, const std::byte* to,
           const std::shared_ptr<const void>& owner) {
  for (PlanTensor& tensor : tensors) {
    const std::size_t size = size_of(tensor);
    tensor.bytes = {to, size};
    tensor.owner = owner;
    to += aligned(size);
  }
}

}  // namespace

Memory::Memory(std::span<const PlanTensor> tensors, Access access,
               std::span<const PlanTensor> computed)
    : access_(access), tensors_(tensors.begin(), tensors.end()), stored_(tensors.size()) {
  tensors_.insert(tensors_.end(), computed.begin(), computed.end());
  std::size_t stored = 0;
  std::size_t made = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    index_.emplace(tensors_[i].name, i);
    (i < stored_ ? stored : made) += aligned(size_of(tensors_[i]));
  }
  copies_ = AlignedBytes(made);
  place(std::span(tensors_).subspan(stored_), copies_.data(), nullptr);
  if (access_ == Access::shared) return;
  // Not in copies_: the tensors keep it, so that a plan may have them when this memory is gone.
  const auto block = std::make_shared<AlignedBytes>(stored);
  const std::span mine = std::span(tensors_).first(stored_);
  place(mine, block->data(), block);
  for (std::size_t i = 0; i < stored_; ++i) {
    copy_unless_zero(tensors[i].bytes.first(mine[i].bytes.size()),
                     const_cast<std::byte*>(mine[i].bytes.data()));
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
