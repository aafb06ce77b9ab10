// Reading a segment of a tap table as vectors; included once per target.
#if defined(WEFT_SIMD_TAP_LOADS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_SIMD_TAP_LOADS_INL_H
#undef WEFT_SIMD_TAP_LOADS_INL_H
#else
#define WEFT_SIMD_TAP_LOADS_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Sums are kept in floats, or in i16 for tables of integers.
template <class T>
struct SumOf {
  using type = std::int16_t;
};
template <>
struct SumOf<float> {
  using type = float;
};

// A vector of sums from aligned elements of the table.
template <class D>
HWY_INLINE hn::Vec<D> load_taps(D d, const hn::TFromD<D>* from) {
  return hn::Load(d, from);
}
template <class D>
HWY_INLINE hn::Vec<D> load_taps(D d, const std::int8_t* from) {
  return hn::PromoteTo(d, hn::Load(hn::Rebind<std::int8_t, D>(), from));
}

// Stores sums as floats.
template <class D, HWY_IF_FLOAT(hn::TFromD<D>)>
HWY_INLINE void store_floats(D d, hn::Vec<D> v, float* to) {
  hn::StoreU(v, d, to);
}
template <class D, HWY_IF_NOT_FLOAT(hn::TFromD<D>)>
HWY_INLINE void store_floats(D d, hn::Vec<D> v, float* to) {
  HWY_ALIGN std::int16_t sums[HWY_MAX_BYTES / sizeof(std::int16_t)];
  hn::Store(v, d, sums);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) to[i] = static_cast<float>(sums[i]);
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
