// Rules of ops that make what is known when the file is read: constants, shapes, positions.
#include <algorithm>
#include <cmath>

#include "frontend/onnx/rules.h"
#include "frontend/pretrained/safetensors_header.h"
#include "ir/type.h"

namespace weft::onnx {
namespace {

constexpr std::size_t kMostElements = std::size_t{1} << 22U;  // of what is counted

const Tensor& tensor_of(const Node& node) {
  const auto found = node.attributes.find("value");
  if (!found->second.tensor) refuse("its value is no tensor");
  return *found->second.tensor;
}

void identity(Importer& m, const Node& node) { m.set(node, m.input(node, 0)); }

void constant(Importer& m, const Node& node) {
  Constant value;
  if (node.attributes.size() > 1) refuse("it has several attributes, but it is one value");
  if (node.has("value")) return m.set(node, m.load(tensor_of(node)));
  if (node.has("value_float")) {
    value.data = {node.real("value_float", 0)};
  } else if (node.has("value_int")) {
    value.type = ElementType::i64;
    value.data = {static_cast<double>(node.integer("value_int", 0))};
  } else if (node.has("value_ints")) {
    value.type = ElementType::i64;
    for (const std::int64_t n : node.integers("value_ints")) {
      value.data.push_back(static_cast<double>(n));
    }
    value.shape = {std::ssize(value.data)};
  } else if (node.has("value_floats")) {
    const auto& reals = node.attributes.find("value_floats")->second.reals;
    value.data.assign(reals.begin(), reals.end());
    value.shape = {std::ssize(value.data)};
  } else {
    refuse("it holds neither numbers nor a tensor of them");
  }
  m.set(node, std::move(value));
}

void shape(Importer& m, const Node& node) {
  const Sizes sizes = shape_of(m.input(node, 0));
  const auto rank = std::ssize(sizes);
  const auto at = [&](std::int64_t i) {
    return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank);
  };
  const std::int64_t begin = at(node.integer("start", 0)), end = at(node.integer("end", rank));
  Constant result;
  result.type = ElementType::i64;
  for (std::int64_t i = begin; i < end; ++i) result.push(sizes[static_cast<std::size_t>(i)]);
  result.shape = {std::ssize(result.data)};
  m.set(node, std::move(result));
}

void constant_of_shape(Importer& m, const Node& node) {
  Pattern pattern;
  pattern.type = ElementType::f32;
  pattern.shape = sizes_of(m, node, 0);
  if (node.has("value")) {
    const Value number = m.load(tensor_of(node));
    const auto& one = std::get<Constant>(number);
    if (one.size() != 1) refuse("its value is not one number");
    pattern.type = one.type;
    pattern.first = one.data.front();
  }
  const auto extents = known(pattern.shape);
  constexpr std::int64_t kSmall = 4096;
  if (!extents || elements_of(*extents) > kSmall) return m.set(node, std::move(pattern));
  Constant result;
  result.type = pattern.type;
  result.shape = *extents;
  result.data.assign(static_cast<std::size_t>(elements_of(*extents)), pattern.first.plus);
  m.set(node, std::move(result));
}

void range(Importer& m, const Node& node) {
  const auto number = [&](std::size_t i) {
    const Constant& c = m.constant(node, i);
    if (c.size() != 1) refuse("input {} is not one number", i + 1);
    return c.at(0);
  };
  const Number first = number(0), end = number(1), step = number(2);
  const ElementType type = m.constant(node, 0).type;
  if (first.is_known() && end.is_known() && step.is_known() && step.plus != 0) {
    const double count = std::max(0.0, std::ceil((end.plus - first.plus) / step.plus));
    if (!(count <= static_cast<double>(kMostElements))) refuse("it counts {} numbers", count);
    Constant result;
    result.type = type;
    for (double i = 0; i < count; ++i) result.data.push_back(first.plus + i * step.plus);
    result.shape = {std::ssize(result.data)};
    return m.set(node, std::move(result));
  }
  if (step != Number(1)) refuse("it counts by steps of {}", to_string(step));
  m.set(node, Pattern{Pattern::Kind::counting, type, {end - first}, first, 0});
}

void cast(Importer& m, const Node& node) {
  Value value = m.input(node, 0);
  const std::int64_t to = node.integer("to", 0);
  const auto type = static_cast<ElementType>(to);
  const bool is_float = type == ElementType::f32 || type == ElementType::f64;
  const bool is_known = is_float || type == ElementType::i64 || type == ElementType::i32 ||
                        type == ElementType::boolean;
  if (!is_known || to > 0xFF) refuse("it makes {} numbers, which weft does not", type_name(to));
  const auto converted = [&](const Number& n) {
    if (type == ElementType::boolean) {
      const auto zero = is_equal(n, 0);
      if (!zero) refuse("whether {} is 0 depends on the text", to_string(n));
      return Number(*zero ? 0 : 1);
    }
    return n.is_known() && !is_float ? Number(std::trunc(n.plus)) : n;
  };
  if (auto* c = std::get_if<Constant>(&value)) {
    Constant result;
    result.type = type;
    result.shape = c->shape;
    result.name = c->name;
    for (std::size_t i = 0; i < c->size(); ++i) result.push(converted(c->at(i)));
    value = std::move(result);
  } else if (auto* pattern = std::get_if<Pattern>(&value)) {
    pattern->type = type;
    if (pattern->kind == Pattern::Kind::uniform) pattern->first = converted(pattern->first);
    if (pattern->kind == Pattern::Kind::counting && type == ElementType::boolean) {
      pattern->kind = Pattern::Kind::unknown;
    }
  } else if (auto* rows = std::get_if<Rows>(&value)) {
    const bool ids = m.graph()[rows->id].type.dtype != DType::f32;
    if (ids && type == ElementType::boolean) {
      m.left_out(0);
      value = Pattern{Pattern::Kind::uniform, type, shape_of(value), 1, 0};
    } else if (ids == is_float) {
      refuse("it makes {} of {}", type_name(to), describe(value));
    }
  }
  m.set(node, std::move(value));
}

constexpr OpRule kRules[] = {
    {"Identity", identity},
    {"Dropout", identity},
    {"Constant", constant},
    {"Shape", shape},
    {"ConstantOfShape", constant_of_shape},
    {"Range", range},
    {"Cast", cast},
};

}  // namespace

std::span<const OpRule> constant_rules() { return kRules; }

}  // namespace weft::onnx
