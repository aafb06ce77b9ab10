// Tensors written end to end to a nameless file and mapped: pages that the system may drop.
#include "frontend/train/spill.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "frontend/train/nameless_file.h"
#include "ir/aligned_bytes.h"
#include "runtime/resources/plan_copy.h"

namespace weft {
namespace {

constexpr std::size_t kLeast = std::size_t{16} << 20U;  // what is smaller stays in memory

struct Unmap {
  std::size_t size;
  void operator()(void* address) const { ::munmap(address, size); }
};

// The plan with its tensors in a mapped file; none if that fails.
std::optional<Plan> in_file(const Plan& plan, std::size_t size, const std::string& folder) {
  const NamelessFile file(folder);
  bool written = true;
  each_place(plan, [&](const PlanTensor& tensor, std::size_t offset) {
    written = written && (all_zero(tensor.bytes) || file.write(tensor.bytes, offset));
  });
  written = written && ::ftruncate(file.descriptor(), static_cast<off_t>(size)) == 0;
  void* const mapped =
      written ? ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.descriptor(), 0) : MAP_FAILED;
  if (mapped == MAP_FAILED) return std::nullopt;
  return in_block(plan, static_cast<const std::byte*>(mapped),
                  std::shared_ptr<const void>(mapped, Unmap{size}));
}

}  // namespace

Plan spilled(const Plan& plan, const std::string& folder) {
  const std::size_t size = each_place(plan, [](const PlanTensor&, std::size_t) {});
  if (size >= kLeast) {
    if (std::optional<Plan> placed = in_file(plan, size, folder)) return std::move(*placed);
  }
  return copied(plan);
}

void page_out(const PlanTensor& tensor) {
  if (std::get_deleter<Unmap>(tensor.owner) == nullptr) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t before = reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % page;
  auto* const begin = const_cast<std::byte*>(tensor.bytes.data()) - before;
  ::madvise(begin, before + tensor.bytes.size(), MADV_DONTNEED);
}

}  // namespace weft
