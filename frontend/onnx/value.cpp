// Shapes of values, and their names in messages.
#include "frontend/onnx/value.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::onnx {
Number Constant::at(std::size_t i) const {
  const auto found = symbolic.find(i);
  return found == symbolic.end() ? Number(data[i]) : found->second;
}

void Constant::push(const Number& number) {
  if (!number.is_known()) symbolic.emplace(data.size(), number);
  data.push_back(number.plus);
}

Sizes shape_of(const Value& value) {
  if (const auto* constant = std::get_if<Constant>(&value)) {
    return {constant->shape.begin(), constant->shape.end()};
  }
  if (const auto* pattern = std::get_if<Pattern>(&value)) return pattern->shape;
  if (const auto* rows = std::get_if<Rows>(&value)) return shape_of(rows->view);
  if (const auto* scores = std::get_if<Scores>(&value)) return shape_of(scores->view);
  if (const auto* part = std::get_if<Part>(&value)) return shape_of(part->view);
  return {};
}

std::string describe(const Value& value) {
  std::string shape = to_string(shape_of(value));
  if (std::holds_alternative<Constant>(value)) return "a constant " + shape;
  if (std::holds_alternative<Pattern>(value)) return "a mask or positions " + shape;
  if (std::holds_alternative<Scores>(value)) return "attention's scores " + shape;
  if (std::holds_alternative<Part>(value)) return "a part of a normalisation or gelu " + shape;
  return shape;
}

}  // namespace weft::onnx
