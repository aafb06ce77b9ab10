// Optimizer steps by vectors of weights, gradients and states; included once per target.
#if defined(WEFT_SIMD_EACH_WEIGHT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_SIMD_EACH_WEIGHT_INL_H
#undef WEFT_SIMD_EACH_WEIGHT_INL_H
#else
#define WEFT_SIMD_EACH_WEIGHT_INL_H
#endif

#include <hwy/highway.h>

#include "runtime/kernels/simd/loops-inl.h"
#include "runtime/kernels/simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

// One vector each of weights, gradients and states.
template <class D>
struct Vectors {
  hn::Vec<D> w, g, first, second;

  Vectors(D d, const Update& u, std::int64_t i)
      : w(hn::LoadU(d, u.w + i)),
        g(hn::LoadU(d, u.g + i)),
        first(u.first != nullptr ? hn::LoadU(d, u.first + i) : hn::Zero(d)),
        second(u.second != nullptr ? hn::LoadU(d, u.second + i) : hn::Zero(d)) {}
  void store(D d, const Update& u, std::int64_t i) const {
    hn::StoreU(w, d, u.to_w + i);
    if (u.first != nullptr) hn::StoreU(first, d, u.to_first + i);
    if (u.second != nullptr) hn::StoreU(second, d, u.to_second + i);
  }
};

// Fewer weights than a vector has, in copies.
template <class Step>
void each_weight_of_few(const Update& u, Step step) {
  const hn::ScalableTag<float> d;
  const auto copy = [&](const float* from) {
    return Tail(from != nullptr ? from : u.w, u.n, 0.0F);
  };
  Tail w = copy(u.w), g = copy(u.g), first = copy(u.first), second = copy(u.second);
  const Update few{w.data,
                   g.data,
                   u.first != nullptr ? first.data : nullptr,
                   u.second != nullptr ? second.data : nullptr,
                   w.data,
                   first.data,
                   second.data,
                   lanes()};
  Vectors<decltype(d)> x(d, few, 0);
  step(d, x.w, x.g, x.first, x.second);
  x.store(d, few, 0);
  std::copy_n(w.data, u.n, u.to_w);
  if (u.first != nullptr) std::copy_n(first.data, u.n, u.to_first);
  if (u.second != nullptr) std::copy_n(second.data, u.n, u.to_second);
}

// `step` is given the vectors, changes them in place. Where the last one overlaps the one before,
// it has been read before that was written.
template <class Step>
void each_weight(const Update& u, Step step) {
  const hn::ScalableTag<float> d;
  using All = Vectors<hn::ScalableTag<float>>;
  if (u.n < lanes()) return each_weight_of_few(u, step);
  All last(d, u, u.n - lanes());
  std::int64_t i = 0;
  for (; i + lanes() <= u.n; i += lanes()) {
    All x(d, u, i);
    step(d, x.w, x.g, x.first, x.second);
    x.store(d, u, i);
  }
  if (i == u.n) return;
  step(d, last.w, last.g, last.first, last.second);
  last.store(d, u, u.n - lanes());
}

// For steps without a gradient: the gradients that are read then are not used.
inline Update without_gradient(Update u) {
  u.g = u.w;
  return u;
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard, toggled per target
