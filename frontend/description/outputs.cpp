// The table of outputs: softmax and sigmoid of logits, and hierarchical softmax of features.
#include "frontend/description/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frontend/description/label_tree.h"
#include "ir/op.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"

namespace weft {
namespace {

using namespace programs;

const LayerValue& rows_of(OutputContext& c) { return c.builder.inputs.front(); }

std::int64_t width_of(OutputContext& c) { return c.builder.channels(rows_of(c)); }

void expect_row_per_text(OutputContext& c, std::string_view what) {
  const LayerValue& rows = rows_of(c);
  if (rows.offsets == kNoValue) return;
  c.builder.fail(
      fmt::format("the {} must have one row per text, but {}", what, c.builder.described(rows)),
      "pool over each text before the last layer: `| max_pool`");
}

void expect_logits(OutputContext& c, bool one_number_does) {
  expect_row_per_text(c, "logits");
  const std::int64_t width = width_of(c);
  if (width == c.labels || (one_number_does && width == 1)) return;
  c.builder.fail(
      fmt::format("{}, but there are {} labels", c.builder.described(rows_of(c)), c.labels),
      "end with `| linear(labels)`");
}

Task softmax_task(OutputContext& c) {
  expect_logits(c, false);
  return Task::single_label;
}

Task sigmoid_task(OutputContext& c) {
  expect_logits(c, c.labels == 2);
  return width_of(c) == c.labels ? Task::multi_label : Task::single_label;
}

// A text that is read by windows has the mean of their rows.
ValueId row_per_text(OutputContext& c) {
  const ValueId rows = rows_of(c).id;
  if (c.windows == kNoValue) return rows;
  return c.builder.graph.add(ops::mean_pool, {rows, c.windows}, {}, c.builder.location);
}

ValueId logits_of(OutputContext& c) {
  Graph& graph = c.builder.graph;
  const ValueId given = rows_of(c).id;
  if (graph[given].role != Role::computed || graph[given].name == kLogits) {
    throw Error(c.builder.location, "the output must be computed");
  }
  const ValueId logits = row_per_text(c);
  graph.rename(logits, std::string(kLogits));
  return logits;
}

Attrs loss_attrs(const OutputContext& c) {
  return {{"class_weights", c.class_weights}, {"label_smoothing", c.settings.label_smoothing}};
}

void build_softmax(OutputContext& c) {
  Graph& graph = c.builder.graph;
  const SourceLocation at = c.builder.location;
  const ValueId logits = logits_of(c);
  const ValueId labels = declare_input(graph, kLabels);
  const ValueId loss = graph.add(ops::cross_entropy, {logits, labels}, loss_attrs(c), at, kLoss);
  const ValueId probabilities = graph.add(ops::softmax, {logits}, {}, at, kProbabilities);
  graph.results = {loss, logits, probabilities};
}

void build_sigmoid(OutputContext& c) {
  Graph& graph = c.builder.graph;
  const SourceLocation at = c.builder.location;
  const ValueId logits = logits_of(c);
  const ValueId targets = declare_input(graph, kTargets, graph[logits].type.shape.back().value);
  const ValueId loss =
      graph.add(ops::binary_cross_entropy, {logits, targets}, loss_attrs(c), at, kLoss);
  const OpDef& op = c.builder.integer("table") != 0 ? ops::table_sigmoid : ops::sigmoid;
  const ValueId probabilities = graph.add(op, {logits}, {}, at, kProbabilities);
  graph.results = {loss, logits, probabilities};
}

Task tree_task(OutputContext& c) {
  expect_row_per_text(c, "features");
  width_of(c);
  const char* const setting = c.settings.balanced              ? "class_weights"
                              : c.settings.label_smoothing > 0 ? "label_smoothing"
                                                               : nullptr;
  if (setting != nullptr) {
    c.builder.fail(fmt::format("there is no {} with it", setting),
                   fmt::format("leave {} out on the line `train`, or end with "
                               "`output softmax(logits)`",
                               setting));
  }
  if (c.labels < 2) c.builder.fail("it needs two labels at least", "end with softmax(logits)");
  return Task::single_label;
}

// Training looks the rows of a label's path up, like vectors of words; predicting multiplies by
// all.
void build_tree(OutputContext& c) {
  Graph& graph = c.builder.graph;
  const SourceLocation at = c.builder.location;
  const ValueId x = row_per_text(c);
  const ValueId weight = c.builder.weight("weight", {Dim(c.labels - 1), Dim(width_of(c))},
                                          {{"init", std::string("zeros")}});
  const ValueId tree =
      graph.declare(Role::param, std::string(kLabelTree), {DType::i32, {Dim(2 * c.labels - 2)}, {}},
                    {{"frozen", std::int64_t{1}}});

  const std::int64_t depth = c.tree_depth > 0 ? c.tree_depth : depth_of_equal_labels(c.labels);
  const ValueId labels = declare_input(graph, kLabels);
  const auto path =
      graph.append(ops::tree_path, {labels, tree}, {{"depth", depth}}, at, "output.path");
  const ValueId rows = graph.add(ops::embedding, {path[0], weight}, {}, at, "output.rows");
  const ValueId loss =
      graph.add(ops::path_cross_entropy, {x, rows, path[2], path[1]}, {}, at, kLoss);

  const ValueId scores =
      graph.add(ops::matmul, {x, weight}, {{"transpose_b", std::int64_t{1}}}, at, "output.scores");
  const auto y = graph.append(ops::tree_softmax, {scores, tree},
                              {{"epsilon", c.builder.number("epsilon")}}, at);
  graph.rename(y[0], std::string(kLogits));
  graph.rename(y[1], std::string(kProbabilities));
  graph.results = {loss, y[0], y[1]};
}

std::vector<OutputDef> make_outputs() {
  return {
      {"softmax",
       "each text has one label: output softmax(logits)",
       {},
       softmax_task,
       build_softmax},
      {"sigmoid",
       "a text can have several labels, or none: output sigmoid(logits)",
       {{"table", "whether probabilities are read off fastText's table, as its models do",
         ArgumentKind::boolean, std::int64_t{0}}},
       sigmoid_task,
       build_sigmoid},
      {kHierarchicalSoftmax,
       "one of very many labels, by a tree of them: output hierarchical_softmax(x), of features",
       {{"epsilon", "added to the probability of each decision before its logarithm",
         ArgumentKind::number, 0.0, 0.0, 0.1}},
       tree_task,
       build_tree},
  };
}

}  // namespace

std::span<const OutputDef> all_outputs() {
  static const std::vector<OutputDef> table = make_outputs();
  return table;
}

const OutputDef* find_output(std::string_view name) {
  const auto table = all_outputs();
  const auto at = std::ranges::find(table, name, &OutputDef::name);
  return at == table.end() ? nullptr : &*at;
}

}  // namespace weft
