// How each op of weft is written in ONNX, for texts that are not empty.
#include <fmt/format.h>

#include <cmath>

#include "frontend/onnx/exporter.h"
#include "ir/ops/nn/attention.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"

namespace weft::onnx {
namespace {

// The same op of the same operands.
void same(Exporter& e, const weft::Node& node, const char* op) {
  std::vector<std::string> inputs;
  for (const ValueId id : node.inputs) inputs.push_back(e.name(id));
  e.set(node, op, std::move(inputs));
}
void add(Exporter& e, const weft::Node& node) { same(e, node, "Add"); }
void sub(Exporter& e, const weft::Node& node) { same(e, node, "Sub"); }
void mul(Exporter& e, const weft::Node& node) { same(e, node, "Mul"); }
void relu(Exporter& e, const weft::Node& node) { same(e, node, "Relu"); }
void tanh(Exporter& e, const weft::Node& node) { same(e, node, "Tanh"); }
void sigmoid(Exporter& e, const weft::Node& node) { same(e, node, "Sigmoid"); }

void nothing(Exporter&, const weft::Node&) {}  // offsets, which ONNX has no use for

void embedding(Exporter& e, const weft::Node& node) {
  e.set(node, "Gather", {e.name(node.inputs[1]), e.name(node.inputs[0])});
}

// first, first + 1, … for each text.
void positions(Exporter& e, const weft::Node& node) {
  const std::string ids(programs::kIds);
  const std::int64_t first = int_attr(node.attrs, "first");
  const std::string length = e.add("Squeeze", {e.length_of(ids)});
  const std::string end = e.add("Add", {length, e.integer(first)});
  const std::string range = e.add("Range", {e.integer(first), end, e.integer(1)});
  e.set(node, "Expand", {range, e.add("Shape", {ids})});
}

void scale(Exporter& e, const weft::Node& node) {
  const auto factor = static_cast<float>(float_attr(node.attrs, "factor"));
  e.set(node, "Mul", {e.name(node.inputs[0]), e.scalar(factor)});
}

void matmul(Exporter& e, const weft::Node& node) {
  const auto operand = [&](std::size_t i, const char* flag) {
    const std::string name = e.name(node.inputs[i]);
    return int_attr(node.attrs, flag) != 0 ? e.add("Transpose", {name}) : name;
  };
  const std::string a = operand(0, "transpose_a"), b = operand(1, "transpose_b");
  e.set(node, "MatMul", {a, b});
}

// Before rewrites the activation is a node of its own.
void linear(Exporter& e, const weft::Node& node) {
  WEFT_CHECK(string_attr(node.attrs, "act").empty());
  const std::string product = e.add("MatMul", {e.name(node.inputs[0]), e.name(node.inputs[1])});
  if (node.inputs[2] == kNoValue) return e.set(node, "Identity", {product});
  e.set(node, "Add", {product, e.name(node.inputs[2])});
}

void silu(Exporter& e, const weft::Node& node) {
  const std::string x = e.name(node.inputs[0]);
  e.set(node, "Mul", {x, e.add("Sigmoid", {x})});
}

void elu(Exporter& e, const weft::Node& node) {
  const auto alpha = static_cast<float>(float_attr(node.attrs, "alpha"));
  e.set(node, "Elu", {e.name(node.inputs[0])}, {{"alpha", attribute_of_real(alpha)}});
}

// x / 2 * (1 + erf(x / root 2)), or with tanh(root(2 / pi) (x + 0.044715 x^3)) in its place.
void gelu(Exporter& e, const weft::Node& node) {
  const std::string x = e.name(node.inputs[0]);
  std::string share;
  if (string_attr(node.attrs, "approximate") == "tanh") {
    const std::string cube = e.add("Mul", {e.add("Mul", {x, x}), x});
    const std::string sum = e.add("Add", {x, e.add("Mul", {cube, e.scalar(0.044715F)})});
    share = e.add("Tanh", {e.add("Mul", {sum, e.scalar(0.7978845608F)})});
  } else {
    share = e.add("Erf", {e.add("Mul", {x, e.scalar(0.7071067812F)})});
  }
  const std::string half = e.add("Mul", {x, e.scalar(0.5F)});
  e.set(node, "Mul", {half, e.add("Add", {share, e.scalar(1.0F)})});
}

void concat(Exporter& e, const weft::Node& node) {
  std::vector<std::string> inputs;
  for (const ValueId id : node.inputs) inputs.push_back(e.name(id));
  e.set(node, "Concat", std::move(inputs), {{"axis", attribute(-1)}});
}

void slice(Exporter& e, const weft::Node& node) {
  std::int64_t axis = int_attr(node.attrs, "axis");
  const bool param = e.graph()[node.inputs[0]].persists();
  if (!param && axis > 0) axis = -1;  // columns: in ONNX rows have two dimensions before them
  e.set(node, "Slice",
        {e.name(node.inputs[0]), e.integers({int_attr(node.attrs, "begin")}),
         e.integers({int_attr(node.attrs, "end")}), e.integers({axis})});
}

void reduce_sum(Exporter& e, const weft::Node& node) {  // of params, whose shape ONNX keeps
  e.set(node, "ReduceSum", {e.name(node.inputs[0]), e.integers(ints_attr(node.attrs, "axes"))},
        {{"keepdims", attribute(0)}});
}

void layer_norm(Exporter& e, const weft::Node& node) {
  const auto epsilon = static_cast<float>(float_attr(node.attrs, "epsilon"));
  e.set(node, "LayerNormalization",
        {e.name(node.inputs[0]), e.name(node.inputs[1]), e.name(node.inputs[2])},
        {{"epsilon", attribute_of_real(epsilon)}, {"axis", attribute(-1)}});
}

// gamma (x - mean) / root(var + epsilon) + beta, as one product and one sum.
void batch_norm(Exporter& e, const weft::Node& node) {
  const auto gamma = e.values(node.inputs[1]), beta = e.values(node.inputs[2]);
  const auto mean = e.values(node.inputs[3]), var = e.values(node.inputs[4]);
  std::vector<float> factor, shift;
  for (std::size_t i = 0; i < gamma.size(); ++i) {
    const double f = static_cast<double>(gamma[i]) /
                     std::sqrt(static_cast<double>(var[i]) + float_attr(node.attrs, "epsilon"));
    factor.push_back(static_cast<float>(f));
    shift.push_back(
        static_cast<float>(static_cast<double>(beta[i]) - static_cast<double>(mean[i]) * f));
  }
  const Extents shape{std::ssize(gamma)};
  const std::string scaled =
      e.add("Mul", {e.name(node.inputs[0]), e.floats("factor", shape, factor)});
  e.set(node, "Add", {scaled, e.floats("shift", shape, shift)});
}

// ---- Windows

// Rows of [batch, length, ..] for a window of at least so many: zeros, or another number, after
// shorter texts.
std::string at_least(Exporter& e, const std::string& rows, std::int64_t span, float fill) {
  const std::string missing = e.add("Sub", {e.integers({span}), e.length_of(rows)});
  const std::string after = e.add("Max", {missing, e.integers({0})});
  const std::string pads =
      e.add("Concat", {e.integers({0, 0, 0, 0}), after, e.integers({0})}, {{"axis", attribute(0)}});
  return e.add("Pad", {rows, pads, e.scalar(fill)});
}

std::map<std::string, Attribute, std::less<>> window_attributes(const Window& window) {
  const std::int64_t left = window.left();
  const std::int64_t right = window.padding == Padding::same ? window.span() - 1 - left : 0;
  return {{"kernel_shape", attribute(std::vector<std::int64_t>{window.size})},
          {"strides", attribute(std::vector<std::int64_t>{window.stride})},
          {"pads", attribute(std::vector<std::int64_t>{left, right})}};
}

void conv1d(Exporter& e, const weft::Node& node) {
  const Shape& shape = e.graph()[node.inputs[1]].type.shape;  // [K, C, O]
  const std::int64_t kernel = shape[0].value, in = shape[1].value, out = shape[2].value;
  const Window window = window_of(node.attrs, kernel);
  WEFT_CHECK(string_attr(node.attrs, "act").empty() && node.inputs[4] == kNoValue);
  const std::span<const float> w = e.values(node.inputs[1]);
  std::vector<float> filters;  // [O, C, K]
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t c = 0; c < in; ++c) {
      for (std::int64_t k = 0; k < kernel; ++k) {
        filters.push_back(w[static_cast<std::size_t>((k * in + c) * out + o)]);
      }
    }
  }
  std::string x = e.name(node.inputs[0]);
  if (window.padding == Padding::valid && window.span() > 1) x = at_least(e, x, window.span(), 0);
  auto attributes = window_attributes(window);
  attributes["dilations"] = attribute(std::vector<std::int64_t>{window.dilation});
  std::string y = e.add("Conv", {e.length_last(x), e.floats("filters", {out, in, kernel}, filters)},
                        attributes);
  e.set(node, "Transpose", {y}, {{"perm", attribute({0, 2, 1})}});
}

void local_max_pool(Exporter& e, const weft::Node& node) {
  const Window window = window_of(node.attrs, int_attr(node.attrs, "size"));
  std::string x = e.name(node.inputs[0]);
  if (window.padding == Padding::valid) x = at_least(e, x, window.span(), -3.4028235e38F);
  const std::string y = e.add("MaxPool", {e.length_last(x)}, window_attributes(window));
  e.set(node, "Transpose", {y}, {{"perm", attribute({0, 2, 1})}});
}

// A text shorter than a window has none here, and one in weft.
void local_mean_pool(Exporter& e, const weft::Node& node) {
  const Window window = window_of(node.attrs, int_attr(node.attrs, "size"));
  const std::string y =
      e.add("AveragePool", {e.length_last(e.name(node.inputs[0]))}, window_attributes(window));
  e.set(node, "Transpose", {y}, {{"perm", attribute({0, 2, 1})}});
}

// ---- One row for each text

void max_pool(Exporter& e, const weft::Node& node) {
  e.set(node, "ReduceMax", {e.name(node.inputs[0])},
        {{"axes", attribute(std::vector<std::int64_t>{1})}, {"keepdims", attribute(0)}});
}

void mean_pool(Exporter& e, const weft::Node& node) {
  // The windows of a long text are texts of their own here.
  if (e.name(node.inputs[1]) == programs::kWindows) {
    return e.set(node, "Identity", {e.name(node.inputs[0])});
  }
  e.set(node, "ReduceMean", {e.name(node.inputs[0])},
        {{"axes", attribute(std::vector<std::int64_t>{1})}, {"keepdims", attribute(0)}});
}

void pick_row(Exporter& e, const weft::Node& node) {
  const std::int64_t at = string_attr(node.attrs, "which") == "last" ? -1 : 0;
  e.set(node, "Gather", {e.name(node.inputs[0]), e.integer(at)}, {{"axis", attribute(1)}});
}

// How often each id stands in its text, as a number beside it: [batch, length].
std::string times_in_text(Exporter& e, const std::string& ids, std::int64_t table_rows) {
  // The ids of the texts of a batch become different ones, so that all are counted at once.
  const std::string batch = e.add("Squeeze", {e.add("Shape", {ids}, {{"end", attribute(1)}})});
  const std::string text = e.add("Range", {e.integer(0), batch, e.integer(1)});
  const std::string first = e.add(
      "Unsqueeze", {e.add("Mul", {text, e.integer(table_rows)}), e.integers({1})});  // [batch, 1]
  const std::vector<std::string> unique =  // sorted, where first, which each is, how often
      e.add_outputs(4, "Unique", {e.add("Add", {ids, first})});
  const std::string times = e.add("Gather", {unique[3], unique[2]});
  return e.add("Cast", {e.add("Reshape", {times, e.add("Shape", {ids})})},
               {{"to", attribute(static_cast<std::int64_t>(ElementType::f32))}});
}

// Each kind's importance over its norm, [batch, length, kinds], then their sum. Of an id that
// stands in a text n times, each adds an n-th.
void term_weights(Exporter& e, const weft::Node& node) {
  const std::string table = e.name(node.inputs[2]);
  const std::string times =
      times_in_text(e, e.name(node.inputs[0]), e.graph()[node.inputs[2]].type.shape[0].value);
  const std::string importance = e.add("Gather", {table, e.name(node.inputs[0])});
  const std::string squares = e.add("Div", {e.add("Mul", {importance, importance}),
                                            e.add("Unsqueeze", {times, e.integers({2})})});
  const std::string norm = e.add("Sqrt", {e.add("ReduceSum", {squares, e.integers({1})})});
  const std::string shares =  // 0 / 1e-30 where a text has no term of a kind
      e.add("Div", {importance, e.add("Max", {norm, e.scalar(1e-30F)})});
  const std::string sum =
      e.add("ReduceSum", {shares, e.integers({2})}, {{"keepdims", attribute(0)}});
  e.set(node, "Div", {sum, times});
}

void weighted_sum(Exporter& e, const weft::Node& node) {
  const std::string weights =
      e.add("Unsqueeze", {e.name(node.inputs[1]), e.integers({1})});  // [batch, 1, length]
  e.set(node, "Squeeze", {e.add("MatMul", {weights, e.name(node.inputs[0])}), e.integers({1})});
}

// ---- Attention

// [batch, 1, length, length]: 0 where a row sees another, far below it where that comes later.
std::string causal_mask(Exporter& e, const std::string& rows) {
  const std::string length = e.add("Squeeze", {e.length_of(rows)});
  const std::string at = e.add("Range", {e.integer(0), length, e.integer(1)});
  const std::string from = e.add("Unsqueeze", {at, e.integers({1})});
  const std::string later = e.add("Less", {from, e.add("Unsqueeze", {at, e.integers({0})})});
  return e.add("Where", {later, e.scalar(-3.4028235e38F), e.scalar(0)});
}

void attention(Exporter& e, const weft::Node& node) {
  const std::string qkv = e.name(node.inputs[0]);
  const std::int64_t width = e.graph()[node.outputs[0]].type.shape[1].value;
  const AttentionSettings s = attention_settings(node.attrs, width);
  const auto part = [&](std::int64_t i, std::vector<std::int64_t> order) {
    const std::string columns = e.add(
        "Slice", {qkv, e.integers({i * width}), e.integers({(i + 1) * width}), e.integers({2})});
    const std::string heads =
        e.add("Reshape", {columns, e.integers({0, 0, s.heads, width / s.heads})});
    return e.add("Transpose", {heads}, {{"perm", attribute(std::move(order))}});
  };
  const std::string q = part(0, {0, 2, 1, 3}), k = part(1, {0, 2, 3, 1}), v = part(2, {0, 2, 1, 3});
  std::string scores =
      e.add("Mul", {e.add("MatMul", {q, k}), e.scalar(static_cast<float>(s.scale))});
  if (s.causal) scores = e.add("Add", {scores, causal_mask(e, qkv)});
  const std::string p = e.add("Softmax", {scores}, {{"axis", attribute(-1)}});
  const std::string y =
      e.add("Transpose", {e.add("MatMul", {p, v})}, {{"perm", attribute({0, 2, 1, 3})}});
  e.set(node, "Reshape", {y, e.integers({0, 0, width})});
}

const ExportRule kRules[] = {
    {&ops::embedding, embedding},
    {&ops::positions, positions},
    {&ops::window_offsets, nothing},
    {&ops::add, add},
    {&ops::sub, sub},
    {&ops::mul, mul},
    {&ops::bias_add, add},
    {&ops::scale, scale},
    {&ops::matmul, matmul},
    {&ops::linear, linear},
    {&ops::relu, relu},
    {&ops::tanh, tanh},
    {&ops::sigmoid, sigmoid},
    {&ops::silu, silu},
    {&ops::elu, elu},
    {&ops::gelu, gelu},
    {&ops::softmax, nothing},
    {&ops::concat, concat},
    {&ops::slice, slice},
    {&ops::reduce_sum, reduce_sum},
    {&ops::layer_norm, layer_norm},
    {&ops::batch_norm_inference, batch_norm},
    {&ops::conv1d, conv1d},
    {&ops::local_max_pool, local_max_pool},
    {&ops::local_mean_pool, local_mean_pool},
    {&ops::max_pool, max_pool},
    {&ops::mean_pool, mean_pool},
    {&ops::pick_row, pick_row},
    {&ops::term_weights, term_weights},
    {&ops::weighted_sum, weighted_sum},
    {&ops::attention, attention},
};

}  // namespace

const ExportRule* find_export_rule(const OpDef& op) {
  for (const ExportRule& rule : kRules) {
    if (rule.op == &op) return &rule;
  }
  return nullptr;
}

}  // namespace weft::onnx
