// Facts of attention that its references and kernels share.
#pragma once

#include <cstdint>

#include "ir/op.h"
#include "ir/random.h"

namespace weft {

// Its attributes, read and checked.
struct AttentionSettings {
  std::int64_t heads = 1;
  bool causal = false;
  double scale = 1;    // of the scores: 1 / sqrt(width of a head)
  double dropout = 0;  // of the probabilities
  std::int64_t stream = 0;
};

// `width`: H, the columns of all heads together. The attribute scale=0 stands for the usual one.
AttentionSettings attention_settings(const Attrs&, std::int64_t width);

// The key of the probabilities of query row `row` in head `head`: key row j has index j. The
// elements of a batch are more than 32 bits count.
constexpr RandomKey attention_key(RandomKey key, std::int64_t row, std::int64_t head) {
  return derived_key(key, static_cast<std::uint64_t>(row) << 16 | static_cast<std::uint64_t>(head));
}

}  // namespace weft
