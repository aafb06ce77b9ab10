// From the hash of an n-gram to a row: buckets, of which only some may have been kept.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/subwords.h"

namespace weft {

// The remainder of a division by a number that is known beforehand: two products (Lemire, Kaser and
// Kurz 2019, "Faster remainder by direct computation").
class Remainder {
 public:
  explicit Remainder(std::uint32_t divisor)
      : divisor_(divisor), inverse_(std::numeric_limits<std::uint64_t>::max() / divisor + 1) {}

  std::uint32_t of(std::uint32_t number) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint32_t>((Wide{inverse_ * number} * divisor_) >> 64U);
  }
  std::uint32_t of(std::uint64_t number) const {
    return static_cast<std::uint32_t>(number % divisor_);
  }

 private:
  std::uint32_t divisor_;
  std::uint64_t inverse_;
};

// As a sum within each byte, and of the bytes: not every x86-64 has an instruction for it.
constexpr std::uint32_t count_bits(std::uint32_t bits) {
  bits -= (bits >> 1U) & 0x55555555U;
  bits = (bits & 0x33333333U) + ((bits >> 2U) & 0x33333333U);
  return (((bits + (bits >> 4U)) & 0x0F0F0F0FU) * 0x01010101U) >> 24U;
}

// From a hash to its bucket's row behind the words.
class BucketRows {
 public:
  struct Found {
    std::uint32_t row = 0;
    bool kept = true;
  };

  BucketRows(std::int64_t buckets, std::span<const std::int32_t> kept)
      : bucket_of_(static_cast<std::uint32_t>(buckets)) {
    if (kept.empty()) return;
    if (buckets > kMostBuckets) {
      throw Error(fmt::format("of {} buckets some were left out", buckets),
                  fmt::format("that is possible for up to {} buckets", kMostBuckets));
    }
    kept_.resize(static_cast<std::size_t>(buckets) / kBits + 1);
    for (const std::int32_t bucket : kept) {
      const auto number = static_cast<std::uint32_t>(bucket);
      kept_[number / kBits] |= 1U << (number % kBits);
    }
    before_.reserve(kept_.size());
    std::uint32_t before = 0;
    for (const std::uint32_t bits : kept_) {
      before_.push_back(before);
      before += count_bits(bits);
    }
  }

  // Of a hash of 32 bits, or of 64.
  std::uint32_t bucket(auto hash) const { return bucket_of_.of(hash); }

  void prefetch(std::uint32_t bucket) const {
    if (!kept_.empty()) __builtin_prefetch(&kept_[bucket / kBits]);
  }

  Found find(std::uint32_t bucket) const {
    if (kept_.empty()) return {bucket, true};
    return {row_of(bucket), is_kept(bucket) != 0};
  }

  // Puts `first` + row in the place of those buckets that have one, without gaps; returns how many
  // these are.
  std::size_t find_all(std::span<std::uint32_t> buckets, std::uint32_t first) const {
    std::size_t found = buckets.size();
    if (!kept_.empty()) {
      found = 0;  // whether a bucket was kept cannot be foreseen: no branch
      for (const std::uint32_t bucket : buckets) {
        buckets[found] = bucket;
        found += is_kept(bucket);
      }
    }
    for (std::uint32_t& bucket : buckets.first(found)) {
      bucket = first + (kept_.empty() ? bucket : row_of(bucket));
    }
    return found;
  }

 private:
  static constexpr std::uint32_t kBits = 32;

  std::uint32_t is_kept(std::uint32_t bucket) const {
    return (kept_[bucket / kBits] >> (bucket % kBits)) & 1U;
  }
  std::uint32_t row_of(std::uint32_t bucket) const {
    const std::uint32_t bit = 1U << (bucket % kBits);
    return before_[bucket / kBits] + count_bits(kept_[bucket / kBits] & (bit - 1));
  }

  Remainder bucket_of_;
  // Bits of the buckets that were kept, and how many were kept before each element's. Apart, as
  // most hashes of a pruned table ask for a bit only; 64 MiB at most. Empty: every bucket has a
  // row.
  std::vector<std::uint32_t> kept_, before_;
};

}  // namespace weft
