// Ops that make values or rearrange them: constant, concat, slice, reshape.
#include <algorithm>
#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

// A static shape from an attribute; an attribute's number may be anything, so its size is bounded.
Shape shape_attr(const InferContext& v, std::string_view name) {
  Shape shape;
  double elements = 1;
  for (const std::int64_t extent : ints_attr(v.attrs, name)) {
    if (extent < 0) v.fail(fmt::format("{} holds {}, but no size is negative", name, extent));
    elements *= static_cast<double>(std::max<std::int64_t>(extent, 1));
    shape.emplace_back(extent);
  }
  if (elements > 0x1p40) v.fail(fmt::format("{} is of {} elements", name, elements));
  return shape;
}

std::int64_t elements_of(const Shape& shape, std::size_t first = 0) {
  std::int64_t n = 1;
  for (std::size_t i = first; i < shape.size(); ++i) n *= shape[i].value;
  return n;
}

std::vector<TensorType> infer_constant(const InferContext& v) {
  const std::string& dtype = string_attr(v.attrs, "dtype");
  if (dtype != "f32" && dtype != "i32") {
    v.fail(fmt::format("there is no dtype \"{}\"", dtype), "it is \"f32\" or \"i32\"");
  }
  const Shape shape = shape_attr(v, "shape");
  const std::vector<double> value = floats_attr(v.attrs, "value");
  const std::int64_t elements = elements_of(shape);
  if (value.size() != 1 && static_cast<std::int64_t>(value.size()) != elements) {
    v.fail(fmt::format("value has {} numbers, but the shape holds {}", value.size(), elements),
           "give that many, or one for all");
  }
  const auto fits = [](double x) { return x == std::floor(x) && std::abs(x) < 0x1p31; };
  if (dtype == "i32" && !std::ranges::all_of(value, fits)) v.fail("value must hold i32 numbers");
  return {{dtype == "i32" ? DType::i32 : DType::f32, shape, {}}};
}

void eval_constant(const EvalContext& v) {
  const std::vector<double> value = floats_attr(v.node.attrs, "value");
  std::vector<double>& y = v.y[0].data;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = value[value.size() == 1 ? 0 : i];
}

// True if two shapes agree in all dimensions but the last.
bool same_rows(const Shape& a, const Shape& b) {
  return a.size() == b.size() && !a.empty() && std::equal(a.begin(), a.end() - 1, b.begin());
}

std::string operand_name(std::size_t i) { return fmt::format("x[{}]", i); }

std::vector<TensorType> infer_concat(const InferContext& v) {
  std::int64_t total = 0;
  Shape shape = v.type(0).shape;
  for (std::size_t i = 0; i < v.inputs.size(); ++i) {
    v.expect_dtype(i, DType::f32);
    const Shape& x = v.type(i).shape;
    if (!same_rows(x, shape)) {
      v.fail(fmt::format("{} is {} but {} is {}", operand_name(i), to_string(v.type(i)),
                         operand_name(0), to_string(v.type(0))),
             "all dimensions but the last must be equal: pool sequences to one row each first");
    }
    if (!x.back().is_static()) {
      v.fail(fmt::format("{} is {}, but the last dimension must be a number", operand_name(i),
                         to_string(v.type(i))));
    }
    total += x.back().value;
  }
  shape.back() = total;
  return {float_type(shape)};
}

void eval_concat(const EvalContext& v) {
  std::int64_t begin = 0;
  for (const Tensor* x : v.x) {
    for (std::int64_t n = 0; n < x->rows(); ++n) {
      for (std::int64_t c = 0; c < x->columns(); ++c) at(v.y[0], n, begin + c) = at(*x, n, c);
    }
    begin += x->columns();
  }
}

ValueId cut(GradientContext& g, ValueId x, std::size_t axis, std::int64_t begin, std::int64_t end) {
  return g.emit(ops::slice, {x},
                {{"axis", static_cast<std::int64_t>(axis)}, {"begin", begin}, {"end", end}});
}

void gradient_concat(GradientContext& g) {
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < g.node.inputs.size(); ++i) {
    const Shape shape = g.type(g.in(i)).shape;
    const std::int64_t end = begin + shape.back().value;
    if (g.needs_grad[i]) g.dx[i] = cut(g, g.dy[0], shape.size() - 1, begin, end);
    begin = end;
  }
}

// The attribute `axis`, which must be a dimension of operand 0 and of static size.
std::size_t static_axis(const InferContext& v) {
  const Shape& x = v.type(0).shape;
  const std::int64_t axis = int_attr(v.attrs, "axis");
  if (axis < 0 || axis >= static_cast<std::int64_t>(x.size())) {
    v.fail(fmt::format("axis is {}, but {}", axis, describe(v, 0)),
           "axes count from 0, the outermost");
  }
  const auto index = static_cast<std::size_t>(axis);
  if (!x[index].is_static()) {
    v.fail(fmt::format("{}: {} is known only at run time and can not be cut", describe(v, 0),
                       to_string(x[index])));
  }
  return index;
}

std::vector<TensorType> infer_slice(const InferContext& v) {
  TensorType y = v.type(0);
  v.expect_dtype(0, DType::f32);
  const std::size_t axis = static_axis(v);
  const std::int64_t begin = int_attr(v.attrs, "begin"), end = int_attr(v.attrs, "end");
  if (begin < 0 || end < begin || end > y.shape[axis].value) {
    v.fail(fmt::format("the range from {} to {} is not inside {}", begin, end,
                       to_string(y.shape[axis])));
  }
  y.shape[axis] = end - begin;
  return {y};
}

// Calls visit(index in the whole, index in the cut) for every element of the cut.
template <class Visit>
void for_each_cut(const EvalContext& v, const Extents& whole, std::int64_t size, Visit visit) {
  const auto axis = static_cast<std::size_t>(int_attr(v.node.attrs, "axis"));
  const std::int64_t begin = int_attr(v.node.attrs, "begin");
  const std::int64_t outer = product(whole, 0, axis);
  const std::int64_t inner = product(whole, axis + 1, whole.size());
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < size * inner; ++i) {
      visit(static_cast<std::size_t>((o * whole[axis] + begin) * inner + i),
            static_cast<std::size_t>(o * size * inner + i));
    }
  }
}

void eval_slice(const EvalContext& v) {
  const Tensor& x = *v.x[0];
  const std::int64_t size = int_attr(v.node.attrs, "end") - int_attr(v.node.attrs, "begin");
  for_each_cut(v, x.shape, size,
               [&](std::size_t whole, std::size_t part) { v.y[0].data[part] = x.data[whole]; });
}

void gradient_slice(GradientContext& g) {
  const auto axis = static_cast<std::size_t>(int_attr(g.node.attrs, "axis"));
  g.dx[0] = g.emit(ops::slice_grad, {g.dy[0]},
                   {{"axis", g.node.attrs.at("axis")},
                    {"begin", g.node.attrs.at("begin")},
                    {"extent", g.type(g.in(0)).shape[axis].value}});
}

std::vector<TensorType> infer_slice_grad(const InferContext& v) {
  TensorType dx = v.type(0);
  v.expect_dtype(0, DType::f32);
  const std::size_t axis = static_axis(v);
  const std::int64_t begin = int_attr(v.attrs, "begin"), extent = int_attr(v.attrs, "extent");
  if (begin < 0 || extent < dx.shape[axis].value || begin > extent - dx.shape[axis].value) {
    v.fail(fmt::format("{} from {} on is not inside {}", to_string(dx.shape[axis]), begin, extent));
  }
  dx.shape[axis] = extent;
  return {dx};
}

void eval_slice_grad(const EvalContext& v) {
  const Tensor& dy = *v.x[0];
  const auto axis = static_cast<std::size_t>(int_attr(v.node.attrs, "axis"));
  for_each_cut(v, v.y[0].shape, dy.shape[axis],
               [&](std::size_t whole, std::size_t part) { v.y[0].data[whole] = dy.data[part]; });
}

std::vector<TensorType> infer_reshape(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  const Shape& x = v.type(0).shape;
  if (x.empty()) v.fail(describe(v, 0) + ", but must have a first dimension, which is kept");
  const bool is_static =
      std::all_of(x.begin() + 1, x.end(), [](const Dim& d) { return d.is_static(); });
  if (!is_static) v.fail(describe(v, 0) + ", but only dimensions of known size can be reshaped");
  Shape shape = shape_attr(v, "shape");
  if (elements_of(shape) != elements_of(x, 1)) {
    v.fail(fmt::format("{}, so the new shape must hold {} elements per row, not {}", describe(v, 0),
                       elements_of(x, 1), elements_of(shape)),
           "`shape` lists the dimensions after the first, which is kept");
  }
  shape.insert(shape.begin(), x[0]);
  return {float_type(shape)};
}

void eval_reshape(const EvalContext& v) { v.y[0].data = v.x[0]->data; }

void gradient_reshape(GradientContext& g) {
  std::vector<std::int64_t> shape;
  for (const Dim& dim : g.type(g.in(0)).shape) shape.push_back(dim.value);
  shape.erase(shape.begin());
  g.dx[0] = g.emit(ops::reshape, {g.dy[0]}, {{"shape", shape}});
}

double no_flops(const Graph&, const Node&, const ElementCount&) { return 0; }

}  // namespace

namespace ops {

const OpDef constant{
    .name = "constant",
    .doc = "the numbers written in the program",
    .outputs = {{"y", "[..]"}},
    .attrs = {{"dtype", "\"f32\" or \"i32\"", std::string("f32")},
              {"shape", "static sizes", std::vector<std::int64_t>{}},
              required("value", "row-major, or one number for all", std::vector<double>{})},
    .infer = infer_constant,
    .reference = eval_constant,
    .foldable = false,
    .flops = no_flops,
};

const OpDef concat{
    .name = "concat",
    .doc = "the columns of all operands, in their order: joined along the last dimension",
    .inputs = {{"x", "f32[.., C]", Arity::variadic}},
    .outputs = {{"y", "f32[.., sum of C]"}},
    .infer = infer_concat,
    .reference = eval_concat,
    .gradient = gradient_concat,
    .concatenates = true,
    .rowwise = true,
    .flops = no_flops,
};

const OpDef slice{
    .name = "slice",
    .doc = "the part of one dimension from `begin` up to, not including, `end`",
    .inputs = {{"x", "f32[..]"}},
    .outputs = {{"y", "f32[..]"}},
    .attrs = {required("axis", "counted from 0, the outermost", std::int64_t{}),
              required("begin", "the first index", std::int64_t{}),
              required("end", "the index after the last", std::int64_t{})},
    .infer = infer_slice,
    .reference = eval_slice,
    .gradient = gradient_slice,
    .flops = no_flops,
};

const OpDef slice_grad{
    .name = "slice_grad",
    .doc = "dy where slice cut it from, 0 elsewhere",
    .inputs = {{"dy", "f32[..]"}},
    .outputs = {{"dx", "f32[..]"}},
    .attrs = {required("axis", "counted from 0, the outermost", std::int64_t{}),
              required("begin", "the first index", std::int64_t{}),
              required("extent", "the size before the slice", std::int64_t{})},
    .infer = infer_slice_grad,
    .reference = eval_slice_grad,
    .flops = no_flops,
};

const OpDef reshape{
    .name = "reshape",
    .doc = "the same elements under another shape; the first dimension is kept",
    .inputs = {{"x", "f32[N, ..]"}},
    .outputs = {{"y", "f32[N, ..]"}},
    .attrs = {required("shape", "the dimensions after the first", std::vector<std::int64_t>{})},
    .infer = infer_reshape,
    .reference = eval_reshape,
    .gradient = gradient_reshape,
    .in_place = {1},
    .flops = no_flops,
};

}  // namespace ops
}  // namespace weft
