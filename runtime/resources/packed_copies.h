// Copies of tensors in the orders that kernels like best, each made once for all who share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

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
  std::byte* data() const { return bytes_.data(); }

 private:
  AlignedBytes bytes_;
  std::mutex making_;
  std::uint64_t version_ = 0;
};

// By tensor and order; a copy lives as long as somebody uses it.
class PackedCopies {
 public:
  std::shared_ptr<PackedCopy> find(const void* tensor, const std::string& order, std::size_t size);

 private:
  std::mutex finding_;
  std::map<std::pair<const void*, std::string>, std::weak_ptr<PackedCopy>> copies_;
};

}  // namespace weft
