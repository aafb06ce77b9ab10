// Pooling over windows within each sequence. Padding holds no rows: it is neither the maximum nor
// counted by the mean.
#include <algorithm>

#include "ir/ops/common.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

Window window_of(const EvalContext& v) {
  return weft::window_of(v.node.attrs, int_attr(v.node.attrs, "size"));
}

Shape pooled_shape(const InferContext& v) {
  const Shape& x = expect_float(v, 0, 2).shape;
  v.expect_offsets(1, x[0]);
  return {expect_windows(v, 1, 2, checked_window(v, int_attr(v.attrs, "size"))), x[1]};
}

std::vector<TensorType> infer_local_max_pool(const InferContext& v) {
  const Shape shape = pooled_shape(v);
  return {float_type(shape), int_type(shape)};
}

std::vector<TensorType> infer_local_mean_pool(const InferContext& v) {
  return {float_type(pooled_shape(v))};
}

// Calls visit(window's row of T', first row of T, end) for every window; none is empty.
template <class Visit>
void for_each_window(const EvalContext& v, std::size_t from_port, std::int64_t rows, Visit visit) {
  const Window window = window_of(v);
  const auto from = offsets_of(v, from_port, rows);
  const auto to = window_offsets_of(v, from_port + 1, from, window);
  for (std::size_t b = 0; b + 1 < from.size(); ++b) {
    for (std::int64_t j = 0; j < to[b + 1] - to[b]; ++j) {
      const std::int64_t start = from[b] + j * window.stride - window.left();
      visit(to[b] + j, std::max(start, from[b]), std::min(start + window.size, from[b + 1]));
    }
  }
}

void eval_local_max_pool(const EvalContext& v) {
  const Tensor& x = *v.x[0];
  for_each_window(v, 1, x.rows(), [&](std::int64_t row, std::int64_t first, std::int64_t end) {
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      std::int64_t best = first;
      for (std::int64_t t = first; t < end; ++t) {
        if (at(x, t, c) > at(x, best, c)) best = t;
      }
      at(v.y[0], row, c) = at(x, best, c);
      at(v.y[1], row, c) = static_cast<double>(best);
    }
  });
}

void gradient_local_max_pool(GradientContext& g) {
  if (g.dy[0] == kNoValue) return;
  g.dx[0] = g.emit(ops::local_max_pool_grad, {g.dy[0], g.out(1), g.in(1), g.in(2)});
}

std::vector<TensorType> infer_local_max_pool_grad(const InferContext& v) {
  const Shape& dy = expect_float(v, 0, 2).shape;
  v.expect_same(1, int_type(dy));
  const Dim rows = rows_of(v, 2);
  v.expect_offsets(3, dy[0]);
  return {float_type({rows, dy[1]})};
}

void eval_local_max_pool_grad(const EvalContext& v) {
  const Tensor &dy = *v.x[0], &argmax = *v.x[1];
  Tensor& dx = v.y[0];
  const auto from = offsets_of(v, 2, dx.rows());
  const auto to = offsets_of(v, 3, dy.rows());
  for (std::size_t b = 0; b + 1 < from.size() && b + 1 < to.size(); ++b) {
    for (std::int64_t j = to[b]; j < to[b + 1]; ++j) {
      for (std::int64_t c = 0; c < dy.columns(); ++c) {
        const std::int64_t t = checked_index(v, at(argmax, j, c), from[b], from[b + 1],
                                             fmt::format("argmax[{}, {}]", j, c));
        at(dx, t, c) += at(dy, j, c);
      }
    }
  }
}

void eval_local_mean_pool(const EvalContext& v) {
  const Tensor& x = *v.x[0];
  for_each_window(v, 1, x.rows(), [&](std::int64_t row, std::int64_t first, std::int64_t end) {
    for (std::int64_t t = first; t < end; ++t) {
      for (std::int64_t c = 0; c < x.columns(); ++c) {
        at(v.y[0], row, c) += at(x, t, c) / static_cast<double>(end - first);
      }
    }
  });
}

void gradient_local_mean_pool(GradientContext& g) {
  g.dx[0] = g.emit(ops::local_mean_pool_grad, {g.dy[0], g.in(1), g.in(2)}, g.node.attrs);
}

std::vector<TensorType> infer_local_mean_pool_grad(const InferContext& v) {
  const Shape& dy = expect_float(v, 0, 2).shape;
  const Dim rows = rows_of(v, 1);
  const Dim windows = expect_windows(v, 1, 2, checked_window(v, int_attr(v.attrs, "size")));
  if (dy[0] != windows) {
    v.fail(fmt::format("{}, but there are {} windows", describe(v, 0), to_string(windows)));
  }
  return {float_type({rows, dy[1]})};
}

void eval_local_mean_pool_grad(const EvalContext& v) {
  const Tensor& dy = *v.x[0];
  Tensor& dx = v.y[0];
  for_each_window(v, 1, dx.rows(), [&](std::int64_t row, std::int64_t first, std::int64_t end) {
    for (std::int64_t t = first; t < end; ++t) {
      for (std::int64_t c = 0; c < dy.columns(); ++c) {
        at(dx, t, c) += at(dy, row, c) / static_cast<double>(end - first);
      }
    }
  });
}

std::vector<PortDef> x_from_to() {
  return {{"x", "f32[T, C]"}, {"from", "i32[B+1 -> T]"}, {"to", "i32[B+1 -> T']"}};
}

std::vector<AttrDef> window_attrs() {
  return {required("size", "rows of a window", std::int64_t{}),
          {"stride", "rows from one window to the next", std::int64_t{1}},
          {"padding", "\"valid\", \"same\" or \"causal\"", std::string("valid")}};
}

// One comparison or addition per row of each window.
double flops_of_window(const Graph& graph, const Node& node, const ElementCount& count) {
  return count(graph[node.outputs[0]].type) * static_cast<double>(int_attr(node.attrs, "size"));
}

}  // namespace

namespace ops {

const OpDef local_max_pool{
    .name = "local_max_pool",
    .doc = "the maximum of each channel over each window, and the row it was first found in",
    .inputs = x_from_to(),
    .outputs = {{"y", "f32[T', C]"}, {"argmax", "i32[T', C]", Arity::optional}},
    .attrs = window_attrs(),
    .infer = infer_local_max_pool,
    .reference = eval_local_max_pool,
    .gradient = gradient_local_max_pool,
    .flops = flops_of_window,
};

const OpDef local_max_pool_grad{
    .name = "local_max_pool_grad",
    .doc = "dy added up at the rows that held the maxima, 0 elsewhere",
    .inputs = {{"dy", "f32[T', C]"},
               {"argmax", "i32[T', C]"},
               {"from", "i32[B+1 -> T]"},
               {"to", "i32[B+1 -> T']"}},
    .outputs = {{"dx", "f32[T, C]"}},
    .infer = infer_local_max_pool_grad,
    .reference = eval_local_max_pool_grad,
    .flops = [](const Graph& g, const Node& node,
                const ElementCount& count) { return count(g[node.inputs[0]].type); },
};

const OpDef local_mean_pool{
    .name = "local_mean_pool",
    .doc = "the mean of each channel over the rows of each window",
    .inputs = x_from_to(),
    .outputs = {{"y", "f32[T', C]"}},
    .attrs = window_attrs(),
    .infer = infer_local_mean_pool,
    .reference = eval_local_mean_pool,
    .gradient = gradient_local_mean_pool,
    .flops = flops_of_window,
};

const OpDef local_mean_pool_grad{
    .name = "local_mean_pool_grad",
    .doc = "each window's dy, divided by its number of rows, added up in each of them",
    .inputs = {{"dy", "f32[T', C]"}, {"from", "i32[B+1 -> T]"}, {"to", "i32[B+1 -> T']"}},
    .outputs = {{"dx", "f32[T, C]"}},
    .attrs = window_attrs(),
    .infer = infer_local_mean_pool_grad,
    .reference = eval_local_mean_pool_grad,
};

}  // namespace ops
}  // namespace weft
