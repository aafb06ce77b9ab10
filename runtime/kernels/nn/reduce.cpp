// Reductions over adjacent dimensions, and the broadcasts that are their gradients.
#include <algorithm>
#include <optional>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// A tensor as [outer, reduced, inner], where the reduced dimensions are adjacent.
struct Blocks {
  std::size_t first = 0, last = 0;  // axes

  static std::optional<Blocks> of(const BindContext& bind) {
    const std::vector<std::int64_t> axes = ints_attr(bind.node.attrs, "axes");
    if (axes.back() - axes.front() + 1 != static_cast<std::int64_t>(axes.size())) return {};
    return Blocks{static_cast<std::size_t>(axes.front()), static_cast<std::size_t>(axes.back())};
  }

  struct Extents {
    std::int64_t outer = 1, reduced = 1, inner = 1;
  };
  Extents extents(const Operand& whole, const RunContext& run) const {
    Extents e;
    for (std::size_t axis = 0; axis < whole.rank(); ++axis) {
      (axis < first ? e.outer : axis > last ? e.inner : e.reduced) *= whole.extent(axis, run);
    }
    return e;
  }
};

KernelPtr reduce_sum(const BindContext& bind, bool mean) {
  const auto blocks = Blocks::of(bind);
  if (!blocks) return nullptr;
  return make_kernel([x = bind.x[0], y = bind.y[0], blocks = *blocks, mean](RunContext& run) {
    const auto [outer, reduced, inner] = blocks.extents(x, run);
    const float factor = mean && reduced > 0 ? 1.0F / static_cast<float>(reduced) : 1.0F;
    if (inner == 1) {
      for (std::int64_t o = 0; o < outer; ++o) {
        double sum = 0;
        for (std::int64_t r = 0; r < reduced; ++r) {
          sum += static_cast<double>(x.f32()[o * reduced + r]);
        }
        y.f32()[o] = static_cast<float>(sum) * factor;
      }
      return;
    }
    const std::int64_t grain = reduced * inner < (1 << 16) ? inner : 64;
    for (std::int64_t o = 0; o < outer; ++o) {
      const float* from = x.f32() + o * reduced * inner;
      float* to = y.f32() + o * inner;
      parallel_for(run.threads, inner, grain,
                   [&, rows = reduced, stride = inner](std::int64_t begin, std::int64_t end, int) {
                     simd::sum_rows(from + begin, rows, stride, end - begin, factor, to + begin);
                   });
    }
  });
}

KernelPtr broadcast(const BindContext& bind, bool mean) {
  const auto blocks = Blocks::of(bind);
  if (!blocks) return nullptr;
  return make_kernel([x = bind.x[0], y = bind.y[0], blocks = *blocks, mean](RunContext& run) {
    const auto [outer, reduced, inner] = blocks.extents(y, run);
    const float factor = mean && reduced > 0 ? 1.0F / static_cast<float>(reduced) : 1.0F;
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t r = 0; r < reduced; ++r) {
        float* to = y.f32() + (o * reduced + r) * inner;
        if (inner == 1) {
          *to = x.f32()[o] * factor;
        } else {
          simd::scale(factor, x.f32() + o * inner, to, inner);
        }
      }
    }
  });
}

}  // namespace

KernelPtr make_reduce_sum(const BindContext& bind) { return reduce_sum(bind, false); }
KernelPtr make_reduce_mean(const BindContext& bind) { return reduce_sum(bind, true); }
KernelPtr make_broadcast_like(const BindContext& bind) { return broadcast(bind, false); }
KernelPtr make_reduce_mean_grad(const BindContext& bind) { return broadcast(bind, true); }

// Over no elements the maximum is 0.
KernelPtr make_reduce_max(const BindContext& bind) {
  const auto blocks = Blocks::of(bind);
  if (!blocks) return nullptr;
  return make_kernel([x = bind.x[0], y = bind.y[0], blocks = *blocks](RunContext& run) {
    const auto [outer, reduced, inner] = blocks.extents(x, run);
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t i = 0; i < inner; ++i) {
        const float* from = x.f32() + o * reduced * inner + i;
        float max = reduced > 0 ? *from : 0.0F;
        for (std::int64_t r = 1; r < reduced; ++r) max = std::max(max, from[r * inner]);
        y.f32()[o * inner + i] = max;
      }
    }
  });
}

// x  y  dy  ->  dx: dy at the first element that equals the maximum
KernelPtr make_reduce_max_grad(const BindContext& bind) {
  const auto blocks = Blocks::of(bind);
  if (!blocks) return nullptr;
  return make_kernel([x = bind.x[0], y = bind.x[1], dy = bind.x[2], dx = bind.y[0],
                      blocks = *blocks](RunContext& run) {
    const auto [outer, reduced, inner] = blocks.extents(x, run);
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t i = 0; i < inner; ++i) {
        bool seen = false;
        for (std::int64_t r = 0; r < reduced; ++r) {
          const std::int64_t at = (o * reduced + r) * inner + i;
          const bool first = !seen && x.f32()[at] == y.f32()[o * inner + i];
          dx.f32()[at] = first ? dy.f32()[o * inner + i] : 0.0F;
          seen = seen || first;
        }
      }
    }
  });
}

}  // namespace weft
