// Weights of terms, and sums of rows by weights.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/nn/sequences.h"

namespace weft {
namespace {

// How often each id stands in a sequence, by open addressing: of a text's few hundred ids, so that
// the slots stay in the nearest cache, where a stamp for each of a table's rows would not.
class IdCounts {
 public:
  // For sequences of at most so many ids.
  explicit IdCounts(std::int64_t ids) { slots_.reserve(slots_for(ids)); }

  void begin(std::int64_t ids) {
    const std::size_t slots = slots_for(ids);
    slots_.assign(slots, Slot{});
    shift_ = 32U - static_cast<std::uint32_t>(std::countr_zero(slots));
  }

  // Returns the id's place, and whether it is new.
  std::pair<std::uint32_t, bool> add(std::int32_t id) {
    const std::uint32_t place = find(id);
    return {place, slots_[place].times++ == 0};
  }
  std::int32_t times(std::uint32_t place) const { return slots_[place].times; }

 private:
  struct Slot {
    std::int32_t id = -1;
    std::int32_t times = 0;
  };

  static std::size_t slots_for(std::int64_t ids) {
    return std::bit_ceil(std::max<std::size_t>(2 * static_cast<std::size_t>(ids), 16));
  }

  std::uint32_t find(std::int32_t id) {
    constexpr std::uint32_t kGolden = 2654435769U;  // Knuth's multiplicative hash
    const auto mask = static_cast<std::uint32_t>(slots_.size() - 1);
    for (std::uint32_t place = (static_cast<std::uint32_t>(id) * kGolden) >> shift_;;
         place = (place + 1) & mask) {
      Slot& slot = slots_[place];
      if (slot.id < 0) slot.id = id;
      if (slot.id == id) return place;
    }
  }

  std::vector<Slot> slots_;
  std::uint32_t shift_ = 0;
};

// ids[T]  offsets[B+1]  importance[V, K]  ->  weights[T]
class TermWeights final : public Kernel {
 public:
  explicit TermWeights(const BindContext& bind)
      : ids_(bind.x[0]),
        offsets_(bind.x[1]),
        importance_(bind.x[2]),
        weights_(bind.y[0]),
        counts_(most_ids(bind)),
        factors_(static_cast<std::size_t>(importance_.columns())),
        places_(static_cast<std::size_t>(most_ids(bind))) {}

  void run(RunContext& run) override {
    const std::span ids(ids_.i32(), static_cast<std::size_t>(ids_.size(run)));
    check_ids("term_weights", ids, importance_.rows(run));
    const std::int64_t examples = offsets_.extent(0, run) - 1;
    for (std::int64_t b = 0; b < examples; ++b) {
      weigh(offsets_.i32()[b], offsets_.i32()[b + 1]);
    }
  }

 private:
  static std::int64_t most_ids(const BindContext& bind) {
    return capacity_elements(bind.graph, bind.graph[bind.node.inputs[0]].type);
  }

  const float* importance(std::int32_t id) const {
    return importance_.f32() + id * importance_.columns();
  }

  void weigh(std::int64_t first, std::int64_t end) {
    counts_.begin(end - first);
    std::ranges::fill(factors_, 0.0F);   // at first: sums of squares
    constexpr std::int64_t kAhead = 16;  // rows fetched before they are needed
    for (std::int64_t t = first; t < end; ++t) {
      if (t + kAhead < end) __builtin_prefetch(importance(ids_.i32()[t + kAhead]));
      const auto [place, is_new] = counts_.add(ids_.i32()[t]);
      places_[static_cast<std::size_t>(t - first)] = place;
      if (!is_new) continue;
      const float* row = importance(ids_.i32()[t]);
      for (std::size_t k = 0; k < factors_.size(); ++k) factors_[k] += row[k] * row[k];
    }
    for (float& factor : factors_) factor = factor > 0 ? 1.0F / std::sqrt(factor) : 0.0F;
    for (std::int64_t t = first; t < end; ++t) {
      const float weight =
          std::inner_product(factors_.begin(), factors_.end(), importance(ids_.i32()[t]), 0.0F);
      const std::uint32_t place = places_[static_cast<std::size_t>(t - first)];
      weights_.f32()[t] = weight / static_cast<float>(counts_.times(place));
    }
  }

  Operand ids_, offsets_, importance_, weights_;
  IdCounts counts_;
  std::vector<float> factors_;         // by kind: 1 / norm
  std::vector<std::uint32_t> places_;  // among the counts, of each id of a sequence
};

}  // namespace

KernelPtr make_term_weights(const BindContext& bind) { return std::make_unique<TermWeights>(bind); }

// x[T, C]  weights[T]  offsets[B+1]  ->  y[B, C]
KernelPtr make_weighted_sum(const BindContext& bind) {
  return make_kernel(
      [x = bind.x[0], weights = bind.x[1], offsets = bind.x[2], y = bind.y[0]](RunContext& run) {
        const std::int64_t width = x.columns();
        for_each_sequence(run, offsets, width,
                          [&](std::int64_t b, std::int64_t first, std::int64_t end) {
                            float* to = y.f32() + b * width;
                            std::fill_n(to, width, 0.0F);
                            for (std::int64_t t = first; t < end; ++t) {
                              const float weight = weights.f32()[t];
                              const float* row = x.f32() + t * width;
                              for (std::int64_t c = 0; c < width; ++c) to[c] += weight * row[c];
                            }
                          });
      });
}

// dy[B, C]  weights[T]  offsets[B+1]  ->  dx[T, C]
KernelPtr make_weighted_sum_input_grad(const BindContext& bind) {
  return make_kernel(
      [dy = bind.x[0], weights = bind.x[1], offsets = bind.x[2], dx = bind.y[0]](RunContext& run) {
        const std::int64_t width = dy.columns();
        for_each_sequence(run, offsets, width,
                          [&](std::int64_t b, std::int64_t first, std::int64_t end) {
                            const float* from = dy.f32() + b * width;
                            for (std::int64_t t = first; t < end; ++t) {
                              const float weight = weights.f32()[t];
                              float* row = dx.f32() + t * width;
                              for (std::int64_t c = 0; c < width; ++c) row[c] = weight * from[c];
                            }
                          });
      });
}

// dy[B, C]  x[T, C]  offsets[B+1]  ->  dweights[T]
KernelPtr make_weighted_sum_weight_grad(const BindContext& bind) {
  return make_kernel([dy = bind.x[0], x = bind.x[1], offsets = bind.x[2],
                      dweights = bind.y[0]](RunContext& run) {
    const std::int64_t width = dy.columns();
    for_each_sequence(
        run, offsets, width, [&](std::int64_t b, std::int64_t first, std::int64_t end) {
          const float* from = dy.f32() + b * width;
          for (std::int64_t t = first; t < end; ++t) {
            dweights.f32()[t] = std::inner_product(from, from + width, x.f32() + t * width, 0.0F);
          }
        });
  });
}

}  // namespace weft
