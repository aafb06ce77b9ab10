// Rules of attention: exporters write it as two products with a softmax between, or as one op.
#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/onnx/rules.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

// The heads of [.., length, D] or [.., D, length]: how many, and that they lie side by side.
struct Heads {
  View leading;  // batch and heads
  std::int64_t count = 1;
};

Heads heads_of(Importer& m, const Rows& x, std::size_t time, std::size_t features) {
  const View& view = x.view;
  Heads heads{{view.begin(), view.end() - 2}, 1};
  const Axis head = merged(view[features]);
  std::int64_t width = 1, stride = 1;
  bool fits = is_only(view[time], Factor::Kind::time) && x.offsets != kNoValue && head.size() <= 1;
  for (const Factor& f : head) {
    fits = fits && f.kind == Factor::Kind::feature && f.stride == 1;
    width = static_cast<std::int64_t>(f.size.plus);
  }
  for (const Axis& axis : heads.leading) {
    for (const Factor& f : merged(axis)) {
      if (f.kind == Factor::Kind::batch) continue;
      fits = fits && f.kind == Factor::Kind::feature && heads.count == 1;
      heads.count = static_cast<std::int64_t>(f.size.plus);
      stride = f.stride;
    }
  }
  fits = fits && heads.count * width == m.columns(x.id) && (heads.count == 1 || stride == width);
  if (!fits) refuse("it multiplies {}, which are no heads of attention", to_string(view));
  return heads;
}

bool same_axes(const View& a, const View& b) {
  return std::ranges::equal(a, b,
                            [](const Axis& x, const Axis& y) { return merged(x) == merged(y); });
}

// q, k and v side by side. Where they are products of the same rows, one product makes all three.
ValueId side_by_side(Importer& m, const std::array<ValueId, 3>& parts) {
  std::array<const weft::Node*, 3> makers{}, products{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    makers[i] = m.maker(parts[i]);
    if (makers[i] == nullptr) return m.add(ops::concat, {parts.begin(), parts.end()});
    products[i] = makers[i]->op == &ops::bias_add ? m.maker(makers[i]->inputs[0]) : nullptr;
  }
  const std::int64_t width = m.columns(parts[0]);
  const auto is_slice = [&](std::size_t i) {
    return makers[i]->op == &ops::slice && makers[i]->inputs[0] == makers[0]->inputs[0] &&
           int_attr(makers[i]->attrs, "begin") == static_cast<std::int64_t>(i) * width;
  };
  if (is_slice(0) && is_slice(1) && is_slice(2) && m.columns(makers[0]->inputs[0]) == 3 * width) {
    return makers[0]->inputs[0];
  }
  for (const weft::Node* product : products) {
    const bool same = product != nullptr && product->op == &ops::matmul &&
                      product->inputs[0] == products[0]->inputs[0];
    if (!same) return m.add(ops::concat, {parts.begin(), parts.end()});
  }
  const ValueId x = products[0]->inputs[0];
  const std::array weights = {products[0]->inputs[1], products[1]->inputs[1],
                              products[2]->inputs[1]};
  const std::array biases = {makers[0]->inputs[1], makers[1]->inputs[1], makers[2]->inputs[1]};
  const ValueId w = m.joined_columns(weights), b = m.joined_columns(biases);
  return m.add(ops::bias_add, {m.add(ops::matmul, {x, w}), b});
}

// 1 / root of the columns of a head.
double usual_scale(std::int64_t width, std::int64_t heads) {
  return std::sqrt(static_cast<double>(heads) / static_cast<double>(width));
}

ValueId attend(Importer& m, std::array<ValueId, 3> qkv, ValueId offsets, std::int64_t heads,
               double scale, bool causal) {
  for (std::size_t i = 0; i < 2; ++i) {  // of q and k: the scores are multiplied as well
    const weft::Node* const maker = m.maker(qkv[i]);
    if (maker == nullptr || maker->op != &ops::scale) continue;
    scale *= float_attr(maker->attrs, "factor");
    qkv[i] = maker->inputs.front();
  }
  if (!(scale > 0) || !std::isfinite(scale)) refuse("its scores are multiplied by {}", scale);
  const bool equal =
      m.columns(qkv[0]) == m.columns(qkv[1]) && m.columns(qkv[0]) == m.columns(qkv[2]);
  if (!equal) refuse("its queries, keys and values are of different widths");
  const double usual = usual_scale(m.columns(qkv[0]), heads);
  if (std::abs(scale / usual - 1) < 1e-6) scale = 0;
  return m.add(ops::attention, {side_by_side(m, qkv), offsets},
               {{"heads", heads}, {"scale", scale}, {"causal", std::int64_t{causal}}});
}

void softmax(Importer& m, const Node& node, const OpDef& op) {
  Value value = m.input(node, 0);
  const std::size_t rank = shape_of(value).size();
  const std::size_t axis = axis_of(node.integer("axis", m.opset() < 13 ? 1 : -1), rank);
  auto* scores = std::get_if<Scores>(&value);
  if (scores != nullptr && &op == &ops::softmax) {
    if (scores->softmax || !is_only(scores->view[axis], Factor::Kind::key) || axis + 1 != rank) {
      refuse("it is over dimension {} of {}", axis, describe(value));
    }
    scores->softmax = true;
    return m.set(node, std::move(value));
  }
  Rows rows = m.rows(node, 0);
  if (axis + 1 != rank || !is_whole(rows.view[axis], m.columns(rows.id))) {
    refuse("it is over dimension {} of {}; weft's is over the features", axis,
           to_string(rows.view));
  }
  rows.id = m.add(op, {rows.id});
  m.set(node, std::move(rows));
}

void softmax_rule(Importer& m, const Node& node) { softmax(m, node, ops::softmax); }
void log_softmax_rule(Importer& m, const Node& node) { softmax(m, node, ops::log_softmax); }

// Attention as one op (opset 23): [batch, heads, length, D], or [batch, length, heads * D].
void attention(Importer& m, const Node& node) {
  std::array<ValueId, 3> qkv{};
  Rows result;
  std::int64_t heads = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    Rows x = m.rows(node, i);
    if (x.view.size() == 3) {
      heads = node.integer(i == 0 ? "q_num_heads" : "kv_num_heads", 1);
      const bool fits = is_only(x.view[1], Factor::Kind::time) && heads > 0 &&
                        is_whole(x.view[2], m.columns(x.id)) && m.columns(x.id) % heads == 0;
      if (!fits || heads != node.integer("q_num_heads", 1)) {
        refuse("it attends to {} by {} heads", to_string(x.view), heads);
      }
    } else if (x.view.size() == 4) {
      heads = heads_of(m, x, 2, 3).count;
    } else {
      refuse("it attends to {}", to_string(x.view));
    }
    if (i == 0) result = x;
    if (x.offsets != result.offsets || x.offsets == kNoValue) refuse("it attends to other texts");
    qkv[i] = x.id;
  }
  if (m.has_input(node, 3) && !uniform_number(m.input(node, 3))) {
    refuse("its mask is {}, which is not one of padding", describe(m.input(node, 3)));
  }
  if (m.has_input(node, 4) || node.real("softcap", 0) != 0)
    refuse("it has a cache, or a cap of scores");
  result.id = attend(m, qkv, result.offsets, heads,
                     node.real("scale", usual_scale(m.columns(qkv[0]), heads)),
                     node.integer("is_causal", 0) != 0);
  m.set(node, std::move(result));
}

constexpr OpRule kRules[] = {
    {"Softmax", softmax_rule},
    {"LogSoftmax", log_softmax_rule},
    {"Attention", attention},
};

}  // namespace

Scores scores_of(Importer& m, const Rows& q, const Rows& k) {
  const std::size_t rank = q.view.size();
  if (rank < 2 || k.view.size() != rank) {
    refuse("it multiplies {} and {}", to_string(q.view), to_string(k.view));
  }
  const Heads of_q = heads_of(m, q, rank - 2, rank - 1), of_k = heads_of(m, k, rank - 1, rank - 2);
  if (q.offsets != k.offsets || of_q.count != of_k.count ||
      !same_axes(of_q.leading, of_k.leading)) {
    refuse("it multiplies {} and {}", to_string(q.view), to_string(k.view));
  }
  Scores scores{q.id, k.id, q.offsets, of_q.count, m.columns(q.id), 1, false, of_q.leading};
  scores.view.push_back(q.view[rank - 2]);
  scores.view.push_back({{Factor::Kind::key, size_of(k.view[rank - 1]), 0}});
  return scores;
}

Rows attention_of(Importer& m, const Scores& p, const Rows& v) {
  const std::size_t rank = v.view.size();
  const bool fits = p.softmax && p.view.size() == rank && rank >= 2 && p.offsets == v.offsets &&
                    is_only(p.view[rank - 1], Factor::Kind::key) &&
                    is_only(p.view[rank - 2], Factor::Kind::time);
  if (!fits) refuse("it multiplies {} and {}", describe(Value(p)), to_string(v.view));
  const Heads heads = heads_of(m, v, rank - 2, rank - 1);
  if (heads.count != p.heads || !same_axes(heads.leading, {p.view.begin(), p.view.end() - 2})) {
    refuse("it multiplies {} and {}", describe(Value(p)), to_string(v.view));
  }
  return {attend(m, {p.q, p.k, v.id}, v.offsets, p.heads, p.scale, false), v.offsets, v.view};
}

std::span<const OpRule> attention_rules() { return kRules; }

}  // namespace weft::onnx
