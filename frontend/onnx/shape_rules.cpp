// Rules of ops that look at shapes or change them: run when the file is read, no op is left of
// them.
#include <algorithm>
#include <cmath>

#include "frontend/onnx/rules.h"
#include "frontend/pretrained/safetensors_header.h"
#include "ir/op.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

constexpr std::size_t kMostElements = std::size_t{1} << 22U;  // of what is not a weight

Number product(const Sizes& sizes) {
  Number all = 1;
  for (const Number& size : sizes) all = all * size;
  return all;
}

// A tensor's axes put in another order.
void transpose(Importer& m, const Node& node) {
  Value value = m.input(node, 0);
  const std::size_t rank = shape_of(value).size();
  std::vector<std::int64_t> given = node.integers("perm");
  if (given.empty()) {
    for (std::size_t i = rank; i > 0; --i) given.push_back(static_cast<std::int64_t>(i - 1));
  }
  std::vector<std::size_t> order;
  for (const std::int64_t axis : given) order.push_back(axis_of(axis, rank));
  std::vector<std::size_t> sorted = order;
  std::ranges::sort(sorted);
  if (order.size() != rank || std::ranges::adjacent_find(sorted) != sorted.end()) {
    refuse("perm is no order of {} dimensions", rank);
  }
  const auto permuted = [&](const auto& list) {
    auto result = list;
    for (std::size_t i = 0; i < rank; ++i) result[i] = list[order[i]];
    return result;
  };
  if (auto* c = std::get_if<Constant>(&value)) {
    Constant result = *c;
    result.shape = permuted(c->shape);
    Extents strides(rank, 1);
    for (std::size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * c->shape[i];
    strides = permuted(strides);
    result.data.clear();
    result.symbolic.clear();
    Extents at(rank, 0);
    for (std::size_t n = 0; n < c->size(); ++n) {
      std::int64_t from = 0;
      for (std::size_t i = 0; i < rank; ++i) from += at[i] * strides[i];
      result.push(c->at(static_cast<std::size_t>(from)));
      for (std::size_t i = rank; i-- > 0 && ++at[i] == result.shape[i];) at[i] = 0;
    }
    value = std::move(result);
  } else if (auto* pattern = std::get_if<Pattern>(&value)) {
    pattern->shape = permuted(pattern->shape);
    pattern->axis =
        static_cast<std::size_t>(std::ranges::find(order, pattern->axis) - order.begin());
  } else if (auto* rows = std::get_if<Rows>(&value)) {
    rows->view = permuted(rows->view);
  } else if (auto* scores = std::get_if<Scores>(&value)) {
    scores->view = permuted(scores->view);
  } else {
    refuse("it transposes {}", describe(value));
  }
  m.set(node, std::move(value));
}

// Where one number in `shape` is -1, what it stands for.
Sizes completed(Sizes shape, const Sizes& from) {
  const auto open = std::ranges::find(shape, Number(-1));
  if (open == shape.end()) return shape;
  *open = 1;
  *open = divide(product(from), product(shape), true);
  return shape;
}

Value reshaped(const Value& value, const Sizes& shape) {
  if (const auto* c = std::get_if<Constant>(&value)) {
    const auto extents = known(completed(shape, shape_of(value)));
    if (!extents || elements_of(*extents) != std::ssize(c->data)) {
      refuse("it reshapes {} to a shape of another size", describe(value));
    }
    Constant result = *c;
    result.shape = *extents;
    return result;
  }
  if (const auto* pattern = std::get_if<Pattern>(&value)) {
    Pattern result = *pattern;
    result.shape = completed(shape, pattern->shape);
    if (pattern->kind != Pattern::Kind::counting) return result;
    // What counts along an axis still does if only axes of size 1 come or go.
    const Number size = pattern->shape[pattern->axis];
    const auto at = std::ranges::find(result.shape, size);
    const bool same = at != result.shape.end() && product(result.shape) == size &&
                      product(pattern->shape) == size;
    result.axis = static_cast<std::size_t>(at - result.shape.begin());
    if (!same) result.kind = Pattern::Kind::unknown;
    return result;
  }
  const auto changed = [&](auto rows) {
    View view;
    if (!reshape(rows.view, shape, view)) {
      throw Refused{fmt::format("it reshapes {} to {}", describe(value), to_string(shape)),
                    "weft keeps batch, length and features apart; or the exporter fixed a length "
                    "or a batch: export with dynamic axes"};
    }
    rows.view = std::move(view);
    return rows;
  };
  if (const auto* rows = std::get_if<Rows>(&value)) return changed(*rows);
  if (const auto* scores = std::get_if<Scores>(&value)) return changed(*scores);
  refuse("it reshapes {}", describe(value));
}

void reshape_rule(Importer& m, const Node& node) {
  const Value& value = m.input(node, 0);
  const Sizes from = shape_of(value);
  Sizes to = sizes_of(m, node, 1);
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] == Number(0) && node.integer("allowzero", 0) == 0) {
      if (i >= from.size()) refuse("its shape keeps dimension {} of {}", i, from.size());
      to[i] = from[i];
    }
  }
  if (std::ranges::count(to, Number(-1)) > 1) refuse("its shape has two open dimensions");
  m.set(node, reshaped(value, to));
}

void flatten(Importer& m, const Node& node) {
  const Value& value = m.input(node, 0);
  const Sizes from = shape_of(value);
  const std::int64_t given = node.integer("axis", 1);
  const auto rank = std::ssize(from);
  if (given < -rank || given > rank) refuse("axis {} of {} dimensions", given, rank);
  const auto cut = from.begin() + (given < 0 ? given + rank : given);
  m.set(node, reshaped(value, {product({from.begin(), cut}), product({cut, from.end()})}));
}

// Leaves out axes of size 1.
template <class List, class IsOne>
void drop(List& list, const std::vector<std::size_t>& axes, IsOne&& is_one, const Value& value) {
  List kept;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (std::ranges::find(axes, i) == axes.end()) {
      kept.push_back(list[i]);
    } else if (!is_one(list[i])) {
      throw Refused{fmt::format("it leaves out dimension {} of {}, which is not of size 1", i,
                                describe(value)),
                    "if it pools over a length that the exporter fixed: pool by x.amax(2), or "
                    "export without dynamic axes"};
    }
  }
  list = std::move(kept);
}

void squeeze(Importer& m, const Node& node) {
  Value value = m.input(node, 0);
  const Value whole = value;
  const Sizes sizes = shape_of(value);
  std::vector<std::size_t> axes;
  if (const auto given = m.axes(node, 1, sizes.size())) {
    axes = *given;
  } else {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] == Number(1)) axes.push_back(i);
    }
  }
  const auto one_size = [](const auto& size) {
    return Number(static_cast<double>(size)) == Number(1);
  };
  const auto one_number = [](const Number& size) { return size == Number(1); };
  const auto one_axis = [](const Axis& axis) { return size_of(axis) == Number(1); };
  if (auto* c = std::get_if<Constant>(&value)) {
    drop(c->shape, axes, one_size, whole);
  } else if (auto* pattern = std::get_if<Pattern>(&value)) {
    pattern->axis -= static_cast<std::size_t>(
        std::ranges::count_if(axes, [&](std::size_t a) { return a < pattern->axis; }));
    drop(pattern->shape, axes, one_number, whole);
  } else if (auto* rows = std::get_if<Rows>(&value)) {
    drop(rows->view, axes, one_axis, whole);
    const bool had_length =
        find_axis(std::get<Rows>(whole).view, Factor::Kind::time) != sizes.size();
    if (had_length && find_axis(rows->view, Factor::Kind::time) == rows->view.size()) {
      rows->id = m.add(ops::pick_row, {rows->id, rows->offsets}, {{"which", std::string("first")}});
      rows->offsets = kNoValue;  // texts of one row: a row for each
    }
  } else if (auto* scores = std::get_if<Scores>(&value)) {
    drop(scores->view, axes, one_axis, whole);
  } else if (auto* part = std::get_if<Part>(&value)) {
    drop(part->view, axes, one_axis, whole);
  }
  m.set(node, std::move(value));
}

void unsqueeze(Importer& m, const Node& node) {
  Value value = m.input(node, 0);
  std::vector<std::int64_t> given = node.integers("axes");
  if (m.has_input(node, 1)) given = m.integers(node, 1);
  const std::size_t rank = shape_of(value).size() + given.size();
  std::set<std::size_t> axes;
  for (const std::int64_t axis : given) axes.insert(axis_of(axis, rank));
  if (axes.size() != given.size() || rank > 8) refuse("its axes are [{}]", fmt::join(given, ", "));
  for (const std::size_t axis : axes) {
    const auto at = static_cast<std::ptrdiff_t>(axis);
    if (auto* c = std::get_if<Constant>(&value)) {
      c->shape.insert(c->shape.begin() + at, 1);
    } else if (auto* pattern = std::get_if<Pattern>(&value)) {
      pattern->shape.insert(pattern->shape.begin() + at, Number(1));
      if (axis <= pattern->axis) ++pattern->axis;
    } else if (auto* rows = std::get_if<Rows>(&value)) {
      rows->view.insert(rows->view.begin() + at, Axis());
    } else if (auto* scores = std::get_if<Scores>(&value)) {
      scores->view.insert(scores->view.begin() + at, Axis());
    } else if (auto* part = std::get_if<Part>(&value)) {
      part->view.insert(part->view.begin() + at, Axis());
    }
  }
  m.set(node, std::move(value));
}

void expand(Importer& m, const Node& node) {
  Value value = m.input(node, 0);
  const Sizes from = shape_of(value);
  const Sizes to = broadcast(from, sizes_of(m, node, 1));
  if (auto* rows = std::get_if<Rows>(&value)) {
    while (rows->view.size() < to.size()) rows->view.insert(rows->view.begin(), Axis());
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (size_of(rows->view[i]) == to[i]) continue;
      // What is the same for all texts is computed for each.
      const bool each = to[i] == m.batch() && rows->view[i].empty() && rows->offsets != kNoValue;
      if (!each) refuse("it repeats {} along dimension {}", describe(value), i);
      rows->view[i] = batch_axis(m.batch());
    }
  } else if (auto* pattern = std::get_if<Pattern>(&value)) {
    pattern->axis += to.size() - from.size();
    pattern->shape = to;
  } else if (auto* c = std::get_if<Constant>(&value)) {
    const auto extents = known(to);
    if (extents && elements_of(*extents) <= static_cast<std::int64_t>(kMostElements)) {
      Constant result;
      result.type = c->type;
      for (const std::size_t i : broadcast_index(c->shape, *extents)) result.push(c->at(i));
      result.shape = *extents;
      value = std::move(result);
    } else {
      Pattern result{Pattern::Kind::unknown, c->type, to, 0, 0};
      if (const auto number = uniform_number(value)) {
        result.kind = Pattern::Kind::uniform;
        result.first = *number;
      }
      value = std::move(result);
    }
  } else {
    refuse("it repeats {}", describe(value));
  }
  m.set(node, std::move(value));
}

constexpr OpRule kRules[] = {
    {"Transpose", transpose}, {"Reshape", reshape_rule}, {"Flatten", flatten},
    {"Squeeze", squeeze},     {"Unsqueeze", unsqueeze},  {"Expand", expand},
};

}  // namespace

std::span<const OpRule> shape_rules() { return kRules; }

}  // namespace weft::onnx
