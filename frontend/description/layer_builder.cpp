// The tools of layers: checked inputs, named weights, nodes that know their source location.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/description/layers.h"
#include "ir/op.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"
#include "ir/random.h"

namespace weft {

std::int64_t LayerBuilder::integer(std::string_view argument) const {
  return int_attr(arguments, argument);
}
double LayerBuilder::number(std::string_view argument) const {
  return float_attr(arguments, argument);
}
const std::string& LayerBuilder::word(std::string_view argument) const {
  return string_attr(arguments, argument);
}

std::string LayerBuilder::described(const LayerValue& value) const {
  if (value.words) return "text is a sequence of word ids";
  return fmt::format("{} is {}, from line {}", value.name, to_string(graph[value.id].type),
                     value.location.line);
}

void LayerBuilder::fail(const std::string& message, std::string note) const {
  throw Error(location, fmt::format("{}: {}", layer, message), std::move(note));
}

const LayerValue& LayerBuilder::rows(std::size_t input) const {
  const LayerValue& value = inputs.at(input);
  if (value.words) {
    fail(fmt::format("the input must be rows of channels, but {}", described(value)),
         "look the words up first: embedding(text, width=…)");
  }
  return value;
}

const LayerValue& LayerBuilder::sequence(std::size_t input) const {
  const LayerValue& value = rows(input);
  if (value.offsets == kNoValue) {
    fail(fmt::format("the input must have a row per token, but {}: one row per text",
                     described(value)),
         "it was pooled over the whole text already; use it before that");
  }
  return value;
}

ValueId LayerBuilder::text() const {
  const LayerValue& text = inputs.front();
  if (!text.words) {
    fail(fmt::format("the input must be the text, but {}", described(text)),
         fmt::format("write {}(text, …)", layer));
  }
  if (text.pair) {
    fail("it reads one text, but the line `text` says pair=true",
         "read pairs by `pretrained(text)`, or leave pair out");
  }
  return text.id;
}

std::int64_t LayerBuilder::channels(const LayerValue& value) const {
  return graph[value.id].type.shape.back().value;
}

void LayerBuilder::expect_equal_rows() const {
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    const LayerValue& first = rows(0);
    const LayerValue& other = rows(i);
    if (graph[first.id].type.shape.front() == graph[other.id].type.shape.front()) continue;
    const bool mixed = (first.offsets == kNoValue) != (other.offsets == kNoValue);
    fail(fmt::format("the inputs must have the same rows, but {} and {}", described(first),
                     described(other)),
         mixed ? "one has a row per text, the other a row per token: pool that one, `| max_pool`"
               : "their windows differ: use padding=same and equal strides, or pool both first");
  }
}

void LayerBuilder::expect_equal_channels() const {
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (channels(rows(0)) == channels(rows(i))) continue;
    fail(fmt::format("the inputs must have as many channels, but {} and {}", described(rows(0)),
                     described(rows(i))),
         fmt::format("make them equal: `{} | linear({})`", inputs[i].name, channels(rows(0))));
  }
}

namespace {

// An error of the graph that has no source location gets that of the layer.
ValueId placed(const LayerBuilder& layer, auto build) {
  try {
    return build();
  } catch (const Error& e) {
    const Diagnostic& first = e.diagnostics().front();
    if (first.location.line > 0) throw;
    layer.fail(first.message, first.note);
  }
}

ValueId declare(LayerBuilder& layer, Role role, std::string_view name, TensorType type,
                Attrs attrs) {
  return placed(layer, [&] {
    return layer.graph.declare(role, fmt::format("{}.{}", layer.prefix, name), std::move(type),
                               std::move(attrs));
  });
}

}  // namespace

ValueId LayerBuilder::add(const OpDef& op, std::vector<ValueId> operands, Attrs attrs,
                          std::string_view part) {
  const std::string hint = part.empty() ? prefix : fmt::format("{}.{}", prefix, part);
  return placed(
      *this, [&] { return graph.add(op, std::move(operands), std::move(attrs), location, hint); });
}

ValueId LayerBuilder::weight(std::string_view name, Shape shape, Attrs attrs) {
  return declare(*this, Role::param, name, {DType::f32, std::move(shape), {}}, std::move(attrs));
}

ValueId LayerBuilder::state(std::string_view name, Shape shape, Attrs attrs) {
  return declare(*this, Role::state, name, {DType::f32, std::move(shape), {}}, std::move(attrs));
}

ValueId LayerBuilder::imported(std::string_view name, TensorType type) {
  return declare(*this, Role::param, name, std::move(type),
                 {{"frozen", std::int64_t{1}}, {"init", "imported"}});
}

Attrs LayerBuilder::glorot(std::int64_t fan_in, std::int64_t fan_out) {
  const double scale = std::sqrt(6.0 / static_cast<double>(fan_in + fan_out));
  return {{"init", "uniform"}, {"scale", scale}};
}

namespace {

ValueId counter(Graph& graph, const char* name) {
  const auto known = graph.find(name);
  return known ? *known : graph.declare(Role::state, name, {DType::i32, {}, {}}, {});
}

// Streams go by name, so that another layer does not change which numbers this one drops.
Attrs random_attrs(double rate, std::string_view name) {
  return {{"rate", rate}, {"stream", static_cast<std::int64_t>(hash_name(name) >> 33U)}};
}

}  // namespace

ValueId LayerBuilder::dropout(ValueId x, double rate, std::string_view part) {
  if (rate == 0) return x;
  const std::string name =
      part.empty() ? prefix + ".dropout" : fmt::format("{}.{}.dropout", prefix, part);
  const ValueId seed = counter(graph, "seed"), step = counter(graph, "step");
  return add(ops::dropout, {x, seed, step}, random_attrs(rate, name), part);
}

ValueId LayerBuilder::attention(ValueId qkv, ValueId offsets, Attrs attrs, double rate,
                                std::string_view part) {
  std::vector<ValueId> operands{qkv, offsets};
  if (rate > 0) {
    attrs.merge(random_attrs(rate, fmt::format("{}.{}.dropout", prefix, part)));
    operands.push_back(counter(graph, "seed"));
    operands.push_back(counter(graph, "step"));
  }
  return add(ops::attention, std::move(operands), std::move(attrs), part);
}

// One node for all, so that tables are looked up by the same ids and share what is made of them.
ValueId LayerBuilder::drop_words(ValueId ids, double rate) {
  if (rate == 0) return ids;
  const Attrs attrs = random_attrs(rate, "word_dropout");
  for (const Node& node : graph.nodes) {
    const bool same = node.op == &ops::token_dropout && node.inputs.front() == ids;
    if (same && node.attrs == attrs) return node.outputs.front();
  }
  const ValueId seed = counter(graph, "seed"), step = counter(graph, "step");
  return graph.add(ops::token_dropout, {ids, seed, step}, attrs, location, "text.dropped");
}

ValueId LayerBuilder::windows(const LayerValue& x, Attrs geometry) {
  geometry.try_emplace("dilation", std::int64_t{1});
  if (window_of(geometry, int_attr(geometry, "size")).keeps_rows()) return x.offsets;
  for (const Node& node : graph.nodes) {
    const auto same = [&](const auto& attr) { return node.attrs.at(attr.first) == attr.second; };
    if (node.op == &ops::window_offsets && node.inputs.front() == x.offsets &&
        std::ranges::all_of(geometry, same)) {
      return node.outputs.front();
    }
  }
  return graph.add(ops::window_offsets, {x.offsets}, geometry, location, prefix + ".offsets");
}

const PretrainedConfig& LayerBuilder::pretrained_config(const std::string& folder) const {
  if (pretrained == nullptr) fail("the pretrained model is not known here");
  try {
    return pretrained->claim(folder);
  } catch (const Error& e) {
    if (e.diagnostics().front().location.line > 0) throw;
    std::vector<Diagnostic> all = e.diagnostics();
    for (Diagnostic& one : all) one.location = location;
    throw Error(std::move(all));
  }
}

LayerValue LayerBuilder::result(ValueId id, ValueId offsets) const {
  return {id, offsets, false, prefix, location};
}

}  // namespace weft
