// The persistent tensors of a model: in the mapped plan, or in copies that training may
// write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ir/aligned_bytes.h"
#include "ir/plan/plan.h"
#include "runtime/resources/packed_copies.h"
#include "runtime/resources/rows_on_demand.h"

namespace weft {

enum class Access : std::uint8_t {
  shared,  // read-only, in place: the plan must outlive the memory
  owned,   // copied: programs may write, the plan stays as it was
};

// The params and states of a plan by name. Programs of one Memory see each other's writes.
class Memory {
 public:
  // Owned tensors let go of their owners one by one as they are copied: given the last references,
  // the memory at no time holds all twice.
  // The states `computed` are room for what a program of the plan makes of the tensors: zero at
  // first, written whatever the access, no part of tensors(). Their `bytes` mean nothing.
  Memory(std::vector<PlanTensor> tensors, Access access, std::span<const PlanTensor> computed = {});

  // True if programs may write the tensor of that name.
  bool writable(std::string_view name) const;

  // The tensor of that name. Error if there is none or its type is another.
  std::byte* address(std::string_view name, const TensorType& type) const;

  // From now on the rows of that computed state are made when they are asked for.
  RowsOnDemand& make_on_demand(const std::string& name, std::int64_t rows, RowsOnDemand::Make make);
  RowsOnDemand* rows_on_demand(std::string_view name) const;  // null: they are all there

  // The tensors as they are now, in the plan's order; valid as long as the memory. Copies of owned
  // ones keep their bytes alive, which programs go on to write.
  std::span<const PlanTensor> tensors() const { return std::span(tensors_).first(stored_); }

  // Counts changes: who keeps something made from a tensor remakes it when the count has moved.
  std::uint64_t version() const { return version_; }
  void changed() { ++version_; }

  // Copies of the tensors in other orders, shared by all that are bound to this memory.
  PackedCopies& packed() const { return *packed_; }

  // The bytes of an owned tensor, to be overwritten between runs; call changed() after.
  std::span<std::byte> writable_tensor(std::string_view name);

 private:
  Access access_;
  AlignedBytes computed_;
  std::vector<PlanTensor> tensors_;  // the plan's, then those computed
  std::size_t stored_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::map<std::string, std::unique_ptr<RowsOnDemand>, std::less<>> on_demand_;
  std::unique_ptr<PackedCopies> packed_ = std::make_unique<PackedCopies>();
  std::uint64_t version_ = 1;
};

}  // namespace weft
