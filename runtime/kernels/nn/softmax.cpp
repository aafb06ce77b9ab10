// Softmax and its logarithm over rows, and their gradients.
#include <algorithm>
#include <cmath>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

std::int64_t rows_grain(std::int64_t width) {
  return 1 + (1 << 13) / std::max<std::int64_t>(1, width);
}

KernelPtr softmax(const BindContext& bind, bool log) {
  return make_kernel([x = bind.x[0], y = bind.y[0], log](RunContext& run) {
    const std::int64_t width = y.columns();
    parallel_for(run.threads, y.rows(run), rows_grain(width),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   simd::softmax(x.f32() + begin * width, y.f32() + begin * width, nullptr,
                                 end - begin, width, log);
                 });
  });
}

// f(y, dy, dx, width) for each row.
template <typename F>
KernelPtr row_gradient(const BindContext& bind, F f) {
  return make_kernel([y = bind.x[0], dy = bind.x[1], dx = bind.y[0], f](RunContext& run) {
    const std::int64_t width = y.columns();
    parallel_for(run.threads, y.rows(run), rows_grain(width),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (std::int64_t at = begin * width; at < end * width; at += width) {
                     f(y.f32() + at, dy.f32() + at, dx.f32() + at, width);
                   }
                 });
  });
}

}  // namespace

KernelPtr make_softmax(const BindContext& bind) { return softmax(bind, false); }
KernelPtr make_log_softmax(const BindContext& bind) { return softmax(bind, true); }

// dx = y * (dy - sum of y dy)
KernelPtr make_softmax_grad(const BindContext& bind) {
  return row_gradient(bind, [](const float* y, const float* dy, float* dx, std::int64_t n) {
    float dot = 0;
    for (std::int64_t c = 0; c < n; ++c) dot += y[c] * dy[c];
    for (std::int64_t c = 0; c < n; ++c) dx[c] = y[c] * (dy[c] - dot);
  });
}

// dx = dy - e^y * sum of dy
KernelPtr make_log_softmax_grad(const BindContext& bind) {
  return row_gradient(bind, [](const float* y, const float* dy, float* dx, std::int64_t n) {
    float sum = 0;
    for (std::int64_t c = 0; c < n; ++c) sum += dy[c];
    for (std::int64_t c = 0; c < n; ++c) dx[c] = dy[c] - std::exp(y[c]) * sum;
  });
}

}  // namespace weft
