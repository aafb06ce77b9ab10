// Interprets the forward graph on one text, then walks from a logit back to the words.
#include "frontend/report/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "frontend/report/explain_gradient.h"
#include "frontend/report/explain_windows.h"
#include "frontend/report/plan_weights.h"
#include "frontend/train/plan_settings.h"
#include "ir/interpret.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "passes/pass.h"
#include "runtime/text/encoder.h"

namespace weft {
namespace {

// The words that a row of a value depends on, both included; none: first > last.
struct Words {
  std::int64_t first = 0, last = -1;

  bool operator<(const Words& other) const {
    return first != other.first ? first < other.first : last < other.last;
  }
  void cover(const Words& other) {
    if (other.first > other.last) return;
    *this = first > last ? other : Words{std::min(first, other.first), std::max(last, other.last)};
  }
};

struct Share {
  double contribution = 0;
  std::size_t activations = 0;
};

bool is_activation(const OpDef& op) { return op.activation != nullptr; }

// One text's way through the graph, with every value at hand.
class Walk {
 public:
  Walk(const Graph& graph, std::vector<Tensor> values) : graph_(graph), values_(std::move(values)) {
    producers_.resize(graph.values.size(), nullptr);
    for (const Node& node : graph.nodes) {
      for (const ValueId id : node.outputs) producers_[static_cast<std::size_t>(id)] = &node;
    }
  }

  const Tensor& at(ValueId id) const { return values_[static_cast<std::size_t>(id)]; }
  const Node& producer(ValueId id) const { return *producers_[static_cast<std::size_t>(id)]; }

  // `id` is one row, whose dot product with `weights` is to be told by words: goes on to what the
  // row is made of, as long as that is linear.
  void spread(ValueId id, const std::vector<double>& weights) {
    const Node* made = producers_[static_cast<std::size_t>(id)];
    if (made == nullptr) return constant(id, weights);
    const OpDef* op = made->op;
    const auto& in = made->inputs;
    if (op == &ops::max_pool || is_activation(*op)) return spread_filters(id, weights);
    if (op == &ops::mean_pool) return spread_mean(*made, weights);
    if (op == &ops::weighted_sum) return spread_sum(*made, weights);
    if (op == &ops::concat) return spread_concat(*made, weights);
    if (op == &ops::matmul) {
      if (int_attr(made->attrs, "transpose_a") != 0) fail(*made);
      const bool transposed = int_attr(made->attrs, "transpose_b") != 0;
      return spread(in[0], through_product(at(in[1]), transposed, weights));
    }
    if (op == &ops::scale) return spread(in[0], scaled(weights, float_attr(made->attrs, "factor")));
    if (op == &ops::add || op == &ops::sub || op == &ops::bias_add) {
      spread(in[0], weights);
      return spread(in[1], scaled(weights, op == &ops::sub ? -1.0 : 1.0));
    }
    if (op == &ops::batch_norm_inference) return spread_norm(*made, weights);
    fail(*made);
  }

  double bias() const { return bias_; }
  const std::map<Words, Share>& shares() const { return shares_; }

 private:
  [[noreturn]] static void fail(const Node& node) {
    throw Error(node.location,
                fmt::format("logits cannot be told by n-grams exactly: `{}` mixes the filters of "
                            "different places, and is not linear",
                            node.op->name),
                "exact are models of any convolutions, pooled over the text and followed by linear "
                "layers only, such as the starters tfidf, bow and textcnn");
  }

  static std::vector<double> scaled(std::vector<double> weights, double factor) {
    for (double& w : weights) w *= factor;
    return weights;
  }

  // The matrix is [inputs, outputs], or transposed.
  static std::vector<double> through_product(const Tensor& matrix, bool transposed,
                                             const std::vector<double>& y) {
    const std::int64_t inputs = transposed ? matrix.columns() : matrix.rows();
    std::vector<double> x(static_cast<std::size_t>(inputs), 0.0);
    for (std::int64_t i = 0; i < std::ssize(x); ++i) {
      for (std::int64_t o = 0; o < std::ssize(y); ++o) {
        const std::int64_t place = transposed ? o * inputs + i : i * std::ssize(y) + o;
        x[static_cast<std::size_t>(i)] +=
            y[static_cast<std::size_t>(o)] * matrix.data[static_cast<std::size_t>(place)];
      }
    }
    return x;
  }

  void constant(ValueId id, const std::vector<double>& weights) {
    const Tensor& row = at(id);
    bias_ += std::inner_product(weights.begin(), weights.end(), row.data.begin(), 0.0);
  }

  void spread_concat(const Node& node, const std::vector<double>& weights) {
    auto begin = weights.begin();
    for (const ValueId part : node.inputs) {
      const auto end = begin + at(part).columns();
      spread(part, {begin, end});
      begin = end;
    }
  }

  // y = (x - mean) * slope + beta: what is left at x = 0 depends on no word.
  void spread_norm(const Node& node, std::vector<double> weights) {
    const auto& in = node.inputs;
    for (std::size_t c = 0; c < weights.size(); ++c) {
      const double slope =
          at(in[1]).data[c] / std::sqrt(at(in[4]).data[c] + float_attr(node.attrs, "epsilon"));
      bias_ += weights[c] * (at(in[2]).data[c] - at(in[3]).data[c] * slope);
      weights[c] *= slope;
    }
    spread(in[0], weights);
  }

  // Activations of maxima: each channel is one filter at one place.
  void spread_filters(ValueId id, const std::vector<double>& weights) {
    const Node* pool = producers_[static_cast<std::size_t>(id)];
    while (pool != nullptr && is_activation(*pool->op)) {
      const Node* before = producers_[static_cast<std::size_t>(pool->inputs[0])];
      if (before == nullptr || (before->op != &ops::max_pool && !is_activation(*before->op))) {
        fail(*pool);
      }
      pool = before;
    }
    const Tensor& argmax = at(pool->outputs[1]);
    for (std::size_t c = 0; c < weights.size(); ++c) {
      const double contribution = weights[c] * at(id).data[c];
      const auto row = static_cast<std::int64_t>(argmax.data[c]);
      add(row < 0 ? Words{} : words(pool->inputs[0], row), contribution);
    }
  }

  // `share(row, product)`: what a row adds, of its product with the weights.
  void spread_rows(ValueId rows, const std::vector<double>& weights, auto share) {
    const Tensor& x = at(rows);
    for (std::int64_t row = 0; row < x.rows(); ++row) {
      const double* activations = x.data.data() + row * x.columns();
      const double sum = std::inner_product(weights.begin(), weights.end(), activations, 0.0);
      add(words(rows, row), share(row, sum));
    }
  }

  void spread_mean(const Node& node, const std::vector<double>& weights) {
    const auto rows = static_cast<double>(at(node.inputs[0]).rows());
    spread_rows(node.inputs[0], weights, [rows](std::int64_t, double sum) { return sum / rows; });
  }

  void spread_sum(const Node& node, const std::vector<double>& weights) {
    const std::vector<double>& factors = at(node.inputs[1]).data;
    spread_rows(node.inputs[0], weights, [&](std::int64_t row, double sum) {
      return sum * factors[static_cast<std::size_t>(row)];
    });
  }

  void add(const Words& argmax, double contribution) {
    if (argmax.first > argmax.last) {
      bias_ += contribution;
    } else if (contribution != 0) {
      Share& share = shares_[argmax];
      share.contribution += contribution;
      ++share.activations;
    }
  }

  Words words(ValueId id, std::int64_t row) {
    const auto known = fields_.find({id, row});
    if (known != fields_.end()) return known->second;
    const Words found = find_words(id, row);
    fields_.emplace(std::pair{id, row}, found);
    return found;
  }

  // The receptive field of a row: windows widen it, all else goes row by row.
  Words find_words(ValueId id, std::int64_t row) {
    const Node* made = producers_[static_cast<std::size_t>(id)];
    if (made == nullptr) return {};  // a weight
    if (made->op == &ops::embedding || made->op == &ops::quantized_embedding) return {row, row};
    const ValueId x = made->inputs.front();
    const bool pool = made->op == &ops::local_max_pool || made->op == &ops::local_mean_pool;
    Words found;
    if (pool || made->op == &ops::conv1d) {
      const std::int64_t size =
          pool ? int_attr(made->attrs, "size") : at(made->inputs[1]).shape.front();
      const Window window = window_of(made->attrs, size);
      const std::int64_t first = row * window.stride - window.left();
      const std::int64_t last = first + window.span() - 1;
      if (at(x).rows() == 0) return {};
      for (const std::int64_t seen : {first, last}) {
        found.cover(words(x, std::clamp<std::int64_t>(seen, 0, at(x).rows() - 1)));
      }
      return found;
    }
    for (const ValueId input : made->inputs) {
      const Shape& shape = graph_[input].type.shape;
      const bool has_rows = !shape.empty() && shape.front() == graph_[id].type.shape.front();
      if (has_rows) found.cover(words(input, row));
    }
    return found;
  }

  const Graph& graph_;
  std::vector<Tensor> values_;
  std::vector<const Node*> producers_;
  std::map<std::pair<ValueId, std::int64_t>, Words> fields_;
  std::map<Words, Share> shares_;
  double bias_ = 0;
};

// The row before the mean of a text's windows, of which there is one here.
ValueId of_window(const Graph& graph, ValueId row) {
  const auto windows = graph.find(programs::kWindows);
  for (const Node& node : graph.nodes) {
    const bool mean = node.op == &ops::mean_pool && windows && node.inputs[1] == *windows;
    if (mean && node.outputs[0] == row) return node.inputs[0];
  }
  return row;
}

// An explanation splits this number among words: the dot product of a row with weights.
struct Told {
  ValueId row = kNoValue;
  std::vector<double> weights = {};
  bool decisions = false;  // a sum of the scores of decisions, not a logit
};

// The log-odds of the decisions that lead to the label, added up: linear, unlike its logit.
Told told_by_tree(const Graph& graph, const Walk& walk, const Node& softmax, std::size_t label) {
  const Node& product = walk.producer(softmax.inputs[0]);
  const Tensor &tree = walk.at(softmax.inputs[1]), &rows = walk.at(product.inputs[1]);
  return {of_window(graph, product.inputs[0]), decision_weights(tree, rows, label), true};
}

Told told_of(const Graph& graph, const Walk& walk, std::size_t label, std::size_t labels) {
  for (const Node& node : graph.nodes) {
    if (node.op == &ops::tree_softmax) return told_by_tree(graph, walk, node, label);
  }
  Told told{of_window(graph, graph.find(programs::kLogits).value())};
  told.weights.resize(walk.at(told.row).data.size(), 0.0);
  const bool one_number = told.weights.size() == 1 && labels == 2;
  told.weights[one_number ? 0 : label] = one_number && label == 0 ? -1.0 : 1.0;
  return told;
}

}  // namespace

// The description, lowered, to be sized for each text: as if its words were the vocabulary, so that
// no table is copied.
struct Explainer::Description {
  Graph lowered;
  bool encoder = false;  // words act on each other by attention

  explicit Description(const Plan& plan) {
    lowered = lower_again(plan).graph;
    for (const Node& node : lowered.nodes) encoder = encoder || node.op == &ops::attention;
  }

  Graph graph(std::int64_t words) const {
    const std::int64_t rows = std::max<std::int64_t>(words, 1);
    PassContext context;
    const GraphSizes sizes{.vocabulary = rows, .examples = 1, .tokens = rows, .windows = 1};
    return run_passes(sized(lowered, sizes), parse_passes("infer-only,dce"), context);
  }
};

Explainer::Explainer(const Plan& plan, const Encoder& encoder)
    : plan_(plan), encoder_(encoder), description_(std::make_unique<Description>(plan)) {
  if (!description_->encoder) explain(TextInput{}, 0);  // meets what is in the way
}

Explainer::~Explainer() = default;

Explanation Explainer::explain(std::string_view line, std::size_t label) const {
  return explain(encoder_.reads_pairs() ? split_pair(line) : TextInput{line}, label);
}

Explanation Explainer::explain(const TextInput& input, std::size_t label) const {
  const bool pairs = encoder_.reads_pairs();
  TokenBuffer buffer;
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> types;
  std::vector<TextSpan> words;
  encoder_.encode(input, buffer, {ids, &words, pairs ? &types : nullptr});
  const auto size = plan_.text.max_windows > 1 ? static_cast<std::size_t>(plan_.text.max_tokens)
                                               : std::max<std::size_t>(ids.size(), 1);
  std::vector<Explanation> windows;
  for (std::size_t begin = 0; begin < ids.size() || windows.empty(); begin += size) {
    const std::size_t count = std::min(size, ids.size() - begin);
    const auto its_types = pairs ? std::span(types).subspan(begin, count) : std::span(types);
    windows.push_back(explain_window(std::span(ids).subspan(begin, count), its_types,
                                     std::span(words).subspan(begin, count), label));
  }
  return windows.size() == 1 ? std::move(windows.front())
                             : mean_of_windows(windows, Windows(plan_.text));
}

Explanation Explainer::explain_window(std::span<const std::int32_t> ids,
                                      std::span<const std::int32_t> types,
                                      std::span<const TextSpan> words, std::size_t label) const {
  Explanation explanation;
  explanation.words.assign(words.begin(), words.end());
  for (const std::int32_t id : ids) explanation.known.push_back(id != encoder_.unknown_id());
  explanation.special = special_tokens(plan_.vocabulary, ids, words);

  if (description_->encoder) return explain_encoder(std::move(explanation), ids, types, label);

  const auto count = static_cast<std::int64_t>(ids.size());
  Graph graph = description_->graph(count);
  graph.results.clear();
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    graph.results.push_back(ValueId{static_cast<std::uint32_t>(i)});
  }
  Walk walk(graph, interpret(graph, bindings_of_text(graph, plan_, ids)).results);
  const Told told = told_of(graph, walk, label, plan_.labels.size());
  const std::vector<double>& row = walk.at(told.row).data;
  explanation.decisions = told.decisions;
  explanation.logit = std::inner_product(row.begin(), row.end(), told.weights.begin(), 0.0);
  try {
    walk.spread(told.row, told.weights);
  } catch (const Error& e) {
    throw e.in("the plan's description", plan_.description);
  }

  explanation.bias = walk.bias();
  for (const auto& [range, share] : walk.shares()) {
    const auto first = static_cast<std::size_t>(range.first);
    const auto last = static_cast<std::size_t>(range.last);
    TextSpan bytes = explanation.words[first];
    for (std::size_t i = first; i <= last; ++i) {  // tokens may lie within one another
      const TextSpan& word = explanation.words[i];
      if (word.begin == word.end) continue;  // `</s>`
      if (bytes.begin == bytes.end) bytes = word;
      bytes.begin = std::min(bytes.begin, word.begin);
      bytes.end = std::max(bytes.end, word.end);
    }
    if (bytes.begin == bytes.end) {  // of no words of the text
      explanation.bias += share.contribution;
      continue;
    }
    explanation.ngrams.push_back({first, last, bytes, share.contribution, share.activations});
  }
  sort_by_size(explanation.ngrams);
  return explanation;
}

// Special tokens stand for no bytes of the text: they count with the bias.
Explanation Explainer::explain_encoder(Explanation explanation, std::span<const std::int32_t> ids,
                                       std::span<const std::int32_t> types,
                                       std::size_t label) const {
  const Graph graph = description_->graph(static_cast<std::int64_t>(ids.size()));
  const std::int64_t width = graph[graph.find(programs::kLogits).value()].type.shape.back().value;
  const bool one_number = width == 1 && plan_.labels.size() == 2;
  const GradientExplanation found = explain_by_gradient(
      graph, plan_, ids, types, one_number ? 0 : static_cast<std::int64_t>(label),
      one_number && label == 0 ? -1.0 : 1.0);
  explanation.exact = false;
  explanation.logit = found.logit;
  explanation.bias = found.baseline;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const TextSpan& bytes = explanation.words[i];
    if (bytes.begin == bytes.end) {
      explanation.bias += found.by_token[i];
    } else if (found.by_token[i] != 0) {
      explanation.ngrams.push_back({i, i, bytes, found.by_token[i], 1});
    }
  }
  sort_by_size(explanation.ngrams);
  return explanation;
}

}  // namespace weft
