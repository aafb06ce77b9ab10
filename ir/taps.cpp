// The segments of a tap table's row.
#include "ir/taps.h"

#include <algorithm>

#include "ir/diagnostic.h"

namespace weft {

TapLayout::TapLayout(std::span<const std::int64_t> kernels, std::span<const std::int64_t> channels,
                     DType dtype)
    : by_conv_(kernels.size()) {
  WEFT_CHECK(kernels.size() == channels.size());
  const std::int64_t widest = 64 / size_of(dtype), narrowest = 4;
  for (std::int64_t lanes = widest; lanes >= narrowest; lanes /= 2) {
    outputs_ = 0;
    for (std::size_t i = 0; i < kernels.size(); ++i) {
      // `whole` channels are in wider segments; of those left, these make segments of `lanes`.
      const std::int64_t padded = (channels[i] + narrowest - 1) / narrowest * narrowest;
      const std::int64_t whole = lanes == widest ? 0 : padded / (2 * lanes) * (2 * lanes);
      for (std::int64_t first = whole; first + lanes <= padded; first += lanes) {
        by_conv_[i].push_back(segments_.size());
        segments_.push_back({static_cast<std::int64_t>(i), kernels[i], lanes, first,
                             std::min(lanes, channels[i] - first), outputs_ + first, row_size_});
        row_size_ += kernels[i] * lanes;
      }
      outputs_ += channels[i];
    }
  }
  row_size_ = (row_size_ + widest - 1) / widest * widest;
}

std::int64_t TapLayout::index(std::int64_t conv, std::int64_t tap, std::int64_t channel) const {
  const auto& own = by_conv_[static_cast<std::size_t>(conv)];
  const auto after = std::ranges::upper_bound(own, channel, {},
                                              [&](std::size_t s) { return segments_[s].channel; });
  const TapSegment& segment = segments_[*(after - 1)];
  return segment.offset + tap * segment.lanes + channel - segment.channel;
}

double tap_scale(DType dtype, std::int64_t taps, double largest, double sum) {
  if (dtype == DType::i8) return largest / 127.0;
  WEFT_CHECK(dtype == DType::i16);
  return sum / static_cast<double>(32767 - taps);  // rounding adds up to half a unit per tap
}

}  // namespace weft
