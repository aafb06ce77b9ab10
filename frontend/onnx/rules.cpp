// All rules, by the names of their ops, and what several of them need.
#include "frontend/onnx/rules.h"

#include <algorithm>
#include <array>

#include "ir/ops/ops.h"

namespace weft::onnx {

const OpRule* find_rule(std::string_view op) {
  for (const auto rules :
       {constant_rules(), shape_rules(), cut_rules(), join_rules(), elementwise_rules(),
        activation_rules(), layer_rules(), pool_rules(), attention_rules()}) {
    const auto found = std::ranges::find(rules, op, &OpRule::name);
    if (found != rules.end()) return &*found;
  }
  return nullptr;
}

std::size_t axis_of(std::int64_t axis, std::size_t rank) {
  const auto of = static_cast<std::int64_t>(rank);
  if (axis < -of || axis >= of) refuse("axis {} of {} dimensions", axis, rank);
  return static_cast<std::size_t>(axis < 0 ? axis + of : axis);
}

Sizes broadcast(const Sizes& a, const Sizes& b) {
  Sizes result(std::max(a.size(), b.size()), Number(1));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto at = [&](const Sizes& s) {
      const std::size_t missing = result.size() - s.size();
      return i < missing ? Number(1) : s[i - missing];
    };
    const Number x = at(a), y = at(b);
    if (x != y && x != Number(1) && y != Number(1)) {
      refuse("sizes {} and {} do not fit each other", to_string(x), to_string(y));
    }
    result[i] = x == Number(1) ? y : x;
  }
  return result;
}

std::vector<std::size_t> broadcast_index(const Extents& from, const Extents& to) {
  const std::size_t missing = to.size() - from.size();
  std::vector<std::size_t> strides(to.size(), 0);
  std::size_t stride = 1;
  for (std::size_t i = from.size(); i-- > 0;) {
    if (from[i] != 1) strides[missing + i] = stride;
    stride *= static_cast<std::size_t>(from[i]);
  }
  std::vector<std::size_t> index;
  Extents at(to.size(), 0);
  std::int64_t count = 1;
  for (const std::int64_t extent : to) count *= extent;
  for (std::int64_t n = 0; n < count; ++n) {
    std::size_t place = 0;
    for (std::size_t i = 0; i < to.size(); ++i) {
      place += static_cast<std::size_t>(at[i]) * strides[i];
    }
    index.push_back(place);
    for (std::size_t i = to.size(); i-- > 0 && ++at[i] == to[i];) at[i] = 0;
  }
  return index;
}

ValueId cut_columns(Importer& m, ValueId x, std::int64_t begin, std::int64_t end) {
  if (begin == 0 && end == m.columns(x)) return x;
  return m.add(ops::slice, {x}, {{"axis", std::int64_t{1}}, {"begin", begin}, {"end", end}});
}

Sizes sizes_of(Importer& m, const Node& node, std::size_t i) {
  const Constant& numbers = m.constant(node, i);
  Sizes sizes;
  for (std::size_t k = 0; k < numbers.size(); ++k) sizes.push_back(numbers.at(k));
  return sizes;
}

std::optional<Extents> known(const Sizes& sizes) {
  Extents extents;
  double elements = 1;
  for (const Number& size : sizes) {
    elements *= std::max(size.plus, 1.0);
    if (!size.is_known() || size.plus < 0 || elements > 0x1p40) return std::nullopt;
    extents.push_back(static_cast<std::int64_t>(size.plus));
  }
  return extents;
}

std::optional<Number> uniform_number(const Value& value) {
  if (const auto* pattern = std::get_if<Pattern>(&value)) {
    if (pattern->kind == Pattern::Kind::uniform) return pattern->first;
    return std::nullopt;
  }
  const auto* c = std::get_if<Constant>(&value);
  if (c == nullptr || c->size() == 0) return std::nullopt;
  const Number first = c->at(0);
  for (std::size_t i = 1; i < c->size(); ++i) {
    if (c->at(i) != first) return std::nullopt;
  }
  return first;
}

}  // namespace weft::onnx
