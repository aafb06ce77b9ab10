// Limits on gradients and weights: the common norm in double, in blocks whose sums are added in
// order, so that it is the same on any number of threads.
#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::int64_t kGrain = 1 << 15;  // elements worth a thread of their own
constexpr std::int64_t kBlock = 1 << 13;

double sum_of_squares(const float* x, std::int64_t n) {
  constexpr std::int64_t kLanes = 8;  // independent sums, which the compiler keeps in registers
  std::array<double, kLanes> sums{};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const auto value = static_cast<double>(x[i + static_cast<std::int64_t>(lane)]);
      sums[lane] += value * value;
    }
  }
  double sum = 0;
  for (; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  for (const double lane : sums) sum += lane;
  return sum;
}

std::int64_t blocks_of(std::int64_t elements) { return (elements + kBlock - 1) / kBlock; }

}  // namespace

// x[..]  ->  y[..]
KernelPtr make_clip(const BindContext& bind) {
  return make_kernel([x = bind.x[0], y = bind.y[0], limit = bind.number("limit")](RunContext& run) {
    parallel_for(run.threads, y.size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        y.f32()[i] = std::clamp(x.f32()[i], -limit, limit);
      }
    });
  });
}

// g[..] …  ->  factor[]
KernelPtr make_clip_factor(const BindContext& bind) {
  std::int64_t max = 0;  // elements of any g
  for (const ValueId id : bind.node.inputs) {
    max = std::max(max, capacity_elements(bind.graph, bind.graph[id].type));
  }
  std::vector<double> sums(static_cast<std::size_t>(blocks_of(max)));
  return make_kernel([all = bind.x, y = bind.y[0], limit = float_attr(bind.node.attrs, "limit"),
                      sums](RunContext& run) mutable {
    double square = 0;
    for (const Operand& g : all) {
      const std::int64_t elements = g.size(run), blocks = blocks_of(elements);
      parallel_for(run.threads, blocks, kGrain / kBlock,
                   [&](std::int64_t begin, std::int64_t end, int) {
                     for (std::int64_t b = begin; b < end; ++b) {
                       const std::int64_t n = std::min(kBlock, elements - b * kBlock);
                       sums[static_cast<std::size_t>(b)] = sum_of_squares(g.f32() + b * kBlock, n);
                     }
                   });
      for (std::int64_t b = 0; b < blocks; ++b) square += sums[static_cast<std::size_t>(b)];
    }
    *y.f32() = square > limit * limit ? static_cast<float>(limit / std::sqrt(square)) : 1.0F;
  });
}

// x[..]  factor[]  ->  y[..]
KernelPtr make_scale_by(const BindContext& bind) {
  return make_kernel([x = bind.x[0], factor = bind.x[1], y = bind.y[0]](RunContext& run) {
    if (*factor.f32() == 1.0F && x.f32() == y.f32()) return;
    parallel_for(run.threads, y.size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      simd::scale(*factor.f32(), x.f32() + begin, y.f32() + begin, end - begin);
    });
  });
}

// w[.., O] with each column scaled to an L2 norm of at most `limit`
KernelPtr make_max_norm(const BindContext& bind) {
  const double limit = float_attr(bind.node.attrs, "limit");
  std::vector<double> squares(static_cast<std::size_t>(bind.y[0].columns()));
  return make_kernel([w = bind.x[0], y = bind.y[0], limit, squares](RunContext& run) mutable {
    const std::int64_t rows = w.rows(run), width = w.columns();
    std::ranges::fill(squares, 0.0);
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t c = 0; c < width; ++c) {
        const auto value = static_cast<double>(w.f32()[row * width + c]);
        squares[static_cast<std::size_t>(c)] += value * value;
      }
    }
    for (double& s : squares) s = s > limit * limit ? limit / std::sqrt(s) : 1.0;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t c = 0; c < width; ++c) {
        const auto factor = static_cast<float>(squares[static_cast<std::size_t>(c)]);
        y.f32()[row * width + c] = w.f32()[row * width + c] * factor;
      }
    }
  });
}

}  // namespace weft
