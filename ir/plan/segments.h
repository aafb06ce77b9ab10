// The segments of a plan file: where each must lie, and whether its bytes are those that were
// written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/type.h"

namespace weft::plan_format {

// What a plan's structure says of a segment.
struct SegmentEntry {
  std::uint64_t offset = 0, size = 0, checksum = 0;  // offset and size in bytes
};

// Reads segments in the order in which they must lie. Error if they lie otherwise, or if a checksum
// does not match.
class Segments {
 public:
  explicit Segments(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // `what`: for messages.
  std::span<const std::byte> next(const SegmentEntry&, std::string_view what);
  // Of a tensor whose bytes nobody looks at before check_unseen().
  std::span<const std::byte> next_unseen(const SegmentEntry&, DType, std::string_view what);
  bool at_end() const { return end_ == bytes_.size(); }

  // The checksums of unseen tensors, and that floats are finite: by as many threads as there are
  // CPUs, if there is much of it.
  void check_unseen() const;

 private:
  struct Check {
    std::span<const std::byte> bytes;
    std::uint64_t checksum = 0;
    std::string what;
    DType type = DType::i8;

    void expect() const;  // throws the Error if they are not those that were written, or not finite
  };
  Check place(const SegmentEntry&, std::string_view what);

  std::span<const std::byte> bytes_;
  std::uint64_t end_ = 0;
  std::vector<Check> unseen_;
};

}  // namespace weft::plan_format
