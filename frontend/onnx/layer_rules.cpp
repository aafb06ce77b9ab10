// Rules of convolutions, matrix products and normalisation.
#include <algorithm>
#include <cmath>

#include "frontend/onnx/columns.h"
#include "frontend/onnx/rules.h"
#include "frontend/onnx/window.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

// A matrix [K, N] of a constant [.., K, N] or, transposed, [.., N, K].
struct Matrix {
  const Constant& c;
  bool transposed;
  std::size_t rows, columns;

  Matrix(const Constant& constant, bool transpose) : c(constant), transposed(transpose) {
    const auto rank = c.shape.size();
    bool fits = rank >= 2 && c.is_known();
    for (std::size_t i = 0; i + 2 < rank; ++i) fits = fits && c.shape[i] == 1;
    if (!fits) refuse("it multiplies by {}, which is no matrix", describe(Value(c)));
    rows = static_cast<std::size_t>(c.shape[rank - (transposed ? 1 : 2)]);
    columns = static_cast<std::size_t>(c.shape[rank - (transposed ? 2 : 1)]);
  }
  double at(std::size_t r, std::size_t column) const {
    return transposed ? c.data[column * rows + r] : c.data[r * columns + column];
  }
};

// x w, where an axis of x runs through the rows of w; that axis becomes the columns of w.
Rows product(Importer& m, Rows x, std::size_t axis, const Matrix& w, double factor = 1) {
  const std::vector<std::size_t> order = all_columns(x.view, axis, m.columns(x.id));
  if (order.size() != w.rows) {
    refuse("{} and a matrix of {} rows do not fit", to_string(x.view), w.rows);
  }
  std::vector<double> values(w.rows * w.columns);
  for (std::size_t r = 0; r < w.rows; ++r) {
    for (std::size_t c = 0; c < w.columns; ++c) {
      values[order[r] * w.columns + c] = factor * w.at(r, c);
    }
  }
  const auto out = static_cast<std::int64_t>(w.columns);
  const ValueId weight = m.weight(w.c.name, {Dim(m.columns(x.id)), Dim(out)}, std::move(values));
  x.id = m.add(ops::matmul, {x.id, weight});
  x.view[axis] = feature_axis(out);
  return x;
}

void mat_mul(Importer& m, const Node& node) {
  const Value &a = m.input(node, 0), &b = m.input(node, 1);
  const auto* x = std::get_if<Rows>(&a);
  const auto* y = std::get_if<Rows>(&b);
  if (y != nullptr && x != nullptr) return m.set(node, scores_of(m, *x, *y));
  if (const auto* p = std::get_if<Scores>(&a); p != nullptr && y != nullptr) {
    return m.set(node, attention_of(m, *p, *y));
  }
  if (x != nullptr && !x->view.empty()) {
    const Constant& w = m.constant(node, 1);
    if (w.shape.size() != 1) return m.set(node, product(m, *x, x->view.size() - 1, {w, false}));
    Constant column = w;
    column.shape.push_back(1);
    Rows result = product(m, *x, x->view.size() - 1, {column, false});
    result.view.pop_back();
    return m.set(node, std::move(result));
  }
  if (y != nullptr && y->view.size() >= 2) {  // W x: a layer on each row, written the other way
    return m.set(node, product(m, *y, y->view.size() - 2, Matrix(m.constant(node, 0), true)));
  }
  refuse("it multiplies {} and {}", describe(a), describe(b));
}

void gemm(Importer& m, const Node& node) {
  const Rows& x = m.rows(node, 0);
  if (x.view.size() != 2) refuse("its input is {}", to_string(x.view));
  const std::size_t axis = node.integer("transA", 0) != 0 ? 0 : 1;
  const Constant& w = m.constant(node, 1);
  const Matrix matrix(w, node.integer("transB", 0) != 0);
  Rows y = product(m, x, axis, matrix, node.real("alpha", 1));
  if (axis == 0) std::swap(y.view[0], y.view[1]);
  if (m.has_input(node, 2)) {
    const Constant& bias = m.constant(node, 2);
    if (!bias.is_known() || (bias.size() != 1 && bias.size() != matrix.columns) ||
        (!bias.shape.empty() && static_cast<std::size_t>(bias.shape.back()) != bias.size())) {
      refuse("its bias is {}", describe(Value(bias)));
    }
    std::vector<double> numbers = bias.data;
    numbers.resize(matrix.columns, numbers.front());
    for (double& number : numbers) number *= node.real("beta", 1);
    y.id = m.plus(y.id, numbers, bias.name);
  }
  m.set(node, std::move(y));
}

// ---- Convolution

void conv(Importer& m, const Node& node) {
  const Rows& x = m.rows(node, 0);
  const Constant& w = m.constant(node, 1);
  const std::size_t rank = x.view.size();
  if (rank < 3 || w.shape.size() != rank || !w.is_known()) {
    refuse("its input is {}, its filters are {}", to_string(x.view), describe(Value(w)));
  }
  if (node.integer("group", 1) != 1) refuse("it has {} groups", node.integer("group", 1));
  const WindowOf window(m, node, x, {w.shape.begin() + 2, w.shape.end()});
  // The columns that each tap's weights are of, in the order of the filters.
  std::vector<std::size_t> columns = *columns_of(x.view[1]);
  std::vector<std::size_t> taps(columns.size(), 0);
  if (static_cast<std::int64_t>(columns.size()) != w.shape[1]) {
    refuse("its input is {}, its filters are {}", to_string(x.view), describe(Value(w)));
  }
  for (std::size_t i = 2; i < rank; ++i) {
    std::vector<std::size_t> next, next_taps;
    const auto features = i == window.axis ? std::nullopt : columns_of(x.view[i]);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      for (std::size_t k = 0; k < static_cast<std::size_t>(w.shape[i]); ++k) {
        next.push_back(columns[c] + (features ? (*features)[k] : 0));
        next_taps.push_back(features ? taps[c] : k);
      }
    }
    columns = std::move(next);
    taps = std::move(next_taps);
  }
  const auto width = static_cast<std::size_t>(m.columns(x.id));
  const auto filters = static_cast<std::size_t>(w.shape[0]);
  if (columns.size() != width * static_cast<std::size_t>(window.size)) {
    refuse("its filters see {} of {} features",
           columns.size() / static_cast<std::size_t>(window.size), width);
  }
  std::vector<double> values(columns.size() * filters);
  for (std::size_t o = 0; o < filters; ++o) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      values[(taps[i] * width + columns[i]) * filters + o] = w.data[o * columns.size() + i];
    }
  }
  const auto out = static_cast<std::int64_t>(filters);
  const ValueId weight =
      m.weight(w.name, {Dim(window.size), Dim(m.columns(x.id)), Dim(out)}, std::move(values));
  Attrs attrs = window.attrs;
  attrs.erase("size");
  Rows y{m.add(ops::conv1d, {x.id, weight, x.offsets, window.offsets}, attrs), window.offsets, {}};
  if (m.has_input(node, 2)) {
    const Constant& bias = m.constant(node, 2);
    if (!bias.is_known() || bias.size() != filters) refuse("its bias is {}", describe(Value(bias)));
    y.id = m.plus(y.id, bias.data, bias.name);
  }
  y.view.resize(rank);
  y.view[0] = x.view[0];
  y.view[1] = feature_axis(out);
  y.view[window.axis] = time_axis(window.count);
  m.set(node, std::move(y));
}

// ---- Normalisation

std::vector<double> vector_of(Importer& m, const Node& node, std::size_t i, std::int64_t width) {
  const Constant& c = m.constant(node, i);
  if (!c.is_known() || static_cast<std::int64_t>(c.size()) != width) {
    refuse("input {} is {} where there are {} features", i + 1, describe(Value(c)), width);
  }
  return c.data;
}

void layer_normalization(Importer& m, const Node& node) {
  Rows x = m.rows(node, 0);
  const std::int64_t width = m.columns(x.id);
  const std::size_t axis = axis_of(node.integer("axis", -1), x.view.size());
  if (axis + 1 != x.view.size() || !is_whole(x.view.back(), width)) {
    refuse("it normalises {} from dimension {} on; weft does the features", to_string(x.view),
           axis);
  }
  std::vector<double> beta(static_cast<std::size_t>(width), 0);
  if (m.has_input(node, 2)) beta = vector_of(m, node, 2, width);
  x.id = m.normalized(x.id, node.real("epsilon", 1e-5), vector_of(m, node, 1, width), beta);
  m.set(node, std::move(x));
}

void batch_normalization(Importer& m, const Node& node) {
  Rows x = m.rows(node, 0);
  const std::int64_t width = m.columns(x.id);
  if (x.view.size() < 2 || !is_whole(x.view[1], width)) {
    refuse("its input is {}, and dimension 1 is not the features", to_string(x.view));
  }
  if (node.integer("training_mode", 0) != 0) refuse("it is in training mode: export model.eval()");
  std::vector<ValueId> inputs = {x.id};
  for (std::size_t i = 1; i < 5; ++i) {
    inputs.push_back(
        m.weight(m.constant(node, i).name, {Dim(width)}, vector_of(m, node, i, width)));
  }
  x.id = m.add(ops::batch_norm_inference, inputs, {{"epsilon", node.real("epsilon", 1e-5)}});
  m.set(node, std::move(x));
}

constexpr OpRule kRules[] = {
    {"MatMul", mat_mul},
    {"Gemm", gemm},
    {"Conv", conv},
    {"LayerNormalization", layer_normalization},
    {"BatchNormalization", batch_normalization},
};

}  // namespace

std::span<const OpRule> layer_rules() { return kRules; }

}  // namespace weft::onnx
