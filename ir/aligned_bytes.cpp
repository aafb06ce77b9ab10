// Small blocks from the heap, large ones from the system by huge pages.
#include "ir/aligned_bytes.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace weft {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

AlignedBytes::AlignedBytes(std::size_t size, [[maybe_unused]] Pages pages) : size_(size) {
  // Large blocks ask for huge pages: training walks whole tables, where page misses show.
  constexpr std::size_t huge = std::size_t{2} << 20U;
  if (size < huge / 2) {
    void* const block = std::aligned_alloc(kAlignment, std::max(aligned(size), kAlignment));
    if (block == nullptr) throw std::bad_alloc();
    std::memset(block, 0, size);
    data_.reset(static_cast<std::byte*>(block));
    return;
  }
  const std::size_t rounded = (size + huge - 1) / huge * huge;
  void* const mapped =
      ::mmap(nullptr, rounded + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  // Only what lies between two multiples of a huge page is kept.
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t skipped = (huge - reinterpret_cast<std::uintptr_t>(begin) % huge) % huge;
  if (skipped > 0) ::munmap(begin, skipped);
  if (skipped < huge) ::munmap(begin + skipped + rounded, huge - skipped);
#ifdef MADV_HUGEPAGE
  if (pages == Pages::huge) ::madvise(begin + skipped, rounded, MADV_HUGEPAGE);
#endif
  data_ = std::unique_ptr<std::byte[], Free>(begin + skipped, Free{rounded});
}

void AlignedBytes::discard() const {
  const std::size_t mapped = data_ ? data_.get_deleter().mapped : 0;
  if (mapped > 0) ::madvise(data_.get(), mapped, MADV_DONTNEED);
}

bool all_zero(std::span<const std::byte> bytes) {
  return bytes.empty() || (bytes.front() == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

void copy_to_fresh(std::span<const std::byte> from, std::byte* to) {
  constexpr std::size_t kPiece = std::size_t{1} << 16U;
  for (std::size_t at = 0; at < from.size(); at += kPiece) {
    const auto piece = from.subspan(at, std::min(kPiece, from.size() - at));
    if (!all_zero(piece)) std::memcpy(to + at, piece.data(), piece.size());
  }
}

void AlignedBytes::Free::operator()(std::byte* bytes) const {
  if (mapped > 0) {
    ::munmap(bytes, mapped);
  } else {
    std::free(bytes);
  }
}

}  // namespace weft
