// Written by hand: a library for JSON writes doubles, whose digits say more than an f32 holds.
#include "frontend/graph_tests/json_tensor.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace weft {
namespace {

std::string number_json(double number, DType dtype) {
  if (!std::isfinite(number)) return "null";
  if (dtype != DType::f32) return fmt::format("{:.0f}", number);
  return fmt::format("{}", static_cast<float>(number));
}

void append(std::string& text, const Tensor& tensor, DType dtype, std::size_t axis,
            std::size_t& at) {
  if (axis == tensor.shape.size()) {
    text += number_json(tensor.data[at++], dtype);
    return;
  }
  text += '[';
  for (std::int64_t i = 0; i < tensor.shape[axis]; ++i) {
    if (i > 0) text += ", ";
    append(text, tensor, dtype, axis + 1, at);
  }
  text += ']';
}

}  // namespace

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_of(const Tensor& tensor, DType dtype) {
  std::string text;
  std::size_t at = 0;
  append(text, tensor, dtype, 0, at);
  return text;
}

}  // namespace weft
