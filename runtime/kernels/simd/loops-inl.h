// Loops over arrays by vectors, whole ones and a last one filled up; included once per target.
#if defined(WEFT_SIMD_LOOPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_SIMD_LOOPS_INL_H
#undef WEFT_SIMD_LOOPS_INL_H
#else
#define WEFT_SIMD_LOOPS_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kMaxLanes = HWY_MAX_BYTES / sizeof(float);

inline std::int64_t lanes() {
  return static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
}

// The last n < lanes() elements of an array as a whole vector.
struct Tail {
  HWY_ALIGN float data[kMaxLanes];
  Tail(const float* from, std::int64_t n, float fill) {
    std::fill(data, data + kMaxLanes, fill);
    std::copy_n(from, n, data);
  }
};

// y[i] = f(d, x[i])
template <class F>
void for_each(const float* x, float* y, std::int64_t n, F f) {
  const hn::ScalableTag<float> d;
  std::int64_t i = 0;
  for (; i + lanes() <= n; i += lanes()) hn::StoreU(f(d, hn::LoadU(d, x + i)), d, y + i);
  if (i == n) return;
  Tail tail(x + i, n - i, 0.0F);
  hn::Store(f(d, hn::Load(d, tail.data)), d, tail.data);
  std::copy_n(tail.data, n - i, y + i);
}

// y[i] = f(d, a[i], b[i])
template <class F>
void for_each(const float* a, const float* b, float* y, std::int64_t n, F f) {
  const hn::ScalableTag<float> d;
  std::int64_t i = 0;
  for (; i + lanes() <= n; i += lanes()) {
    hn::StoreU(f(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  }
  if (i == n) return;
  Tail tail(a + i, n - i, 0.0F);
  const Tail other(b + i, n - i, 0.0F);
  hn::Store(f(d, hn::Load(d, tail.data), hn::Load(d, other.data)), d, tail.data);
  std::copy_n(tail.data, n - i, y + i);
}

// y[i] = f(d, a[i], b[i], c[i])
template <class F>
void for_each(const float* a, const float* b, const float* c, float* y, std::int64_t n, F f) {
  const hn::ScalableTag<float> d;
  std::int64_t i = 0;
  for (; i + lanes() <= n; i += lanes()) {
    hn::StoreU(f(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i), hn::LoadU(d, c + i)), d, y + i);
  }
  if (i == n) return;
  Tail tail(a + i, n - i, 0.0F);
  const Tail second(b + i, n - i, 0.0F), third(c + i, n - i, 0.0F);
  hn::Store(f(d, hn::Load(d, tail.data), hn::Load(d, second.data), hn::Load(d, third.data)), d,
            tail.data);
  std::copy_n(tail.data, n - i, y + i);
}

// f(x[i]), the last vector filled up with `fill`.
template <class F>
void visit_each(const float* x, std::int64_t n, float fill, F f) {
  const hn::ScalableTag<float> d;
  std::int64_t i = 0;
  for (; i + lanes() <= n; i += lanes()) f(hn::LoadU(d, x + i));
  if (i < n) f(hn::Load(d, Tail(x + i, n - i, fill).data));
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
