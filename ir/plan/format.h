// The parts of a plan file around the FlatBuffer: the header, the segments, their layout.
//
//   0    header         64 bytes
//   64   structure      a FlatBuffer (ir/plan/plan.fbs)
//   a    segments       a = the first multiple of 64 after the structure; each begins at the first
//                       multiple of 64 after the one before; the file ends with the last one
//
// Little-endian. All bytes between are zero. Every byte of the file is under a checksum or known.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"

namespace weft::plan_format {

static_assert(std::endian::native == std::endian::little, "plan files are little-endian");

inline constexpr std::string_view kMagic = "weftplan";
// A plan is written in the first version that can say what it holds: version 2 has subwords, 3 has
// windows of long texts, pairs of texts, a program @encode, and tensors of zeros that are left out,
// 4 has unified marks and n-grams of words, 5 what `needs_of` names.
inline constexpr std::uint32_t kVersion = 5;
std::uint32_t version_of(const Plan&, bool leaves_out_zeros);
std::vector<std::string> needs_of(const Plan&);  // Plan.needs
inline constexpr std::uint64_t kAlignment = 64;

// Has this size and its checksum in this place in every version.
struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t reserved;
  std::uint64_t file_size;
  std::uint64_t structure_size;
  std::uint64_t structure_checksum;
  std::uint64_t more_reserved[2];
  std::uint64_t header_checksum;  // of the 56 bytes before
};
static_assert(sizeof(Header) == kAlignment);

constexpr std::uint64_t aligned(std::uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

std::uint64_t checksum(std::span<const std::byte> bytes);
std::uint64_t checksum(const Header&);

// Of the bytes of a tensor, both in one pass.
struct TensorSummary {
  std::uint64_t checksum = 0;
  bool finite = true;  // of other types than f32 always
};
TensorSummary summarize(std::span<const std::byte> bytes, DType type);

// The zeros up to the next multiple of 64.
std::span<const std::byte> padding(std::uint64_t offset);

// A plan file in pieces. The segments point into the plan.
struct Image {
  Header header;
  std::vector<std::byte> structure;
  std::vector<std::span<const std::byte>> segments;

  // All bytes of the file, one piece after another; valid as long as this and the plan.
  std::vector<std::span<const std::byte>> pieces() const;
};
Image make_image(const Plan&);

}  // namespace weft::plan_format
