// The order of numbers in a row of a tap table, for the ops' references and the kernels alike.
//
// A convolution is a sum over its taps of products of a row with the tap's matrix. A tap table
// holds these products: row n has, for each convolution i, tap j and output channel c, the number
// that row n adds to channel c of a window in which it stands at tap j. The channels of a
// convolution lie in segments, each stored [tap][lane], so that a kernel can hold a segment's
// maxima in registers and read a row's part of it as one run of bytes. The widest have 64 bytes
// to a tap, a cache line; all of them come first, so that each segment is aligned to its width.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/type.h"

namespace weft {

struct TapSegment {
  std::int64_t conv = 0;
  std::int64_t taps = 0;
  std::int64_t lanes = 0;     // 4, 8, 16, 32 or 64: channels and what rounds them up
  std::int64_t channel = 0;   // the first of its channels, among the channels of `conv`
  std::int64_t channels = 0;  // <= lanes; the rest of the lanes is zero
  std::int64_t output = 0;    // the same channel among those of all convolutions
  std::int64_t offset = 0;    // of tap 0, lane 0, in elements from the start of the row
};

class TapLayout {
 public:
  // One entry per convolution. `dtype` is that of the table's elements.
  TapLayout(std::span<const std::int64_t> kernels, std::span<const std::int64_t> channels, DType);

  const std::vector<TapSegment>& segments() const { return segments_; }  // in the order of a row
  std::int64_t row_size() const { return row_size_; }  // elements, rounded up to a widest segment
  std::int64_t outputs() const { return outputs_; }    // channels of all convolutions

  // The place in a row of the number of convolution `conv`, tap, channel.
  std::int64_t index(std::int64_t conv, std::int64_t tap, std::int64_t channel) const;

 private:
  std::vector<TapSegment> segments_;
  std::vector<std::vector<std::size_t>> by_conv_;  // segments of each, by channel
  std::int64_t row_size_ = 0;
  std::int64_t outputs_ = 0;
};

// The value of one unit of an integer table, in a channel whose largest number is `largest` and
// whose taps' largest numbers add up to `sum`, chosen so that no sum over taps overflows its i16.
// Up to 256 taps.
double tap_scale(DType, std::int64_t taps, double largest, double sum);

}  // namespace weft
