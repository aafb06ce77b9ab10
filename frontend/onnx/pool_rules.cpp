// Rules of pools over a text or over windows of it, and of reductions.
#include <algorithm>
#include <functional>

#include "frontend/onnx/columns.h"
#include "frontend/onnx/rules.h"
#include "frontend/onnx/window.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

// Over all rows of each text: that dimension is then of size 1.
Rows pooled(Importer& m, const OpDef& op, Rows rows, std::size_t axis) {
  if (!is_only(rows.view[axis], Factor::Kind::time) || rows.offsets == kNoValue) {
    refuse("it pools dimension {} of {}, which is not the length", axis, to_string(rows.view));
  }
  rows.id = m.add(op, {rows.id, rows.offsets});
  rows.offsets = kNoValue;
  rows.view[axis] = {};
  return rows;
}

void pool(Importer& m, const Node& node, const OpDef& whole, const OpDef& local) {
  const Rows& x = m.rows(node, 0);
  const WindowOf window(m, node, x, node.integers("kernel_shape"));
  if (window.everything) return m.set(node, pooled(m, whole, x, window.axis));
  Attrs attrs = window.attrs;
  if (node.integer("ceil_mode", 0) != 0)
    refuse("it has windows that are cut at the end (ceil_mode)");
  if (attrs["dilation"] != Attr(std::int64_t{1})) refuse("its windows have gaps (dilations)");
  if (&local == &ops::local_mean_pool && attrs["padding"] != Attr(std::string("valid")) &&
      node.integer("count_include_pad", 0) != 0) {
    refuse("its means count the padding (count_include_pad)");
  }
  attrs.erase("dilation");
  Rows y = x;
  y.id = m.add(local, {x.id, x.offsets, window.offsets}, attrs);
  y.offsets = window.offsets;
  y.view[window.axis] = time_axis(window.count);
  m.set(node, std::move(y));
}

void max_pool(Importer& m, const Node& node) { pool(m, node, ops::max_pool, ops::local_max_pool); }
void average_pool(Importer& m, const Node& node) {
  pool(m, node, ops::mean_pool, ops::local_mean_pool);
}

void global_pool(Importer& m, const Node& node, const OpDef& op) {
  Rows rows = m.rows(node, 0);
  if (rows.view.size() < 3) refuse("its input is {}", to_string(rows.view));
  for (std::size_t i = 2; i < rows.view.size(); ++i) {
    if (size_of(rows.view[i]) != Number(1)) rows = pooled(m, op, rows, i);
  }
  m.set(node, std::move(rows));
}

void global_max_pool(Importer& m, const Node& node) { global_pool(m, node, ops::max_pool); }
void global_average_pool(Importer& m, const Node& node) { global_pool(m, node, ops::mean_pool); }

// ---- Reductions

enum class Reduction : std::uint8_t { max, min, mean, sum };

// Leaves out dimensions, or keeps them at size 1.
template <class List>
void reduce_shape(List& list, const std::vector<std::size_t>& axes, bool keep,
                  const typename List::value_type& one) {
  for (std::size_t i = axes.size(); i-- > 0;) {
    const auto at = list.begin() + static_cast<std::ptrdiff_t>(axes[i]);
    if (keep) {
      *at = one;
    } else {
      list.erase(at);
    }
  }
}

Value reduce_constant(const Constant& c, Reduction op, const std::vector<std::size_t>& axes,
                      bool keep) {
  Extents kept = c.shape;
  double count = 1;
  for (const std::size_t axis : axes) {
    count *= static_cast<double>(c.shape[axis]);
    kept[axis] = 1;
  }
  if (c.size() == 0) refuse("it reduces {}", describe(Value(c)));
  const std::vector<std::size_t> into = broadcast_index(kept, c.shape);
  std::vector<std::optional<Number>> results(c.size() / static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < c.size(); ++i) {
    auto& result = results[into[i]];
    const Number number = c.at(i);
    if (!result) {
      result = number;
      continue;
    }
    const auto less = is_less(*result, number);
    if (op == Reduction::mean || op == Reduction::sum) {
      result = *result + number;
    } else if (!less) {
      refuse("which number is greater depends on the text");
    } else if (*less == (op == Reduction::max)) {
      result = number;
    }
  }
  Constant reduced;
  reduced.type = c.type;
  for (const auto& result : results) {
    reduced.push(op == Reduction::mean ? divide(*result, count, false) : *result);
  }
  reduced.shape = c.shape;
  reduce_shape(reduced.shape, axes, keep, 1);
  return reduced;
}

Value reduce_pattern(const Pattern& pattern, Reduction op, const std::vector<std::size_t>& axes,
                     bool keep) {
  Pattern result = pattern;
  if (pattern.kind == Pattern::Kind::uniform && op == Reduction::sum) {
    for (const std::size_t axis : axes) result.first = result.first * pattern.shape[axis];
  }
  if (pattern.kind != Pattern::Kind::uniform) result.kind = Pattern::Kind::unknown;
  reduce_shape(result.shape, axes, keep, Number(1));
  return result;
}

Value reduce_rows(Importer& m, const Rows& rows, Reduction op, std::vector<std::size_t> axes,
                  bool keep) {
  const std::vector<std::size_t> all = axes;
  std::erase_if(axes, [&](std::size_t a) {
    return size_of(rows.view[a]) == Number(1) && !holds(rows.view[a], Factor::Kind::time);
  });
  const auto finish = [&](auto result) {
    reduce_shape(result.view, all, keep, Axis());
    return Value(std::move(result));
  };
  if (axes.empty()) return finish(rows);
  if (axes.size() > 1) {
    refuse("it reduces several dimensions of {}", to_string(rows.view));
  }
  const std::size_t axis = axes.front();
  if (op == Reduction::mean && is_whole(rows.view[axis], m.columns(rows.id))) {
    return finish(Part{Part::Kind::mean, rows, 0, rows.view});
  }
  switch (op) {
    case Reduction::max:
      return finish(pooled(m, ops::max_pool, rows, axis));
    case Reduction::mean:
      return finish(pooled(m, ops::mean_pool, rows, axis));
    case Reduction::sum:
      if (is_only(rows.view[axis], Factor::Kind::time)) {
        return finish(Part{Part::Kind::sum, rows, 0, rows.view});
      }
      break;
    case Reduction::min:
      break;
  }
  refuse("it reduces dimension {} of {}", axis, to_string(rows.view));
}

template <Reduction op>
void reduce(Importer& m, const Node& node) {
  const Value& value = m.input(node, 0);
  const std::size_t rank = shape_of(value).size();
  auto axes = m.axes(node, 1, rank);
  if (!axes || axes->empty()) {
    if (node.integer("noop_with_empty_axes", 0) != 0) return m.set(node, value);
    axes.emplace();
    for (std::size_t i = 0; i < rank; ++i) axes->push_back(i);
  }
  const bool keep = node.integer("keepdims", 1) != 0;
  if (const auto* c = std::get_if<Constant>(&value)) {
    return m.set(node, reduce_constant(*c, op, *axes, keep));
  }
  if (const auto* pattern = std::get_if<Pattern>(&value)) {
    return m.set(node, reduce_pattern(*pattern, op, *axes, keep));
  }
  if (const auto* rows = std::get_if<Rows>(&value)) {
    return m.set(node, reduce_rows(m, *rows, op, *axes, keep));
  }
  const auto* part = std::get_if<Part>(&value);
  const bool variance = part != nullptr && part->kind == Part::Kind::square &&
                        op == Reduction::mean && axes->size() == 1 && axes->front() + 1 == rank;
  if (!variance) refuse("it reduces {}", describe(value));
  Part result = *part;
  result.kind = Part::Kind::variance;
  reduce_shape(result.view, *axes, keep, Axis());
  m.set(node, std::move(result));
}

constexpr OpRule kRules[] = {
    {"MaxPool", max_pool},
    {"AveragePool", average_pool},
    {"GlobalMaxPool", global_max_pool},
    {"GlobalAveragePool", global_average_pool},
    {"ReduceMax", reduce<Reduction::max>},
    {"ReduceMin", reduce<Reduction::min>},
    {"ReduceMean", reduce<Reduction::mean>},
    {"ReduceSum", reduce<Reduction::sum>},
};

}  // namespace

std::span<const OpRule> pool_rules() { return kRules; }

}  // namespace weft::onnx
