// Counter-based: element i of a weight is a hash of (seed, name, i).
#include "frontend/train/initialize_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ir/op.h"
#include "ir/random.h"

namespace weft {

std::string_view init_of(const Value& value) {
  const auto init = value.attrs.find("init");
  if (init == value.attrs.end()) return "zeros";
  return std::get<std::string>(init->second);
}

void initialize(const Value& value, std::uint64_t seed, std::span<std::byte> bytes) {
  const std::string_view kind = init_of(value);
  if (kind == "zeros") return;
  if (kind == "imported") {
    throw Error(fmt::format("{}: its numbers come from an imported model", value.name),
                "only `weft import` makes plans with quantized_embedding or quantized_linear");
  }
  WEFT_CHECK(value.type.dtype == DType::f32);
  const std::size_t count = bytes.size() / sizeof(float);
  const auto put = [&](std::size_t i, double x) {
    const auto number = static_cast<float>(x);
    std::memcpy(bytes.data() + i * sizeof(float), &number, sizeof(float));
  };
  if (kind == "ones") {
    for (std::size_t i = 0; i < count; ++i) put(i, 1.0);
    return;
  }
  if (kind != "uniform") {
    throw Error(fmt::format("{}: there is no initialisation `{}`", value.name, kind),
                "known: uniform, ones, zeros");
  }
  const double scale = float_attr(value.attrs, "scale");
  const RandomKey key = random_key(static_cast<std::int64_t>(seed), 0,
                                   static_cast<std::int64_t>(hash_name(value.name)));
  for (std::size_t i = 0; i < count; ++i) {
    put(i, scale * (2.0 * random_uniform(key, static_cast<std::uint32_t>(i)) - 1.0));
  }
  // A row that training may never meet, such as that of unknown words, must not say anything.
  if (const auto rows = value.attrs.find("zero_rows"); rows != value.attrs.end()) {
    const auto width = static_cast<std::size_t>(value.type.shape[1].value);
    const auto zeros = static_cast<std::size_t>(std::get<std::int64_t>(rows->second)) * width;
    std::memset(bytes.data(), 0, std::min(zeros, count) * sizeof(float));
  }
}

}  // namespace weft
