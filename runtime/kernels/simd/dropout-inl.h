// Which elements dropout keeps, a vector at a time; included once per target.
#if defined(WEFT_SIMD_DROPOUT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_SIMD_DROPOUT_INL_H
#undef WEFT_SIMD_DROPOUT_INL_H
#else
#define WEFT_SIMD_DROPOUT_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "ir/random.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The hash of ir/random.h, a vector of elements at a time.
template <class D, class V>
HWY_INLINE V random_lanes(D d, RandomKey key, V index) {
  V x = hn::Xor(index, hn::Set(d, key.first));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(d, 0x7FEB352DU));
  x = hn::Add(hn::Xor(x, hn::ShiftRight<15>(x)), hn::Set(d, key.second));
  x = hn::Mul(x, hn::Set(d, 0x846CA68BU));
  return hn::Xor(x, hn::ShiftRight<16>(x));
}

// True for the elements first, first + 1 … whose random bits are below the threshold.
template <class D>
HWY_INLINE hn::Mask<D> dropped_lanes(D d, RandomKey key, std::uint32_t first,
                                     std::uint32_t threshold) {
  // Unsigned comparison by a signed one: both sides moved by 2^31.
  const hn::RebindToUnsigned<D> du;
  const hn::RebindToSigned<D> ds;
  constexpr std::uint32_t half = 0x80000000U;
  const auto bits = hn::Xor(random_lanes(du, key, hn::Iota(du, first)), hn::Set(du, half));
  const auto limit = hn::BitCast(ds, hn::Set(du, threshold ^ half));
  return hn::RebindMask(d, hn::Lt(hn::BitCast(ds, bits), limit));
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
