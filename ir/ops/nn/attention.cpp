// Scaled dot-product attention with several heads over packed sequences: each row asks the rows of
// its own sequence, or one row per sequence does (pool_attention).
//
// Vaswani et al., "Attention is all you need", NeurIPS 2017. The columns of a head h lie at h * d
// to (h + 1) * d of each of q, k and v, where d = H / heads. Backward passes compute the
// probabilities again, so that memory is linear in the length of a sequence.
#include "ir/ops/nn/attention.h"

#include <algorithm>
#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"

namespace weft {

AttentionSettings attention_settings(const Attrs& attrs, std::int64_t width) {
  AttentionSettings s;
  s.heads = int_attr(attrs, "heads");
  s.causal = attrs.contains("causal") && int_attr(attrs, "causal") != 0;
  s.scale = float_attr(attrs, "scale");
  if (s.scale == 0) {
    s.scale = 1.0 / std::sqrt(static_cast<double>(width) / static_cast<double>(s.heads));
  }
  s.dropout = float_attr(attrs, "rate");
  s.stream = int_attr(attrs, "stream");
  return s;
}

namespace {

// Operands in the order of ports: all ops begin with what is asked (and, of one row per sequence,
// what is asked for) and end with seed and step.
struct Ports {
  std::size_t offsets, seed;
};

void expect_settings(const InferContext& v, const Dim& width, const Ports& ports) {
  const std::int64_t heads = int_attr(v.attrs, "heads");
  if (!width.is_static() || heads < 1 || heads > (1 << 16) || width.value % heads != 0) {
    v.fail(fmt::format("{} columns cannot be cut into {} heads", to_string(width), heads),
           "the width of a model is a multiple of its number of heads");
  }
  const double rate = float_attr(v.attrs, "rate");
  if (!(rate >= 0 && rate < 1)) {
    v.fail(fmt::format("rate is {}, but must be at least 0 and below 1", rate));
  }
  if (v.has(ports.seed) != (rate > 0) || v.has(ports.seed + 1) != (rate > 0)) {
    v.fail(fmt::format("rate is {}, but seed and step are {}", rate,
                       v.has(ports.seed) ? "given" : "left out"),
           "dropout needs both; without dropout neither is given");
  }
  if (rate > 0) {
    expect_scalar(v, ports.seed, DType::i32);
    expect_scalar(v, ports.seed + 1, DType::i32);
  }
}

// `columns` of port `port`, a multiple `parts` of the width of all heads together.
Dim width_of(const InferContext& v, std::size_t port, std::int64_t parts) {
  const Dim& columns = expect_float(v, port, 2).shape[1];
  if (!columns.is_static() || columns.value < parts || columns.value % parts != 0) {
    v.fail(fmt::format("{}, but must have {} parts of equal width", describe(v, port), parts));
  }
  return columns.value / parts;
}

// One query row, the keys and values of its sequence, and their gradients, for one head.
struct Query {
  const Tensor& q;
  const Tensor& kv;
  std::int64_t row, q_column;          // of q: the row and its first column
  std::int64_t begin, end;             // the rows of kv that it sees
  std::int64_t k_column, v_column, d;  // of kv: first columns, and how many
  double scale;
};

// The factor of each probability under dropout: 0, or 1 / (1 - rate).
std::vector<double> kept(const EvalContext& v, const Ports& ports, const AttentionSettings& s,
                         const Query& a, std::int64_t head) {
  std::vector<double> factors(static_cast<std::size_t>(a.end - a.begin), 1.0);
  if (s.dropout == 0) return factors;
  const RandomKey whole =
      random_key(integer_operand(v, ports.seed), integer_operand(v, ports.seed + 1), s.stream);
  const RandomKey key = attention_key(whole, a.row, head);
  const std::uint32_t threshold = dropout_threshold(s.dropout);
  for (std::uint32_t j = 0; j < factors.size(); ++j) {
    factors[j] = random_bits(key, j) >= threshold ? 1.0 / (1.0 - s.dropout) : 0.0;
  }
  return factors;
}

std::vector<double> probabilities(const Query& a) {
  std::vector<double> p;
  for (std::int64_t t = a.begin; t < a.end; ++t) {
    double score = 0;
    for (std::int64_t c = 0; c < a.d; ++c) {
      score += at(a.q, a.row, a.q_column + c) * at(a.kv, t, a.k_column + c);
    }
    p.push_back(score * a.scale);
  }
  const double max = *std::ranges::max_element(p);
  double sum = 0;
  for (double& x : p) sum += x = std::exp(x - max);
  for (double& x : p) x /= sum;
  return p;
}

void answer(const Query& a, const std::vector<double>& kept, Tensor& y, std::int64_t column) {
  const std::vector<double> p = probabilities(a);
  for (std::size_t j = 0; j < p.size(); ++j) {
    const std::int64_t t = a.begin + static_cast<std::int64_t>(j);
    for (std::int64_t c = 0; c < a.d; ++c) {
      at(y, a.row, column + c) += p[j] * kept[j] * at(a.kv, t, a.v_column + c);
    }
  }
}

// Adds to the gradients of q and kv; dy's columns begin at `column`.
void answer_grad(const Query& a, const std::vector<double>& kept, const Tensor& dy,
                 std::int64_t column, Tensor& dq, Tensor& dkv) {
  const std::vector<double> p = probabilities(a);
  std::vector<double> dp(p.size());
  double dot = 0;
  for (std::size_t j = 0; j < p.size(); ++j) {
    const std::int64_t t = a.begin + static_cast<std::int64_t>(j);
    for (std::int64_t c = 0; c < a.d; ++c) {
      dp[j] += at(dy, a.row, column + c) * at(a.kv, t, a.v_column + c) * kept[j];
      at(dkv, t, a.v_column + c) += p[j] * kept[j] * at(dy, a.row, column + c);
    }
    dot += p[j] * dp[j];
  }
  for (std::size_t j = 0; j < p.size(); ++j) {
    const std::int64_t t = a.begin + static_cast<std::int64_t>(j);
    const double ds = p[j] * (dp[j] - dot) * a.scale;
    for (std::int64_t c = 0; c < a.d; ++c) {
      at(dq, a.row, a.q_column + c) += ds * at(a.kv, t, a.k_column + c);
      at(dkv, t, a.k_column + c) += ds * at(a.q, a.row, a.q_column + c);
    }
  }
}

// visit(query, head, its first column of y) for every row of qkv and every head.
template <class Visit>
void each_query(const EvalContext& v, const Tensor& qkv, std::size_t offsets_port, Visit visit) {
  const std::int64_t width = qkv.columns() / 3;
  const AttentionSettings s = attention_settings(v.node.attrs, width);
  const auto offsets = offsets_of(v, offsets_port, qkv.rows());
  const std::int64_t d = width / s.heads;
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    for (std::int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
      for (std::int64_t h = 0; h < s.heads; ++h) {
        visit(Query{qkv, qkv, t, h * d, offsets[b], s.causal ? t + 1 : offsets[b + 1],
                    width + h * d, 2 * width + h * d, d, s.scale},
              s, h, h * d);
      }
    }
  }
}

// The same for the row of q of each sequence that has rows.
template <class Visit>
void each_pooling_query(const EvalContext& v, const Tensor& q, const Tensor& kv,
                        std::size_t offsets_port, Visit visit) {
  const std::int64_t width = q.columns();
  const AttentionSettings s = attention_settings(v.node.attrs, width);
  const auto offsets = offsets_of(v, offsets_port, kv.rows());
  const std::int64_t d = width / s.heads;
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    if (offsets[b] == offsets[b + 1]) continue;
    for (std::int64_t h = 0; h < s.heads; ++h) {
      visit(Query{q, kv, static_cast<std::int64_t>(b), h * d, offsets[b], offsets[b + 1], h * d,
                  width + h * d, d, s.scale},
            s, h, h * d);
    }
  }
}

// attention: qkv, offsets, seed, step -> y; attention_grad: qkv, dy, offsets, seed, step -> dqkv

constexpr Ports kSelf{1, 2}, kSelfGrad{2, 3}, kPool{2, 3}, kPoolGrad{3, 4};

std::vector<TensorType> infer_attention(const InferContext& v) {
  const Dim width = width_of(v, 0, 3);
  const Dim rows = v.type(0).shape[0];
  v.expect_offsets(kSelf.offsets, rows);
  expect_settings(v, width, kSelf);
  return {float_type({rows, width})};
}

void eval_attention(const EvalContext& v) {
  each_query(v, *v.x[0], kSelf.offsets, [&](const Query& a, const auto& s, auto head, auto column) {
    answer(a, kept(v, kSelf, s, a, head), v.y[0], column);
  });
}

void gradient_attention(GradientContext& g) {
  g.dx[0] =
      g.emit(ops::attention_grad, {g.in(0), g.dy[0], g.in(1), g.in(2), g.in(3)}, g.node.attrs);
}

std::vector<TensorType> infer_attention_grad(const InferContext& v) {
  const Dim width = width_of(v, 0, 3);
  const Dim rows = v.type(0).shape[0];
  v.expect_same(1, float_type({rows, width}));
  v.expect_offsets(kSelfGrad.offsets, rows);
  expect_settings(v, width, kSelfGrad);
  return {v.type(0)};
}

void eval_attention_grad(const EvalContext& v) {
  Tensor& dqkv = v.y[0];
  each_query(v, *v.x[0], kSelfGrad.offsets,
             [&](const Query& a, const auto& s, auto head, auto column) {
               answer_grad(a, kept(v, kSelfGrad, s, a, head), *v.x[1], column, dqkv, dqkv);
             });
}

// pool_attention: q, kv, offsets, seed, step -> y; its gradient: q, kv, dy, offsets, seed, step

void expect_pooled(const InferContext& v, const Ports& ports) {
  const TensorType& q = expect_float(v, 0, 2);
  const Dim width = width_of(v, 1, 2);
  v.expect_offsets(ports.offsets, v.type(1).shape[0]);
  v.expect_same(0, float_type({examples_of(v.type(ports.offsets)), width}));
  expect_settings(v, q.shape[1], ports);
}

std::vector<TensorType> infer_pool_attention(const InferContext& v) {
  expect_pooled(v, kPool);
  return {v.type(0)};
}

void eval_pool_attention(const EvalContext& v) {
  each_pooling_query(v, *v.x[0], *v.x[1], kPool.offsets,
                     [&](const Query& a, const auto& s, auto head, auto column) {
                       answer(a, kept(v, kPool, s, a, head), v.y[0], column);
                     });
}

void gradient_pool_attention(GradientContext& g) {
  const auto dx = g.graph.append(ops::pool_attention_grad,
                                 {g.in(0), g.in(1), g.dy[0], g.in(2), g.in(3), g.in(4)},
                                 g.node.attrs, g.node.location);
  std::ranges::copy(dx, g.dx.begin());
}

std::vector<TensorType> infer_pool_attention_grad(const InferContext& v) {
  expect_pooled(v, kPoolGrad);
  v.expect_same(2, v.type(0));
  return {v.type(0), v.type(1)};
}

void eval_pool_attention_grad(const EvalContext& v) {
  each_pooling_query(v, *v.x[0], *v.x[1], kPoolGrad.offsets,
                     [&](const Query& a, const auto& s, auto head, auto column) {
                       answer_grad(a, kept(v, kPoolGrad, s, a, head), *v.x[2], column, v.y[0],
                                   v.y[1]);
                     });
}

// A program that only predicts drops no probabilities. Seed and step are the last two operands.
std::vector<ValueId> without_dropout(Graph& target, const Node& node) {
  std::vector<ValueId> operands = node.inputs;
  operands.resize(operands.size() - 2);
  Attrs attrs = node.attrs;
  attrs["rate"] = 0.0;
  return target.append(*node.op, std::move(operands), std::move(attrs), node.location);
}

// So many products for each pair of rows of a sequence, as if all were of the same length.
template <int products>
double flops_of_pairs(const Graph& graph, const Node& node, const ElementCount& count) {
  const bool packed = node.op == &ops::attention || node.op == &ops::attention_grad;
  const TensorType& keys = graph[node.inputs[packed ? 0 : 1]].type;
  const TensorType& y =
      graph[node.op == &ops::attention_grad ? node.inputs[1] : node.outputs[0]].type;
  const double rows = count(float_type({keys.shape[0]}));
  double texts = 1;
  for (const ValueId id : node.inputs) {
    if (id != kNoValue && !graph[id].type.ragged_dim.empty()) {
      texts = std::max(1.0, count(float_type({examples_of(graph[id].type)})));
    }
  }
  return 2.0 * products * count(y) * rows / texts;
}

std::vector<AttrDef> attention_attrs(bool causal) {
  std::vector<AttrDef> attrs{
      required("heads", "how many parts ask and answer for themselves", std::int64_t{}),
      {.name = "scale",
       .doc = "of the scores; 0: 1 / sqrt(columns of a head)",
       .default_value = 0.0,
       .low = 0},
      {"rate", "the share of probabilities that become 0", 0.0},
      {"stream", "a number of its own for each dropout", std::int64_t{0}}};
  if (causal) attrs.push_back({"causal", "1: a row sees no later rows", std::int64_t{0}, {}, 0, 1});
  return attrs;
}

const PortDef kSeed{"seed", "i32[], where rate > 0", Arity::optional};
const PortDef kStep{"step", "i32[], where rate > 0", Arity::optional, OperandRole::step};
const PortDef kOffsets{"offsets", "i32[B+1 -> T]"};

}  // namespace

namespace ops {

const OpDef attention{
    .name = "attention",
    .doc = "each row's mean of the values of its sequence, weighted by softmax(q k)",
    .inputs = {{"qkv", "f32[T, 3 H], queries, keys and values side by side"},
               kOffsets,
               kSeed,
               kStep},
    .outputs = {{"y", "f32[T, H]"}},
    .attrs = attention_attrs(true),
    .infer = infer_attention,
    .reference = eval_attention,
    .gradient = gradient_attention,
    .inference = without_dropout,
    .flops = flops_of_pairs<2>,
};

const OpDef attention_grad{
    .name = "attention_grad",
    .doc = "the gradient of attention's qkv, whose probabilities it computes again",
    .inputs = {{"qkv", "f32[T, 3 H]"}, {"dy", "f32[T, H]"}, kOffsets, kSeed, kStep},
    .outputs = {{"dqkv", "f32[T, 3 H]"}},
    .attrs = attention_attrs(true),
    .infer = infer_attention_grad,
    .reference = eval_attention_grad,
    .flops = flops_of_pairs<5>,
};

const OpDef pool_attention{
    .name = "pool_attention",
    .doc = "attention of one row per sequence to all rows of it; zeros for an empty sequence",
    .inputs = {{"q", "f32[B, H]"}, {"kv", "f32[T, 2 H]"}, kOffsets, kSeed, kStep},
    .outputs = {{"y", "f32[B, H]"}},
    .attrs = attention_attrs(false),
    .infer = infer_pool_attention,
    .reference = eval_pool_attention,
    .gradient = gradient_pool_attention,
    .inference = without_dropout,
    .flops = flops_of_pairs<2>,
};

const OpDef pool_attention_grad{
    .name = "pool_attention_grad",
    .doc = "the gradients of pool_attention's q and kv",
    .inputs =
        {{"q", "f32[B, H]"}, {"kv", "f32[T, 2 H]"}, {"dy", "f32[B, H]"}, kOffsets, kSeed, kStep},
    .outputs = {{"dq", "f32[B, H]"}, {"dkv", "f32[T, 2 H]"}},
    .attrs = attention_attrs(false),
    .infer = infer_pool_attention_grad,
    .reference = eval_pool_attention_grad,
    .flops = flops_of_pairs<5>,
};

}  // namespace ops
}  // namespace weft
