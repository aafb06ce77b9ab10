// Copies of tensors in the orders that kernels like best, each made once for all who share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ir/aligned_bytes.h"

namespace weft {

class PackedCopy {
 public:
  explicit PackedCopy(std::size_t size) : bytes_(size) {}

  // Calls make(bytes) unless that has been done for this version of the tensors; for version 0
  // always. Who comes meanwhile waits.
  template <typename Make>
  void refresh(std::uint64_t version, Make make) {
    const std::lock_guard lock(making_);
    if (version != 0 && version == version_) return;
    make(bytes_.data());
    version_ = version;
  }
  // Room for as many bytes at least; what was packed is lost.
  void reserve(std::size_t size) {
    if (size > bytes_.size()) bytes_ = AlignedBytes(size);
  }
  // Until the next refresh(), which makes it whatever the version. Nobody may be reading.
  void discard() {
    const std::lock_guard lock(making_);
    version_ = 0;
    bytes_.discard();
  }
  std::byte* data() const { return bytes_.data(); }

 private:
  AlignedBytes bytes_;
  std::mutex making_;
  std::uint64_t version_ = 0;
};

// Room for the copies of one tensor at a time, in several orders: who uses it next packs over them.
class PackedScratch {
 public:
  // For the tensor's `index`-th order, which has not been packed yet.
  std::shared_ptr<PackedCopy> find(std::size_t index, std::size_t size);

 private:
  std::vector<std::shared_ptr<PackedCopy>> copies_;
};

// By tensor and order; a copy lives as long as somebody uses it.
class PackedCopies {
 public:
  std::shared_ptr<PackedCopy> find(const void* tensor, const std::string& order);  // or null
  std::shared_ptr<PackedCopy> find_or_make(const void* tensor, const std::string& order,
                                           std::size_t size);
  void discard();  // each of them

 private:
  std::mutex finding_;
  std::map<std::pair<const void*, std::string>, std::weak_ptr<PackedCopy>> copies_;
};

}  // namespace weft
