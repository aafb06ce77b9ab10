// The layer `pretrained`: an encoder (BERT, RoBERTa, DistilBERT) or decoder (GPT-2) from token ids
// to a row per token, of whatever sizes its published configuration says.
//
// Weights are [in, out]. A weight's attribute `pretrained` names where it begins in the published
// files, by the names of frontend/pretrained/family.h; `weft export` goes the same way back.
#include "frontend/description/encoder_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "frontend/pretrained/family.h"
#include "frontend/pretrained/pretrained_source.h"
#include "ir/ops/nn/activation.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"

namespace weft {
namespace {

// Which weights training leaves alone, and how fast it moves the others.
class TrainingOf {
 public:
  TrainingOf(const LayerBuilder& b, std::int64_t layers)
      : all_(b.word("mode") == "static"),
        layers_(layers),
        frozen_layers_(b.integer("freeze")),
        rate_(b.number("rate")) {
    if (frozen_layers_ > layers) {
      b.fail(fmt::format("freeze={}, but the model has {} layers", frozen_layers_, layers),
             fmt::format("write freeze={} or less; mode=static leaves all weights alone", layers));
    }
    const std::string& names = b.word("frozen");
    for (std::size_t begin = 0; begin < names.size();) {
      const std::size_t end = std::min(names.find(',', begin), names.size());
      std::string name = names.substr(begin, end - begin);
      std::erase(name, ' ');
      if (!name.empty()) begins_.push_back(std::move(name));
      begin = end + 1;
    }
  }

  // `layer`: -1 for the embeddings; the number of layers for what follows the last.
  Attrs attrs(std::int64_t layer, const std::string& name) const {
    Attrs attrs;
    const bool below = frozen_layers_ > 0 && layer < frozen_layers_;
    const bool named = std::ranges::any_of(
        begins_, [&](const std::string& begin) { return name.starts_with(begin); });
    if (all_ || below || named) attrs["frozen"] = std::int64_t{1};
    const auto depth = static_cast<double>(layers_ - std::min(layer + 1, layers_));
    if (rate_ != 1 && depth > 0) attrs["rate"] = std::pow(rate_, depth);
    return attrs;
  }

  // Names that stand for no weight are slips. `known`: all names.
  void check_names(const LayerBuilder& b, const std::vector<std::string>& known) const {
    for (const std::string& begin : begins_) {
      const auto fits = [&](const std::string& name) { return name.starts_with(begin); };
      if (std::ranges::any_of(known, fits)) continue;
      b.fail(fmt::format("frozen names `{}`, but no weight's name begins so", begin),
             "names begin: words, positions, types, embedding_norm, layer0, layer1.qkv …");
    }
  }

 private:
  bool all_;
  std::int64_t layers_, frozen_layers_;
  double rate_;
  std::vector<std::string> begins_;
};

// Activations bear the names of their ops, but for one that is a form of another.
struct OpWithAttrs {
  const OpDef* op;
  Attrs attrs;
};
OpWithAttrs op_of(Activation act) {
  if (act == Activation::gelu_tanh) return {&ops::gelu, {{"approximate", "tanh"}}};
  return {find_op(to_string(act)), {}};
}

class EncoderLayers {
 public:
  EncoderLayers(LayerBuilder& b, const PretrainedConfig& config)
      : b_(b),
        c_(config),
        training_(b, config.layers),
        offsets_(b.inputs.front().offsets),
        decoder_(find_family(config.family)->decoder),
        dropout_(given_or("dropout", config.hidden_dropout)),
        attention_dropout_(given_or("attention_dropout", config.attention_dropout)) {}

  LayerValue build() {
    ValueId x = embeddings();
    for (layer_ = 0; layer_ < c_.layers; ++layer_) {
      x = decoder_ ? norm_first_layer(x) : norm_last_layer(x);
    }
    if (decoder_) x = norm(x, "final_norm");
    training_.check_names(b_, names_);
    return b_.result(x, offsets_);
  }

 private:
  // An encoder that is not trained drops nothing by itself: the same text gives the same rows.
  double given_or(std::string_view argument, double usual) const {
    if (b_.number(argument) >= 0) return b_.number(argument);
    return b_.word("mode") == "static" ? 0.0 : usual;
  }

  // A weight of the whole encoder, or `layer3.` and the name.
  std::string full(std::string_view name) const {
    const bool inside = layer_ >= 0 && layer_ < c_.layers;
    return inside ? fmt::format("layer{}.{}", layer_, name) : std::string(name);
  }

  ValueId weight(std::string_view name, Shape shape, Attrs init) {
    const std::string whole = full(name);
    init.merge(training_.attrs(layer_, whole));
    init["pretrained"] = whole;
    names_.push_back(whole);
    return b_.weight(whole, std::move(shape), std::move(init));
  }

  // As far from 0 as the normal distribution of the published models before pretraining.
  ValueId matrix(std::string_view name, std::int64_t rows, std::int64_t columns) {
    return weight(name, {Dim(rows), Dim(columns)},
                  {{"init", "uniform"}, {"scale", 0.02 * std::sqrt(3.0)}});
  }
  ValueId vector(std::string_view name, std::int64_t size, const char* init) {
    return weight(name, {Dim(size)}, {{"init", init}, {"decay", std::int64_t{0}}});
  }

  ValueId add(const OpDef& op, std::vector<ValueId> operands, std::string_view part,
              Attrs attrs = {}) {
    return b_.add(op, std::move(operands), std::move(attrs), full(part));
  }

  ValueId linear(ValueId x, std::string_view name, std::int64_t in, std::int64_t out) {
    const ValueId w = matrix(fmt::format("{}.weight", name), in, out);
    return add(ops::linear, {x, w, vector(fmt::format("{}.bias", name), out, "zeros")}, name);
  }

  ValueId norm(ValueId x, std::string_view name) {
    const ValueId gamma = vector(fmt::format("{}.gamma", name), c_.width, "ones");
    const ValueId beta = vector(fmt::format("{}.beta", name), c_.width, "zeros");
    return add(ops::layer_norm, {x, gamma, beta}, name, {{"epsilon", c_.epsilon}});
  }

  ValueId dropout(ValueId x, std::string_view part) { return b_.dropout(x, dropout_, full(part)); }

  // Word ids, positions and, in models that tell the texts of a pair apart, which of them a token
  // is of: 0 where there is one text.
  ValueId embeddings() {
    const LayerValue& text = b_.inputs.front();
    const ValueId words = add(ops::embedding, {text.id, vocabulary()}, "words");
    const ValueId at =
        add(ops::positions, {offsets_}, "position_ids", {{"first", c_.first_position}});
    const ValueId table = matrix("positions", c_.positions, c_.width);
    ValueId x = add(ops::add, {words, add(ops::embedding, {at, table}, "positions")}, "sum");
    if (c_.types > 1 && text.pair) {
      const ValueId types = matrix("types", c_.types, c_.width);
      const ValueId type = add(ops::embedding, {token_types(), types}, "types");
      x = add(ops::add, {x, type}, "sum");
    } else if (c_.types > 0) {
      const ValueId types = matrix("types", c_.types, c_.width);
      const ValueId row =
          add(ops::slice, {types}, "type",
              {{"axis", std::int64_t{0}}, {"begin", std::int64_t{0}}, {"end", std::int64_t{1}}});
      const ValueId type =
          add(ops::reduce_sum, {row}, "type", {{"axes", std::vector<std::int64_t>{0}}});
      x = add(ops::bias_add, {x, type}, "sum");
    }
    if (!decoder_) x = norm(x, "embedding_norm");
    return b_.dropout(x, given_or("dropout", c_.embedding_dropout), "embeddings");
  }

  ValueId token_types() {
    const auto known = b_.graph.find(programs::kTypes);
    return known ? *known : declare_input(b_.graph, programs::kTypes);
  }

  ValueId vocabulary() {
    Attrs attrs{{"init", "uniform"}, {"scale", 0.02 * std::sqrt(3.0)}};
    return weight("words", {Dim(kVocabularyRows), Dim(c_.width)}, std::move(attrs));
  }

  ValueId attention(ValueId x) {
    const ValueId qkv = linear(x, "qkv", c_.width, 3 * c_.width);
    Attrs attrs{{"heads", c_.heads}, {"causal", std::int64_t{decoder_}}};
    const ValueId y =
        b_.attention(qkv, offsets_, std::move(attrs), attention_dropout_, full("attention"));
    return dropout(linear(y, "output", c_.width, c_.width), "output");
  }

  ValueId feed_forward(ValueId x) {
    ValueId y = linear(x, "up", c_.width, c_.inner);
    const OpWithAttrs act = op_of(c_.activation);
    y = add(*act.op, {y}, "activation", act.attrs);
    return dropout(linear(y, "down", c_.inner, c_.width), "down");
  }

  ValueId norm_last_layer(ValueId x) {
    x = norm(add(ops::add, {x, attention(x)}, "attention_sum"), "attention_norm");
    return norm(add(ops::add, {x, feed_forward(x)}, "feed_sum"), "feed_norm");
  }

  ValueId norm_first_layer(ValueId x) {
    x = add(ops::add, {x, attention(norm(x, "attention_norm"))}, "attention_sum");
    return add(ops::add, {x, feed_forward(norm(x, "feed_norm"))}, "feed_sum");
  }

  LayerBuilder& b_;
  const PretrainedConfig& c_;
  TrainingOf training_;
  ValueId offsets_;
  bool decoder_;  // causal, and layers begin with their norms
  double dropout_, attention_dropout_;
  std::int64_t layer_ = -1;
  std::vector<std::string> names_;  // of all weights
};

LayerValue pick(LayerBuilder& b, const char* which) {
  const LayerValue& x = b.sequence(0);
  return b.result(b.add(ops::pick_row, {x.id, x.offsets}, {{"which", which}}), kNoValue);
}

}  // namespace

LayerValue build_pretrained(LayerBuilder& b) {
  const LayerValue& text = b.inputs.front();
  if (!text.words) {
    b.fail(fmt::format("the input must be the text, but {}", b.described(text)),
           "write pretrained(text, \"FOLDER\")");
  }
  return EncoderLayers(b, b.pretrained_config(b.word("folder"))).build();
}

LayerValue build_first(LayerBuilder& b) { return pick(b, "first"); }
LayerValue build_last(LayerBuilder& b) { return pick(b, "last"); }

LayerValue build_pooler(LayerBuilder& b) {
  const LayerValue& x = b.rows(0);
  const std::int64_t width = b.channels(x);
  const auto begins = [&](Attrs attrs, const char* name) {
    attrs["pretrained"] = name;
    return attrs;
  };
  const ValueId w = b.weight("weight", {Dim(width), Dim(width)},
                             begins(LayerBuilder::glorot(width, width), "pooler.weight"));
  const ValueId bias = b.weight(
      "bias", {Dim(width)}, begins({{"init", "zeros"}, {"decay", std::int64_t{0}}}, "pooler.bias"));
  const ValueId y = b.add(ops::bias_add, {b.add(ops::matmul, {x.id, w}), bias});
  return b.result_like(b.add(ops::tanh, {y}));
}

}  // namespace weft
