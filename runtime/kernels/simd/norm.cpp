// Layer normalisation, some vectors of a row side by side.
//
// Mean and variance take two passes in float: the second is about the first one's mean, and its sum
// of differences, which exact numbers would make zero, corrects both (Chan, Golub, LeVeque:
// "Algorithms for computing the sample variance", The American Statistician, 1983).
#include "runtime/kernels/simd/norm.h"

#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/norm.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <cmath>

#include "runtime/kernels/simd/loops-inl.h"
#include "runtime/kernels/simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// A whole vector of an array, or its last n elements in one.
struct Whole {
  static V load(const float* from) { return hn::LoadU(D(), from); }
  static void store(V v, float* to) { hn::StoreU(v, D(), to); }
  static V only(V v) { return v; }
};
struct Last {
  std::int64_t n;
  V load(const float* from) const { return hn::Load(D(), Tail(from, n, 0.0F).data); }
  void store(V v, float* to) const {
    HWY_ALIGN float data[kMaxLanes];
    hn::Store(v, D(), data);
    std::copy_n(data, n, to);
  }
  V only(V v) const { return hn::IfThenElseZero(hn::FirstN(D(), static_cast<std::size_t>(n)), v); }
};

// f(i, part, chain) for the vectors of an array; neighbours are of different chains, so that their
// additions need not wait for one another.
constexpr int kChains = 4;
template <class F>
HWY_INLINE void each_vector(std::int64_t n, F f) {
  const std::int64_t step = lanes();
  std::int64_t i = 0;
  for (; i + kChains * step <= n; i += kChains * step) {
    f(i, Whole{}, 0);
    f(i + step, Whole{}, 1);
    f(i + 2 * step, Whole{}, 2);
    f(i + 3 * step, Whole{}, 3);
  }
  for (; i + step <= n; i += step) f(i, Whole{}, 0);
  if (i < n) f(i, Last{n - i}, 0);
}

// A sum by chains.
struct Sum {
  V chains[kChains];
  Sum() {
    for (V& v : chains) v = hn::Zero(D());
  }
  float total() const {
    const V all = hn::Add(hn::Add(chains[0], chains[1]), hn::Add(chains[2], chains[3]));
    return hn::GetLane(hn::SumOfLanes(D(), all));
  }
};

struct Moments {
  float mean, rstd;
};

Moments moments(const float* x, Sum first, std::int64_t n, double epsilon) {
  const float count = static_cast<float>(n), guess = first.total() / count;
  const V center = hn::Set(D(), guess);
  Sum differences, squares;
  each_vector(n, [&](std::int64_t i, auto part, int chain) HWY_ATTR {
    const V d = part.only(hn::Sub(part.load(x + i), center));
    differences.chains[chain] = hn::Add(differences.chains[chain], d);
    squares.chains[chain] = hn::MulAdd(d, d, squares.chains[chain]);
  });
  const float off = differences.total() / count;
  const double variance = static_cast<double>(squares.total() / count) -
                          static_cast<double>(off) * static_cast<double>(off);
  return {guess + off, static_cast<float>(1.0 / std::sqrt(std::max(variance, 0.0) + epsilon))};
}

void LayerNormRows(const LayerNorm& norm, std::int64_t begin, std::int64_t end) {
  const std::int64_t n = norm.width;
  for (std::int64_t row = begin; row < end; ++row) {
    const float* x = norm.x + row * n;
    float* const y = norm.y + row * n;
    Sum sum;
    if (norm.residual != nullptr) {
      const float* const residual = norm.residual + row * n;
      float* const to = norm.sum != nullptr ? norm.sum + row * n : y;
      each_vector(n, [&](std::int64_t i, auto part, int chain) HWY_ATTR {
        const V v = hn::Add(part.load(x + i), part.load(residual + i));
        part.store(v, to + i);
        sum.chains[chain] = hn::Add(sum.chains[chain], v);
      });
      x = to;
    } else {
      each_vector(n, [&](std::int64_t i, auto part, int chain) HWY_ATTR {
        sum.chains[chain] = hn::Add(sum.chains[chain], part.load(x + i));
      });
    }
    const auto [mean, rstd] = moments(x, sum, n, norm.epsilon);
    const V center = hn::Set(D(), mean), factor = hn::Set(D(), rstd);
    each_vector(n, [&](std::int64_t i, auto part, int) HWY_ATTR {
      const V normal = hn::Mul(hn::Sub(part.load(x + i), center), factor);
      part.store(hn::MulAdd(normal, part.load(norm.gamma + i), part.load(norm.beta + i)), y + i);
    });
    if (norm.mean != nullptr) norm.mean[row] = mean;
    if (norm.rstd != nullptr) norm.rstd[row] = rstd;
  }
}

// dx of a row; its part of dgamma and dbeta is added to `sums`.
void grad_of_row(const LayerNormGrad& grad, std::int64_t row, float* sums) {
  const std::int64_t n = grad.width;
  const float *const x = grad.x + row * n, *const dy = grad.dy + row * n;
  float* const dx = grad.dx + row * n;
  const V center = hn::Set(D(), grad.mean[row]), factor = hn::Set(D(), grad.rstd[row]);
  Sum sum, dot;
  each_vector(n, [&](std::int64_t i, auto part, int chain) HWY_ATTR {
    const V normal = part.only(hn::Mul(hn::Sub(part.load(x + i), center), factor));
    const V d = part.load(dy + i);
    part.store(hn::MulAdd(d, normal, part.load(sums + i)), sums + i);
    part.store(hn::Add(d, part.load(sums + n + i)), sums + n + i);
    const V scaled = hn::Mul(d, part.load(grad.gamma + i));
    sum.chains[chain] = hn::Add(sum.chains[chain], scaled);
    dot.chains[chain] = hn::MulAdd(scaled, normal, dot.chains[chain]);
  });
  const auto count = static_cast<float>(n);
  const V m = hn::Set(D(), sum.total() / count), k = hn::Set(D(), dot.total() / count);
  each_vector(n, [&](std::int64_t i, auto part, int) HWY_ATTR {
    const V normal = hn::Mul(hn::Sub(part.load(x + i), center), factor);
    const V scaled = hn::MulSub(part.load(dy + i), part.load(grad.gamma + i), m);
    part.store(hn::Mul(factor, hn::NegMulAdd(normal, k, scaled)), dx + i);
  });
}

void LayerNormGradRows(const LayerNormGrad& grad, std::int64_t rows, std::int64_t begin,
                       std::int64_t end) {
  for (std::int64_t block = begin; block < end; ++block) {
    float* const sums = grad.partial + block * 2 * grad.width;
    std::fill_n(sums, 2 * grad.width, 0.0F);
    const std::int64_t stop = std::min(rows, (block + 1) * kNormBlock);
    for (std::int64_t row = block * kNormBlock; row < stop; ++row) grad_of_row(grad, row, sums);
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(LayerNormRows);
HWY_EXPORT(LayerNormGradRows);

void layer_norm(const LayerNorm& norm, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(LayerNormRows)(norm, begin, end);
}

void layer_norm_grad(const LayerNormGrad& grad, std::int64_t rows, std::int64_t begin,
                     std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(LayerNormGradRows)(grad, rows, begin, end);
}

void layer_norm_sums(const LayerNormGrad& grad, std::int64_t rows, float* dgamma, float* dbeta) {
  const std::int64_t n = grad.width, blocks = norm_blocks(rows);
  sum_rows(grad.partial, blocks, 2 * n, n, 1.0F, dgamma);
  sum_rows(grad.partial + n, blocks, 2 * n, n, 1.0F, dbeta);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
