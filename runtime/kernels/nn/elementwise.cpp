// Arithmetic: arrays of floats cut among the threads.
#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::int64_t kGrain = 1 << 15;  // elements worth a thread of their own

KernelPtr binary(const BindContext& bind, simd::Binary f) {
  return make_kernel([a = bind.x[0], b = bind.x[1], y = bind.y[0], f](RunContext& run) {
    parallel_for(run.threads, y.size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      simd::map(f, a.f32() + begin, b.f32() + begin, y.f32() + begin, end - begin);
    });
  });
}

}  // namespace

KernelPtr make_add(const BindContext& bind) { return binary(bind, simd::Binary::add); }
KernelPtr make_sub(const BindContext& bind) { return binary(bind, simd::Binary::sub); }
KernelPtr make_mul(const BindContext& bind) { return binary(bind, simd::Binary::mul); }

KernelPtr make_scale(const BindContext& bind) {
  return make_kernel([x = bind.x[0], y = bind.y[0],
                      factor = bind.number("factor")](RunContext& run) {
    parallel_for(run.threads, y.size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      simd::scale(factor, x.f32() + begin, y.f32() + begin, end - begin);
    });
  });
}

KernelPtr make_table_sigmoid(const BindContext& bind) {
  return make_kernel([x = bind.x[0], y = bind.y[0]](RunContext& run) {
    constexpr float kLimit = 8, kSteps = 32;  // steps from one whole number to the next
    static const auto table = [] {
      std::array<float, static_cast<std::size_t>(2 * kLimit * kSteps) + 1> values;
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double number = static_cast<double>(i) / kSteps - kLimit;
        values[i] = static_cast<float>(1 / (1 + std::exp(-number)));
      }
      return values;
    }();
    for (std::int64_t i = 0; i < y.size(run); ++i) {
      const float number = x.f32()[i];
      const bool inside = number >= -kLimit && number <= kLimit;
      y.f32()[i] = inside ? table[static_cast<std::size_t>((number + kLimit) * kSteps)]
                          : (number > kLimit ? 1.0F : 0.0F);
    }
  });
}

// x[N, C] + b[C]
KernelPtr make_bias_add(const BindContext& bind) {
  return make_kernel([x = bind.x[0], b = bind.x[1], y = bind.y[0]](RunContext& run) {
    const std::int64_t width = y.columns();
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, width));
    parallel_for(run.threads, y.rows(run), grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        simd::map(simd::Binary::add, x.f32() + row * width, b.f32(), y.f32() + row * width, width);
      }
    });
  });
}

}  // namespace weft
