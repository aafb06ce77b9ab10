// The table of layers. A new layer is one entry here, made of ops.
#include "frontend/description/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "frontend/description/encoder_layers.h"
#include "frontend/description/quantized_layers.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();
constexpr std::int64_t kWidest = 1 << 20;

ArgumentDef integer(std::string_view name, std::string_view doc, std::optional<Attr> default_value,
                    std::int64_t high = kWidest) {
  return {name, doc, ArgumentKind::integer, std::move(default_value), 1, static_cast<double>(high)};
}

ArgumentDef number(std::string_view name, std::string_view doc, double default_value, double low,
                   double high) {
  return {name, doc, ArgumentKind::number, default_value, low, high};
}

ArgumentDef choice(std::string_view name, std::string_view doc,
                   std::vector<std::string_view> words) {
  const std::string first(words.front());
  return {name, doc, ArgumentKind::word, first, 0, 0, std::move(words)};
}

ArgumentDef flag(std::string_view name, std::string_view doc, bool default_value) {
  return {name, doc, ArgumentKind::boolean, std::int64_t{default_value}};
}

// The description gives the width, or its file of word vectors does.
std::int64_t embedding_width(LayerBuilder& b) {
  std::int64_t width = b.integer("width");
  if (b.initial_vectors != nullptr) {
    try {
      width = b.initial_vectors->claim(b.prefix, b.word("vectors"), width);
    } catch (const Error& e) {
      b.fail(e.diagnostics().front().message, e.diagnostics().front().note);
    }
  }
  if (width == 0) {
    b.fail("width is missing", "`width=…`: numbers per word; or name a file: vectors=\"…\"");
  }
  return width;
}

LayerValue embedding(LayerBuilder& b) {
  const ValueId text = b.text();
  Attrs attrs{{"init", "uniform"}, {"scale", b.number("init")}, {"zero_rows", std::int64_t{1}}};
  if (b.word("mode") == "static") attrs["frozen"] = std::int64_t{1};
  if (b.integer("decay") == 0) attrs["decay"] = std::int64_t{0};
  const ValueId table =
      b.weight("weight", {Dim(kVocabularyRows), Dim(embedding_width(b))}, std::move(attrs));
  const ValueId ids = b.drop_words(text, b.number("word_dropout"));
  const ValueId rows = b.add(ops::embedding, {ids, table});
  return b.result_like(b.dropout(rows, b.number("dropout")));
}

// As logits it begins at zero, and rows that training never meets stay there: unknown words say
// nothing. Zeros as features would keep all behind them from learning. What is frozen comes from
// the data, when the plan is built.
LayerValue tfidf(LayerBuilder& b) {
  constexpr std::int64_t kKinds = 2;  // of terms: words and their n-grams, groups of letters
  const ValueId text = b.text();
  const ValueId offsets = b.inputs.front().offsets;
  const std::int64_t units = b.integer("units");
  const bool logits = units == b.labels;
  const auto counted = [](const char* init) {
    return Attrs{{"init", init}, {"frozen", std::int64_t{1}}};
  };
  Attrs first{{"init", "zeros"}};
  if (!logits) first = {{"init", "uniform"}, {"scale", 1 / std::sqrt(static_cast<double>(units))}};
  const ValueId importance =
      b.weight("importance", {Dim(kVocabularyRows), Dim(kKinds)}, counted(kDocumentFrequency));
  const ValueId table = b.weight("weight", {Dim(kVocabularyRows), Dim(units)}, std::move(first));
  const ValueId weights = b.add(ops::term_weights, {text, offsets, importance}, {}, "terms");
  const ValueId rows = b.add(ops::embedding, {text, table}, {}, "rows");
  const ValueId sum = b.add(ops::weighted_sum, {rows, weights, offsets}, {}, logits ? "sum" : "");
  if (!logits) return b.result(sum, kNoValue);
  const ValueId prior = b.weight("prior", {Dim(units)}, counted(kLabelFrequency));
  return b.result(b.add(ops::bias_add, {sum, prior}), kNoValue);
}

LayerValue conv1d(LayerBuilder& b) {
  const LayerValue& x = b.sequence(0);
  const std::int64_t in = b.channels(x);
  const std::int64_t out = b.integer("channels");
  const std::int64_t kernel = b.integer("kernel");
  Attrs geometry{{"stride", b.integer("stride")},
                 {"dilation", b.integer("dilation")},
                 {"padding", b.word("padding")}};
  const ValueId weight = b.weight("weight", {Dim(kernel), Dim(in), Dim(out)},
                                  LayerBuilder::glorot(kernel * in, kernel * out));
  Attrs window = geometry;
  window["size"] = kernel;
  const ValueId to = b.windows(x, window);
  ValueId y = b.add(ops::conv1d, {x.id, weight, x.offsets, to}, std::move(geometry));
  if (b.integer("bias") != 0) {
    const Attrs zeros{{"init", "zeros"}, {"decay", std::int64_t{0}}};
    y = b.add(ops::bias_add, {y, b.weight("bias", {Dim(out)}, zeros)});
  }
  return b.result(y, to);
}

LayerValue linear(LayerBuilder& b) {
  const LayerValue& x = b.rows(0);
  const std::int64_t in = b.channels(x);
  const std::int64_t out = b.integer("units");
  Attrs attrs = LayerBuilder::glorot(in, out);
  if (b.number("max_norm") > 0) attrs["max_norm"] = b.number("max_norm");
  Attrs zeros{{"init", "zeros"}, {"decay", std::int64_t{0}}};
  const std::string& head = b.word("pretrained");
  if (!head.empty()) {
    attrs["pretrained"] = head + ".weight";
    zeros["pretrained"] = head + ".bias";
  }
  ValueId y = b.add(ops::matmul, {x.id, b.weight("weight", {Dim(in), Dim(out)}, attrs)});
  if (b.integer("bias") != 0) {
    y = b.add(ops::bias_add, {y, b.weight("bias", {Dim(out)}, zeros)});
  }
  return b.result_like(y);
}

// Over the whole text, or over local windows where a size is given.
LayerValue pool(LayerBuilder& b, const OpDef& whole, const OpDef& local) {
  const LayerValue& x = b.sequence(0);
  const std::int64_t size = b.integer("size");
  if (size == 0) {
    if (b.integer("stride") != 0) b.fail("a stride without a size", "add size=…");
    return b.result(b.add(whole, {x.id, x.offsets}), kNoValue);
  }
  const std::int64_t stride = b.integer("stride") == 0 ? size : b.integer("stride");
  Attrs window{{"size", size}, {"stride", stride}, {"padding", b.word("padding")}};
  const ValueId to = b.windows(x, window);
  return b.result(b.add(local, {x.id, x.offsets, to}, window), to);
}

LayerValue max_pool(LayerBuilder& b) { return pool(b, ops::max_pool, ops::local_max_pool); }
LayerValue mean_pool(LayerBuilder& b) { return pool(b, ops::mean_pool, ops::local_mean_pool); }

LayerValue activation(LayerBuilder& b, const OpDef& op, Attrs attrs = {}) {
  return b.result_like(b.add(op, {b.rows(0).id}, std::move(attrs)));
}
LayerValue relu(LayerBuilder& b) { return activation(b, ops::relu); }
LayerValue tanh(LayerBuilder& b) { return activation(b, ops::tanh); }
LayerValue sigmoid(LayerBuilder& b) { return activation(b, ops::sigmoid); }
LayerValue elu(LayerBuilder& b) { return activation(b, ops::elu, {{"alpha", b.number("alpha")}}); }
LayerValue silu(LayerBuilder& b) { return activation(b, ops::silu); }
LayerValue gelu(LayerBuilder& b) {
  return activation(b, ops::gelu, {{"approximate", b.word("approximate")}});
}

LayerValue dropout(LayerBuilder& b) {
  return b.result_like(b.dropout(b.rows(0).id, b.number("rate")));
}

LayerValue concat(LayerBuilder& b) {
  b.expect_equal_rows();
  if (b.inputs.size() == 1) return b.result_like(b.rows(0).id);
  std::vector<ValueId> operands;
  for (std::size_t i = 0; i < b.inputs.size(); ++i) operands.push_back(b.rows(i).id);
  return b.result_like(b.add(ops::concat, operands));
}

LayerValue elementwise(LayerBuilder& b, const OpDef& op) {
  b.expect_equal_rows();
  b.expect_equal_channels();
  ValueId all = b.rows(0).id;
  for (std::size_t i = 1; i < b.inputs.size(); ++i) all = b.add(op, {all, b.rows(i).id});
  return b.result_like(all);
}
LayerValue add(LayerBuilder& b) { return elementwise(b, ops::add); }
LayerValue sub(LayerBuilder& b) { return elementwise(b, ops::sub); }
LayerValue mul(LayerBuilder& b) { return elementwise(b, ops::mul); }

LayerValue scale(LayerBuilder& b) {
  return activation(b, ops::scale, {{"factor", b.number("factor")}});
}

LayerValue layer_norm(LayerBuilder& b) {
  const LayerValue& x = b.rows(0);
  const Shape shape{Dim(b.channels(x))};
  const Attrs ones{{"init", "ones"}, {"decay", std::int64_t{0}}};
  const Attrs zeros{{"init", "zeros"}, {"decay", std::int64_t{0}}};
  const ValueId gamma = b.weight("gamma", shape, ones);
  const ValueId beta = b.weight("beta", shape, zeros);
  return b.result_like(
      b.add(ops::layer_norm, {x.id, gamma, beta}, {{"epsilon", b.number("epsilon")}}));
}

LayerValue batch_norm(LayerBuilder& b) {
  const LayerValue& x = b.rows(0);
  const Shape shape{Dim(b.channels(x))};
  const Attrs ones{{"init", "ones"}, {"decay", std::int64_t{0}}};
  const Attrs zeros{{"init", "zeros"}, {"decay", std::int64_t{0}}};
  const ValueId gamma = b.weight("gamma", shape, ones);
  const ValueId beta = b.weight("beta", shape, zeros);
  const ValueId mean = b.state("running_mean", shape, {{"init", "zeros"}});
  const ValueId var = b.state("running_var", shape, {{"init", "ones"}});
  const std::vector<ValueId> y = b.graph.append(
      ops::batch_norm, {x.id, gamma, beta, mean, var},
      {{"epsilon", b.number("epsilon")}, {"momentum", b.number("momentum")}}, b.location, b.prefix);
  b.graph.writes.push_back({mean, y[3]});
  b.graph.writes.push_back({var, y[4]});
  return b.result_like(y[0]);
}

ArgumentDef optional_integer(std::string_view name, std::string_view doc) {
  return integer(name, doc, Attr{std::int64_t{0}});
}
ArgumentDef padding(std::vector<std::string_view> kinds) {
  return choice("padding", "what a window sees beyond the ends of a text", std::move(kinds));
}
ArgumentDef bias() { return flag("bias", "whether a bias is added", true); }
ArgumentDef epsilon() { return number("epsilon", "added to the variance", 1e-5, 1e-12, 1); }

std::vector<ArgumentDef> embedding_arguments() {
  return {optional_integer("width", "numbers per word; without it, as many as its `vectors` have"),
          choice("mode", "whether training changes the table; `static` alone means mode=static",
                 {"trained", "static"}),
          number("dropout", "share of the numbers dropped in training", 0, 0, 0.99),
          number("word_dropout", "share of the words made unknown in training", 0, 0, 0.99),
          flag("decay", "whether the optimizer's weight_decay pulls on the table too", false),
          number("init", "the table begins uniform in [-init, init]", 0.25, 0, 100),
          {"vectors", "a file of word vectors that the table begins with; none: not even --vectors",
           ArgumentKind::text, std::string{}}};
}

// Below 0: as the published model says.
ArgumentDef published_dropout(std::string_view name, std::string_view doc) {
  return number(name, doc, -1, 0, 0.99);
}

std::vector<ArgumentDef> pretrained_arguments() {
  const auto text = [](std::string_view name, std::string_view doc) {
    return ArgumentDef{name, doc, ArgumentKind::text, std::string{}};
  };
  return {text("folder", "its published files; without it, those of --pretrained"),
          choice("mode", "whether training changes it; `static` alone means mode=static",
                 {"trained", "static"}),
          optional_integer("freeze", "layers that training leaves alone, from the embeddings up"),
          text("frozen",
               "beginnings of the names of weights that training leaves alone: "
               "\"words, layer0.qkv\""),
          number("rate", "each layer learns so much slower than the one above it", 1, 0, 1),
          published_dropout("dropout", "share of the numbers dropped in training; its own"),
          published_dropout("attention_dropout", "the same of attention's probabilities")};
}

std::vector<ArgumentDef> conv1d_arguments() {
  return {integer("channels", "filters", std::nullopt),
          integer("kernel", "rows a filter sees", std::nullopt, 4096),
          integer("stride", "rows from one window to the next", std::int64_t{1}, 4096),
          integer("dilation", "rows from one tap to the next", std::int64_t{1}, 4096),
          padding({"same", "valid", "causal"}),
          bias()};
}

std::vector<ArgumentDef> pool_arguments() {
  return {optional_integer("size", "rows per window; without it, the whole text is one"),
          optional_integer("stride", "rows from one window to the next; by default the size"),
          padding({"valid", "same", "causal"})};
}

std::vector<ArgumentDef> quantized_arguments(ArgumentDef width) {
  return {std::move(width),
          integer("part", "numbers of a row that one code stands for", std::nullopt),
          flag("norms", "whether each row has a factor, which is kept as a code too", false)};
}

// Layers that begin with the text, that look at a sequence, and activations.
std::vector<LayerDef> sequence_layers() {
  return {
      {"embedding", "a vector per word: the rows of a table, by word id", 1, 1,
       embedding_arguments(), embedding},
      {"quantized_embedding", "the same of an imported model that keeps its rows as codes", 1, 1,
       quantized_arguments(integer("width", "numbers per word", std::nullopt)),
       build_quantized_embedding},
      {"tfidf",
       "a linear layer on all terms of a text: each counts once, rare ones more (TF-IDF)",
       1,
       1,
       {integer("units", "outputs; `labels`: logits, which begin at the labels' frequencies",
                std::nullopt)},
       tfidf},
      {"pretrained", "a published BERT, RoBERTa, DistilBERT or GPT-2: a row for each token", 1, 1,
       pretrained_arguments(), build_pretrained},
      {"first", "the row of a text's first token", 1, 1, {}, build_first},
      {"last", "the row of a text's last token", 1, 1, {}, build_last},
      {"pooler",
       "tanh of a product that keeps the width; BERT's own where it has one",
       1,
       1,
       {},
       build_pooler},
      {"conv1d", "a convolution over each text", 1, 1, conv1d_arguments(), conv1d},
      {"relu", "max(x, 0)", 1, 1, {}, relu},
      {"tanh", "hyperbolic tangent", 1, 1, {}, tanh},
      {"sigmoid", "1 / (1 + exp(-x))", 1, 1, {}, sigmoid},
      {"silu", "x / (1 + exp(-x))", 1, 1, {}, silu},
      {"gelu",
       "x times the normal distribution's share below x",
       1,
       1,
       {choice("approximate", "the exact form or the tanh form", {"none", "tanh"})},
       gelu},
      {"elu",
       "x, or alpha (exp(x) - 1) below 0",
       1,
       1,
       {number("alpha", "the limit below", 1.0, 0, 100)},
       elu},
      {"max_pool", "the greatest of each channel, over the text or local windows", 1, 1,
       pool_arguments(), max_pool},
      {"mean_pool", "the mean of each channel, over the text or local windows", 1, 1,
       pool_arguments(), mean_pool},
  };
}

// Layers that take rows of any kind.
std::vector<LayerDef> row_layers() {
  return {
      {"linear",
       "a fully connected layer on each row",
       1,
       1,
       {integer("units", "outputs per row; `labels`: one per label", std::nullopt),
        bias(),
        number("max_norm", "limit of each output's weight norm; 0: none", 0, 0, 1e6),
        {"pretrained",
         "the part of the pretrained model's own head that it begins with, where there is one of "
         "its size: \"classifier\"",
         ArgumentKind::text, std::string{}}},
       linear},
      {"quantized_linear", "the same, without bias, of an imported model that keeps it as codes", 1,
       1, quantized_arguments(integer("units", "outputs per row", std::nullopt)),
       build_quantized_linear},
      {"dropout",
       "in training, drops numbers at random and scales the rest up",
       1,
       1,
       {number("rate", "share of the numbers dropped", 0.5, 0, 0.99)},
       dropout},
      {"concat", "the channels of all inputs side by side", 1, kAnyNumber, {}, concat},
      {"add", "the sum of equal shapes, also written a + b", 2, kAnyNumber, {}, add},
      {"sub", "the difference of equal shapes, also written a - b", 2, 2, {}, sub},
      {"mul", "the product of equal shapes, also written a * b", 2, kAnyNumber, {}, mul},
      {"scale",
       "every number times a factor, also written x * 0.5",
       1,
       1,
       {number("factor", "the factor", 1.0, -1e6, 1e6)},
       scale},
      {"batch_norm",
       "each channel normalised over the batch, then scaled and shifted",
       1,
       1,
       {number("momentum", "weight of the newest batch in the running mean", 0.1, 0, 1), epsilon()},
       batch_norm},
      {"layer_norm", "each row normalised, then scaled and shifted", 1, 1, {epsilon()}, layer_norm},
  };
}

}  // namespace

std::span<const LayerDef> all_layers() {
  static const std::vector<LayerDef> table = [] {
    std::vector<LayerDef> all = sequence_layers();
    for (LayerDef& layer : row_layers()) all.push_back(std::move(layer));
    return all;
  }();
  return table;
}

const LayerDef* find_layer(std::string_view name) {
  const auto table = all_layers();
  const auto at = std::ranges::find(table, name, &LayerDef::name);
  return at == table.end() ? nullptr : &*at;
}

}  // namespace weft
