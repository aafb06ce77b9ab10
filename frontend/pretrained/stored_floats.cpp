// Conversion in blocks of a fixed size, which compilers turn into vector instructions.
#include "frontend/pretrained/stored_floats.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace weft {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::uint32_t kExponent = 0x7F80'0000;  // of a float; all ones where it is not finite

std::uint32_t from_f32(std::uint32_t bits) { return bits; }

std::uint32_t from_bf16(std::uint16_t bits) { return std::uint32_t{bits} << 16; }

// A half has 5 bits of exponent, biased by 15, and 10 of mantissa. Moved into a float's place, its
// exponent lacks 127 - 15; an exponent of all ones gets as much again, so that it stays all ones; a
// subnormal half gets an implied one, which a subtraction takes away: that normalises it, and no
// float here is subnormal, so that flushing them changes nothing.
std::uint32_t from_f16(std::uint16_t half) {
  constexpr std::uint32_t kHalfExponent = 0x7C00U << 13;
  constexpr std::uint32_t kBias = (127U - 15U) << 23;
  constexpr std::uint32_t kImpliedOne = 1U << 23;
  constexpr auto kSmallestNormal = std::bit_cast<float>(kBias + kImpliedOne);
  const std::uint32_t moved = (half & 0x7FFFU) << 13;
  const std::uint32_t exponent = moved & kHalfExponent;
  const std::uint32_t normal = moved + kBias;
  const auto subnormal =
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(normal + kImpliedOne) - kSmallestNormal);
  // Masks instead of choices: those would become branches.
  const std::uint32_t is_subnormal = 0U - static_cast<std::uint32_t>(exponent == 0);
  const std::uint32_t is_extreme = 0U - static_cast<std::uint32_t>(exponent == kHalfExponent);
  const std::uint32_t magnitude =
      (subnormal & is_subnormal) | ((normal + (kBias & is_extreme)) & ~is_subnormal);
  return magnitude | (half & 0x8000U) << 16;
}

// One block; returns whether some number is not finite.
template <typename Stored, std::uint32_t (*convert)(Stored)>
std::uint32_t convert_block(const std::array<Stored, kBlock>& in, std::array<float, kBlock>& out) {
  std::uint32_t strange = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const std::uint32_t bits = convert(in[i]);
    strange |= (bits & kExponent) == kExponent ? 1U : 0U;
    out[i] = std::bit_cast<float>(bits);
  }
  return strange;
}

template <typename Stored, std::uint32_t (*convert)(Stored)>
bool convert_all(const std::byte* from, std::span<float> into) {
  std::array<Stored, kBlock> in{};
  std::array<float, kBlock> out{};
  std::uint32_t strange = 0;
  std::size_t i = 0;
  for (; i + kBlock <= into.size(); i += kBlock) {
    std::memcpy(in.data(), from + i * sizeof(Stored), sizeof(in));
    strange |= convert_block<Stored, convert>(in, out);
    std::memcpy(&into[i], out.data(), sizeof(out));
  }
  if (const std::size_t rest = into.size() - i; rest > 0) {
    in.fill(0);
    std::memcpy(in.data(), from + i * sizeof(Stored), rest * sizeof(Stored));
    strange |= convert_block<Stored, convert>(in, out);
    std::memcpy(&into[i], out.data(), rest * sizeof(float));
  }
  return strange == 0;
}

}  // namespace

std::optional<StoredFloat> find_stored_float(std::string_view name) {
  if (name == "F32") return StoredFloat::f32;
  if (name == "F16") return StoredFloat::f16;
  if (name == "BF16") return StoredFloat::bf16;
  return std::nullopt;
}

std::size_t size_of(StoredFloat kind) { return kind == StoredFloat::f32 ? 4 : 2; }

bool to_floats(StoredFloat kind, const std::byte* from, std::span<float> into) {
  switch (kind) {
    case StoredFloat::f32:
      return convert_all<std::uint32_t, from_f32>(from, into);
    case StoredFloat::f16:
      return convert_all<std::uint16_t, from_f16>(from, into);
    case StoredFloat::bf16:
      return convert_all<std::uint16_t, from_bf16>(from, into);
  }
  return false;
}

}  // namespace weft
