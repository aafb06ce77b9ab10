// Rules of ops that take parts of a tensor: lookups in tables among them.
#include <algorithm>
#include <cmath>

#include "frontend/onnx/rules.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

constexpr std::size_t kMostElements = std::size_t{1} << 22U;  // more than the weight has

// How many elements there are before, at and after an axis: where one of them is in memory.
struct Around {
  std::size_t before = 1, at = 1, after = 1;

  Around(const Extents& shape, std::size_t axis) {
    for (std::size_t i = 0; i < shape.size(); ++i) {
      (i < axis ? before : i == axis ? at : after) *= static_cast<std::size_t>(shape[i]);
    }
  }
  std::size_t place(std::size_t b, std::size_t i, std::size_t a) const {
    return (b * at + i) * after + a;
  }
};

// Those parts of a constant along an axis.
Constant taken(const Constant& from, std::size_t axis, const std::vector<std::size_t>& indices) {
  const Around around(from.shape, axis);
  if (around.before * around.after * indices.size() > from.size() + kMostElements) {
    refuse("it makes a constant of too many numbers");
  }
  Constant result;
  result.type = from.type;
  result.shape = from.shape;
  result.shape[axis] = std::ssize(indices);
  for (std::size_t b = 0; b < around.before; ++b) {
    for (const std::size_t i : indices) {
      for (std::size_t a = 0; a < around.after; ++a) result.push(from.at(around.place(b, i, a)));
    }
  }
  return result;
}

std::size_t checked_index(const Number& index, std::int64_t size) {
  const double i = index.plus < 0 ? index.plus + static_cast<double>(size) : index.plus;
  if (!index.is_known() || !(i >= 0 && i < static_cast<double>(size))) {
    refuse("its index {} is not inside {}", to_string(index), size);
  }
  return static_cast<std::size_t>(i);
}

// ---- Rows of a table

void gather_constant(Importer& m, const Node& node, const Constant& table, std::size_t axis) {
  const Value& indices = m.input(node, 1);
  if (const auto* chosen = std::get_if<Constant>(&indices)) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < chosen->size(); ++i) {
      places.push_back(checked_index(chosen->at(i), table.shape[axis]));
    }
    Constant result = taken(table, axis, places);
    const auto at = result.shape.erase(result.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    result.shape.insert(at, chosen->shape.begin(), chosen->shape.end());
    return m.set(node, std::move(result));
  }
  if (const auto* rows = std::get_if<Rows>(&indices)) {
    if (axis != 0 || table.shape.size() != 2) refuse("it looks up {}", describe(Value(table)));
    const bool is_pair = m.graph()[rows->id].name == "types";
    if (!is_pair) m.use_table(table.shape[0]);
    const Shape shape{Dim(table.shape[0]), Dim(table.shape[1])};
    Rows result = *rows;
    result.id = m.add(ops::embedding, {rows->id, m.weight(table.name, shape, table.data)});
    result.view.push_back(feature_axis(table.shape[1]));
    return m.set(node, std::move(result));
  }
  const auto* pattern = std::get_if<Pattern>(&indices);
  if (pattern == nullptr) refuse("it looks up {}", describe(indices));
  if (pattern->kind == Pattern::Kind::uniform) {  // one row, in all places
    Constant row = taken(table, axis, {checked_index(pattern->first, table.shape[axis])});
    const auto at = row.shape.erase(row.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    row.shape.insert(at, pattern->shape.size(), 1);
    return m.set(node, std::move(row));
  }
  const bool positions = pattern->kind == Pattern::Kind::counting && axis == 0 &&
                         pattern->first.is_known() && pattern->first.plus >= 0 &&
                         pattern->shape[pattern->axis] == m.length();
  if (!positions) refuse("it looks up {}", describe(indices));
  Rows result = m.by_position(table, 0, static_cast<std::int64_t>(pattern->first.plus));
  View view;
  for (std::size_t i = 0; i < pattern->shape.size(); ++i) {
    view.push_back(i == pattern->axis               ? time_axis(m.length())
                   : pattern->shape[i] == Number(1) ? Axis()
                                                    : batch_axis(m.batch()));
  }
  view.insert(view.end(), result.view.begin() + 1, result.view.end());
  result.view = std::move(view);
  m.set(node, std::move(result));
}

// ---- Parts of rows

// Columns begin to end of an axis of them: one run of columns, if no slower factor is beside it.
Rows cut_feature(Importer& m, Rows rows, std::size_t axis, std::int64_t begin, std::int64_t end) {
  const Axis whole = merged(rows.view[axis]);
  const std::int64_t columns = m.columns(rows.id);
  const bool outermost =
      whole.size() == 1 && whole[0].kind == Factor::Kind::feature &&
      whole[0].size.plus * static_cast<double>(whole[0].stride) == static_cast<double>(columns);
  if (!outermost) refuse("it cuts dimension {} of {}", axis, to_string(rows.view));
  const std::int64_t stride = whole[0].stride;
  rows.id = cut_columns(m, rows.id, begin * stride, end * stride);
  rows.view[axis] = feature_axis(end - begin, stride);
  return rows;
}

// The first or the last row of each text.
Rows pick(Importer& m, Rows rows, std::size_t axis, bool last) {
  rows.id = m.add(ops::pick_row, {rows.id, rows.offsets},
                  {{"which", std::string(last ? "last" : "first")}});
  rows.offsets = kNoValue;
  rows.view[axis] = {};
  return rows;
}

void gather_rows(Importer& m, const Node& node, const Rows& rows, std::size_t axis) {
  const Constant& chosen = m.constant(node, 1);
  if (chosen.size() != 1 || !chosen.is_known()) {
    refuse("it takes several parts of {}, which weft does not", to_string(rows.view));
  }
  const double index = chosen.data.front();
  Rows result = rows;
  if (is_only(rows.view[axis], Factor::Kind::time) && rows.offsets != kNoValue) {
    const bool last = index == -1 || Number(index) == m.length() - Number(1);
    if (index != 0 && !last)
      refuse("it takes row {} of each text; weft takes the first or the last", index);
    result = pick(m, rows, axis, last);
  } else if (is_only(rows.view[axis], Factor::Kind::feature)) {
    const auto size = static_cast<std::int64_t>(size_of(rows.view[axis]).plus);
    const auto at = static_cast<std::int64_t>(checked_index(chosen.at(0), size));
    result = cut_feature(m, rows, axis, at, at + 1);
  } else if (size_of(rows.view[axis]) != Number(1)) {
    refuse("it takes part {} of dimension {} of {}", index, axis, to_string(rows.view));
  }
  const auto place = result.view.begin() + static_cast<std::ptrdiff_t>(axis);
  if (chosen.shape.empty()) {
    result.view.erase(place);
  } else {
    *place = {};
    result.view.insert(place, chosen.shape.size() - 1, Axis());
  }
  m.set(node, std::move(result));
}

void gather(Importer& m, const Node& node) {
  const Value& data = m.input(node, 0);
  const std::size_t axis = axis_of(node.integer("axis", 0), shape_of(data).size());
  if (const auto* table = std::get_if<Constant>(&data)) {
    return gather_constant(m, node, *table, axis);
  }
  if (const auto* rows = std::get_if<Rows>(&data)) return gather_rows(m, node, *rows, axis);
  const auto* pattern = std::get_if<Pattern>(&data);
  if (pattern == nullptr) refuse("it takes parts of {}", describe(data));
  Pattern result = *pattern;
  if (pattern->kind != Pattern::Kind::uniform) result.kind = Pattern::Kind::unknown;
  const Sizes places = shape_of(m.input(node, 1));
  const auto at = result.shape.erase(result.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  result.shape.insert(at, places.begin(), places.end());
  m.set(node, std::move(result));
}

// Of masks only, which are the same everywhere.
void gather_nd(Importer& m, const Node& node) {
  const Value& data = m.input(node, 0);
  const auto* pattern = std::get_if<Pattern>(&data);
  if (pattern == nullptr || pattern->kind != Pattern::Kind::uniform) {
    refuse("it takes parts of {}", describe(data));
  }
  const Sizes places = shape_of(m.input(node, 1));
  if (places.empty() || !places.back().is_known() || node.integer("batch_dims", 0) != 0 ||
      places.back().plus > static_cast<double>(pattern->shape.size())) {
    refuse("it takes parts of {}", describe(data));
  }
  Pattern result = *pattern;
  result.shape.assign(places.begin(), places.end() - 1);
  result.shape.insert(result.shape.end(),
                      pattern->shape.begin() + static_cast<std::ptrdiff_t>(places.back().plus),
                      pattern->shape.end());
  m.set(node, std::move(result));
}

void gather_elements(Importer& m, const Node& node) {
  const auto number = uniform_number(m.input(node, 0));
  if (!number) refuse("it takes parts of {}", describe(m.input(node, 0)));
  m.set(node,
        Pattern{Pattern::Kind::uniform, ElementType::i64, shape_of(m.input(node, 1)), *number, 0});
}

// ---- Ranges

// One range of an axis, from 0: [begin, end), where a size may be open.
struct Range {
  std::size_t axis = 0;
  Number begin, end;
  std::int64_t step = 1;
};

// A number that counts from the end or leads out of the axis, put inside.
Number inside(const Number& at, const Number& size) {
  Number place = at;
  if (is_less(at, 0) == true) place = at + size;
  if (is_less(place, 0) == true) return 0;
  if (is_less(size, place) == true || (place.is_known() && place.plus > 1e15)) return size;
  return place;
}

std::vector<Range> ranges_of(Importer& m, const Node& node, const Sizes& shape) {
  const auto numbers = [&](std::size_t i, std::string_view name) {
    Constant c;
    if (m.has_input(node, i)) return m.constant(node, i);
    for (const std::int64_t n : node.integers(name)) c.push(static_cast<double>(n));
    return c;
  };
  const Constant begins = numbers(1, "starts"), ends = numbers(2, "ends");
  const Constant axes = numbers(3, "axes"), steps = numbers(4, "");
  std::vector<Range> ranges;
  if (ends.size() != begins.size())
    refuse("it has {} starts and {} ends", begins.size(), ends.size());
  for (std::size_t i = 0; i < begins.size(); ++i) {
    Range range;
    const double axis = axes.size() > i ? axes.data[i] : static_cast<double>(i);
    range.axis = axis_of(static_cast<std::int64_t>(axis), shape.size());
    range.begin = inside(begins.at(i), shape[range.axis]);
    range.end = inside(ends.at(i), shape[range.axis]);
    if (steps.size() > i) range.step = static_cast<std::int64_t>(steps.data[i]);
    if (range.step < 1) refuse("it runs backwards");
    ranges.push_back(range);
  }
  return ranges;
}

// A table cut to the length of the text: the positions of its tokens, or their rows.
Value cut_to_length(Importer& m, const Constant& table, const Range& range) {
  const auto first = static_cast<std::int64_t>(range.begin.plus);
  const bool fits =
      range.begin.is_known() && range.step == 1 && range.end - range.begin == m.length();
  if (!fits) refuse("it cuts {} to {}", describe(Value(table)), to_string(range.end));
  if (table.is_float()) return m.by_position(table, range.axis, first);
  const Around around(table.shape, range.axis);
  if (table.size() == 0) refuse("it cuts an empty table");
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double place = static_cast<double>(i / around.after % around.at);
    if (table.data[i] != table.data[0] + place) {
      refuse("it cuts {}, which are no positions, to the length", describe(Value(table)));
    }
  }
  m.limit_length(table.shape[range.axis] - first);
  Pattern positions{Pattern::Kind::counting, table.type, shape_of(Value(table)), table.data[0],
                    range.axis};
  positions.first = positions.first + Number(static_cast<double>(first));
  positions.shape[range.axis] = m.length();
  return positions;
}

Value cut_constant(Importer& m, const Constant& from, const Range& range) {
  if (!range.begin.is_known() || !range.end.is_known()) return cut_to_length(m, from, range);
  std::vector<std::size_t> places;
  for (double i = range.begin.plus; i < range.end.plus; i += static_cast<double>(range.step)) {
    places.push_back(static_cast<std::size_t>(i));
  }
  Constant result = taken(from, range.axis, places);
  if (result.size() == from.size()) result.name = from.name;
  return result;
}

Value cut_rows(Importer& m, const Rows& rows, const Range& range) {
  const Number size = size_of(rows.view[range.axis]);
  if (range.step != 1) refuse("it takes every {}th part of {}", range.step, to_string(rows.view));
  if (range.begin == Number(0) && range.end == size) return rows;
  if (is_only(rows.view[range.axis], Factor::Kind::time) && rows.offsets != kNoValue) {
    const bool first = range.begin == Number(0) && range.end == Number(1);
    const bool last = range.end == size && range.end - range.begin == Number(1);
    if (!first && !last) {
      refuse("it takes the rows {} to {} of each text; weft takes the first or the last",
             to_string(range.begin), to_string(range.end));
    }
    return pick(m, rows, range.axis, last);
  }
  if (!range.begin.is_known() || !range.end.is_known()) {
    refuse("it cuts {} where that depends on the text", to_string(rows.view));
  }
  return cut_feature(m, rows, range.axis, static_cast<std::int64_t>(range.begin.plus),
                     static_cast<std::int64_t>(range.end.plus));
}

Value cut_pattern(const Pattern& from, const Range& range) {
  Pattern result = from;
  if (range.step != 1) refuse("it takes every {}th part of a mask", range.step);
  result.shape[range.axis] = range.end - range.begin;
  if (from.kind == Pattern::Kind::counting && range.axis == from.axis) {
    result.first = from.first + range.begin;
  }
  return result;
}

void slice(Importer& m, const Node& node) {
  Value value = m.input(node, 0);
  for (const Range& range : ranges_of(m, node, shape_of(value))) {
    if (const auto* c = std::get_if<Constant>(&value)) {
      value = cut_constant(m, *c, range);
    } else if (const auto* rows = std::get_if<Rows>(&value)) {
      value = cut_rows(m, *rows, range);
    } else if (const auto* pattern = std::get_if<Pattern>(&value)) {
      value = cut_pattern(*pattern, range);
    } else {
      refuse("it cuts {}", describe(value));
    }
  }
  m.set(node, std::move(value));
}

void split(Importer& m, const Node& node) {
  const Value& value = m.input(node, 0);
  const Sizes shape = shape_of(value);
  const std::size_t axis = axis_of(node.integer("axis", 0), shape.size());
  std::vector<std::int64_t> parts = node.integers("split");
  if (m.has_input(node, 1)) parts = m.integers(node, 1);
  if (parts.empty()) {
    const auto count = std::ssize(node.outputs);
    const double each = std::ceil(shape[axis].plus / static_cast<double>(count));
    if (!shape[axis].is_known()) refuse("it cuts {} into {} parts", describe(value), count);
    for (double left = shape[axis].plus; left > 0; left -= each) {
      parts.push_back(static_cast<std::int64_t>(std::min(left, each)));
    }
  }
  double begin = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Range range{axis, begin, begin + static_cast<double>(parts[i]), 1};
    begin = range.end.plus;
    if (is_less(shape[axis], range.end) != false || parts[i] < 0) {
      refuse("its parts are more than {}", to_string(shape[axis]));
    }
    if (const auto* c = std::get_if<Constant>(&value)) {
      m.set(node, cut_constant(m, *c, range), i);
    } else if (const auto* rows = std::get_if<Rows>(&value)) {
      m.set(node, cut_rows(m, *rows, range), i);
    } else {
      refuse("it cuts {}", describe(value));
    }
  }
}

constexpr OpRule kRules[] = {
    {"Gather", gather}, {"GatherND", gather_nd}, {"GatherElements", gather_elements},
    {"Slice", slice},   {"Split", split},
};

}  // namespace

std::span<const OpRule> cut_rules() { return kRules; }

}  // namespace weft::onnx
