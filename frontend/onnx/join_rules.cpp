// The rule of Concat: constants, such as shapes, and features of rows.
#include "frontend/onnx/rules.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

constexpr std::size_t kMostElements = std::size_t{1} << 26U;  // of a constant
constexpr std::int64_t kMostColumns = 1 << 24;

void concat_constants(Importer& m, const Node& node, std::size_t axis) {
  Constant result = m.constant(node, 0);
  result.name.clear();
  std::vector<const Constant*> parts;
  std::int64_t extent = 0;
  std::size_t elements = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    parts.push_back(&m.constant(node, i));
    const Extents& shape = parts.back()->shape;
    if (shape.size() != result.shape.size()) refuse("its inputs have other dimensions");
    for (std::size_t d = 0; d < shape.size(); ++d) {
      if (d != axis && shape[d] != result.shape[d]) refuse("its inputs do not fit each other");
    }
    extent += shape[axis];
    elements += parts.back()->size();
  }
  if (elements > kMostElements) refuse("it makes a constant of {} numbers", elements);
  std::size_t before = 1;
  for (std::size_t d = 0; d < axis; ++d) before *= static_cast<std::size_t>(result.shape[d]);
  result.shape[axis] = extent;
  result.data.clear();
  result.symbolic.clear();
  for (std::size_t b = 0; b < before; ++b) {
    for (const Constant* part : parts) {
      const std::size_t each = part->size() / before;
      for (std::size_t i = 0; i < each; ++i) result.push(part->at(b * each + i));
    }
  }
  m.set(node, std::move(result));
}

void concat_rows(Importer& m, const Node& node, std::size_t axis) {
  Rows result = m.rows(node, 0);
  std::vector<ValueId> parts;
  std::int64_t width = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Rows& part = m.rows(node, i);
    const std::int64_t columns = m.columns(part.id);
    bool fits = part.offsets == result.offsets && part.view.size() == result.view.size() &&
                is_whole(part.view[axis], columns);
    for (std::size_t d = 0; fits && d < part.view.size(); ++d) {
      fits = d == axis || part.view[d] == result.view[d];
    }
    if (!fits)
      refuse("it joins {} and {} along dimension {}", to_string(result.view), to_string(part.view),
             axis);
    parts.push_back(part.id);
    width += columns;
  }
  if (width > kMostColumns) refuse("it makes {} features", width);
  if (parts.size() > 1) result.id = m.add(ops::concat, parts);
  result.view[axis] = feature_axis(width);
  m.set(node, std::move(result));
}

void concat(Importer& m, const Node& node) {
  const Sizes shape = shape_of(m.input(node, 0));
  const std::size_t axis = axis_of(node.integer("axis", 0), shape.size());
  const auto all = [&]<class Kind>(const Kind*) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (!std::holds_alternative<Kind>(m.input(node, i))) return false;
    }
    return true;
  };
  if (all(static_cast<const Constant*>(nullptr))) return concat_constants(m, node, axis);
  if (all(static_cast<const Rows*>(nullptr))) return concat_rows(m, node, axis);
  Pattern result{Pattern::Kind::unknown, ElementType::i64, shape, 0, 0};
  result.shape[axis] = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Value& part = m.input(node, i);
    const Sizes sizes = shape_of(part);
    const bool pattern =
        std::holds_alternative<Pattern>(part) || std::holds_alternative<Constant>(part);
    if (!pattern || sizes.size() != shape.size()) refuse("it joins {}", describe(part));
    result.shape[axis] = result.shape[axis] + sizes[axis];
  }
  m.set(node, std::move(result));
}

constexpr OpRule kRules[] = {{"Concat", concat}};

}  // namespace

std::span<const OpRule> join_rules() { return kRules; }

}  // namespace weft::onnx
