// Tensors written end to end to a nameless file and mapped: pages that the system may drop.
#include "frontend/train/spill.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "runtime/resources/memory.h"

namespace weft {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kLeast = std::size_t{16} << 20U;  // what is smaller stays in memory

std::size_t padded(std::size_t size) { return (size + kLine - 1) / kLine * kLine; }

// An open file that no folder lists; -1: there is none.
int nameless_file(const std::string& folder) {
  std::error_code none;
  std::filesystem::path place =
      folder.empty() ? std::filesystem::temp_directory_path(none) : std::filesystem::path(folder);
  if (place.empty()) place = ".";
  std::string name = (place / ".weft-spill-XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(name.c_str());
  return file;
}

bool write_at(int file, std::span<const std::byte> bytes, std::size_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::size_t>(n);
  }
  return true;
}

struct Mapping {
  void* address;
  std::size_t size;

  Mapping(void* at, std::size_t bytes) : address(at), size(bytes) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(address, size); }
};

// The tensors in a mapped file of `total` bytes; null if that fails.
std::shared_ptr<const Mapping> write_mapped(const Plan& plan, std::size_t total,
                                            const std::string& folder) {
  const int file = nameless_file(folder);
  if (file < 0) return nullptr;
  std::size_t at = 0;
  bool written = true;
  for (const PlanTensor& tensor : plan.tensors) {
    written = written && write_at(file, tensor.bytes, at);
    at += padded(tensor.bytes.size());
  }
  written = written && ::ftruncate(file, static_cast<off_t>(total)) == 0;
  void* const mapped =
      written ? ::mmap(nullptr, total, PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;
  ::close(file);
  if (mapped == MAP_FAILED) return nullptr;
  return std::make_shared<const Mapping>(mapped, total);
}

}  // namespace

Plan spilled(const Plan& view, const std::string& folder) {
  Plan copy = view;
  std::size_t total = 0;
  for (const PlanTensor& tensor : view.tensors) total += padded(tensor.bytes.size());
  const std::byte* at = nullptr;
  std::shared_ptr<const void> owner;
  if (total >= kLeast) {
    if (const auto mapping = write_mapped(view, total, folder)) {
      at = static_cast<const std::byte*>(mapping->address);
      owner = mapping;
    }
  }
  if (owner == nullptr) {
    const auto bytes = std::make_shared<AlignedBytes>(total);
    std::byte* to = bytes->data();
    for (const PlanTensor& tensor : view.tensors) {
      if (!tensor.bytes.empty()) std::memcpy(to, tensor.bytes.data(), tensor.bytes.size());
      to += padded(tensor.bytes.size());
    }
    at = bytes->data();
    owner = bytes;
  }
  for (PlanTensor& tensor : copy.tensors) {
    const std::size_t size = tensor.bytes.size();
    tensor.bytes = {at, size};
    tensor.owner = owner;
    at += padded(size);
  }
  return copy;
}

}  // namespace weft
