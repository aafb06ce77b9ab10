// Finds the results of a graph, and checks the passes that are no rewrites.
#include "frontend/graph_tests/pass_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "frontend/graph_tests/graph_values.h"
#include "frontend/graph_tests/tensor_difference.h"
#include "ir/ops/train/optimizer.h"
#include "ir/plan/program_interface.h"
#include "passes/flush.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {
namespace {

constexpr double kCatchUpTolerance = 1e-7, kSlopeTolerance = 1e-5;

bool drops(const Node& node) {
  return node.op->inference != nullptr && node.attrs.contains("rate");
}

}  // namespace

Bindings complete(const Graph& graph, const Bindings& given) {
  return bind_values(graph, {.random = 1, .known = given});
}

Bindings observe(const Graph& graph, const Bindings& given) {
  Interpretation done = interpret(graph, complete(graph, given));
  Bindings seen;
  for (auto& [name, tensor] : done.writes) seen["write " + name] = std::move(tensor);
  for (std::size_t i = 0; i < graph.results.size(); ++i) {
    seen[graph[graph.results[i]].name] = std::move(done.results[i]);
  }
  return seen;
}

void overlay(Bindings& given, const Bindings& seen) {
  for (const auto& [name, tensor] : seen) {
    if (name.starts_with("write ")) given[name.substr(6)] = tensor;
  }
}

std::string first_difference(const Bindings& found, const Bindings& expected, double tolerance) {
  for (const auto& [name, tensor] : expected) {
    const auto at = found.find(name);
    if (at == found.end()) return fmt::format("%{} is gone", name);
    std::string differs = difference_text(name, at->second, tensor, tolerance);
    if (!differs.empty()) return differs;
  }
  return {};
}

std::string any_difference(const Bindings& found, const Bindings& expected) {
  for (const auto& [name, tensor] : found) {
    if (!expected.contains(name)) return fmt::format("%{} is new", name);
  }
  return first_difference(found, expected);
}

Graph without_dropout(Graph graph) {
  for (Node& node : graph.nodes) {
    if (drops(node)) node.attrs["rate"] = 0.0;
  }
  return graph;
}

namespace {

bool for_training(std::string_view name) {
  return name == programs::kLoss || name.ends_with(programs::kGradient) ||
         name.starts_with("write ");
}

// The same graph as a program that predicts: nothing is dropped, normalisation takes
// running statistics.
Graph predicting_form(Graph graph) {
  std::erase_if(graph.results, [&](ValueId id) { return for_training(graph[id].name); });
  graph.writes.clear();
  PassContext context;
  graph = dce(graph, context);
  graph = without_dropout(std::move(graph));
  Rewriter out(graph);
  for (const Node& node : graph.nodes) {
    if (node.op->inference == nullptr || drops(node)) {
      out.copy(node);
      continue;
    }
    Node image = node;
    image.inputs = out(node.inputs);
    const std::vector<ValueId> stand_ins = node.op->inference(out.target(), image);
    for (std::size_t i = 0; i < stand_ins.size(); ++i) {
      if (stand_ins[i] != kNoValue) out.forward(node.outputs[i], stand_ins[i]);
    }
  }
  return std::move(out).finish();
}

std::string check_inference(const PassChange& change) {
  Bindings expected = observe(predicting_form(change.before), change.given);
  return any_difference(observe(change.after, change.given), expected);
}

// The slope of the loss at one element; none where it bends there.
std::optional<double> slope_at(const Graph& graph, Bindings& given, const std::string& name,
                               std::size_t element) {
  const auto loss = std::ranges::find_if(
      graph.results, [&](ValueId id) { return graph[id].name == programs::kLoss; });
  const auto loss_at = [&](double delta) {
    double& x = given.at(name).data[element];
    const double x0 = std::exchange(x, x + delta);
    const auto index = static_cast<std::size_t>(loss - graph.results.begin());
    const double value = interpret(graph, given).results[index].data[0];
    x = x0;
    return value;
  };
  const auto slope = [&](double h) { return (loss_at(h) - loss_at(-h)) / (2.0 * h); };
  const double wide = slope(1e-5), narrow = slope(1e-6);
  if (std::abs(wide - narrow) > 1e-6 * (1.0 + std::abs(wide))) return std::nullopt;
  return wide;
}

std::string check_gradients(const PassChange& change) {
  const Bindings found = observe(change.after, change.given);
  if (std::string differs = first_difference(found, change.values); !differs.empty())
    return differs;
  Bindings given = complete(change.before, change.given);
  std::size_t left = 0;
  for (const auto& [name, gradient] : found) {
    if (change.values.contains(name) || !name.ends_with(programs::kGradient)) continue;
    const std::string param = name.substr(0, name.size() - programs::kGradient.size());
    const std::size_t size = gradient.data.size();
    if (size == 0) continue;
    if (!change.in_time()) {
      ++left;
      continue;
    }
    for (const std::size_t element : {std::size_t{0}, size * 7 / 11}) {
      const auto slope = slope_at(change.before, given, param, element);
      if (!slope) continue;
      const double x = gradient.data[element];
      if (std::abs(x - *slope) <= kSlopeTolerance * (1.0 + std::abs(*slope))) continue;
      return fmt::format("{} is {:.9g}, but the slope of the loss is {:.9g}",
                         element_name(name, gradient.shape, element), x, *slope);
    }
  }
  if (left > 0) {
    change.notes.push_back(
        fmt::format("autodiff: for time, {} gradients were not compared with slopes", left));
  }
  return {};
}

std::string check_training(const PassChange& change) {
  const Bindings found = observe(change.after, change.given);
  Bindings expected = change.values;
  std::erase_if(expected, [&](const auto& entry) {
    return !for_training(entry.first) && !found.contains(entry.first);
  });
  return any_difference(found, expected);
}

// The operand of a node that has a role; kNoValue: none has.
ValueId operand_of(const Node& node, OperandRole role) {
  for (std::size_t i = 0; i < node.inputs.size() && i < node.op->inputs.size(); ++i) {
    if (node.op->inputs[i].role == role) return node.inputs[i];
  }
  return kNoValue;
}

std::string check_updates(const PassChange& change) {
  Bindings expected = change.values, gradients;
  std::erase_if(expected,
                [](const auto& entry) { return entry.first.ends_with(programs::kGradient); });
  const Bindings found = observe(change.after, change.given);
  if (std::string differs = first_difference(found, expected); !differs.empty()) return differs;
  for (const auto& [name, tensor] : change.values) {
    if (!name.ends_with(programs::kGradient)) continue;
    const std::string param = name.substr(0, name.size() - programs::kGradient.size());
    if (!found.contains("write " + param)) return fmt::format("%{} is not updated", param);
  }
  const Attrs& attrs = change.before.attrs;
  if (attrs.contains("clip_value") || attrs.contains("clip_norm")) return {};
  Graph graph = change.after;  // returns the gradients that the updates read
  std::vector<std::string> names;
  graph.results.clear();
  for (const Node& node : graph.nodes) {
    const ValueId weight = operand_of(node, OperandRole::weight);
    const ValueId gradient = operand_of(node, OperandRole::gradient);
    if (weight == kNoValue || gradient == kNoValue || !graph[weight].persists()) continue;
    names.push_back(graph[weight].name + std::string(programs::kGradient));
    graph.results.push_back(gradient);
  }
  graph.writes.clear();
  const std::vector<Tensor> read = interpret(graph, complete(change.after, change.given)).results;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto wanted = change.values.find(names[i]);
    if (wanted == change.values.end()) continue;
    std::string differs = difference_text(names[i], read[i], wanted->second, kPassTolerance);
    if (!differs.empty()) return differs;
  }
  return {};
}

std::string check_row_updates(const PassChange& change) {
  Bindings found = observe(change.after, change.given);
  if (const std::optional<Graph> flush = make_flush_program(change.after)) {
    Bindings given = complete(change.after, change.given);
    overlay(given, found);
    for (auto& [name, tensor] : observe(*flush, given)) found[name] = tensor;
  }
  Bindings expected = change.values;
  const auto optimizer = change.before.attrs.find("optimizer");
  const bool lazy = optimizer != change.before.attrs.end() &&
                    find_optimizer(std::get<std::string>(optimizer->second)).lazy;
  // A lazy optimizer is another one on purpose: its steps of rows differ.
  std::erase_if(expected,
                [&](const auto& entry) { return lazy && entry.first.starts_with("write "); });
  return first_difference(found, expected, kCatchUpTolerance);
}

// Checks both passes together: the rows of one are the input of the other.
std::string check_split(const PassChange& change, const Graph& split, const Graph& encode) {
  const std::string rows(programs::kRows);
  Bindings given = change.given;
  given[rows] = observe(encode, given).at(rows);
  std::string differs = any_difference(observe(split, given), change.values);
  change.given = std::move(given);
  return differs;
}

std::string check_split_frozen(const PassChange& change) {
  PassContext context;
  return check_split(change, change.after, encode_only(change.before, context));
}

std::string check_encode_only(const PassChange& change) {
  PassContext context;
  return check_split(change, split_frozen(change.before, context), change.after);
}

constexpr std::array<PassRule, 7> kRules{{
    {"infer-only", check_inference},
    {"train-only", check_training},
    {"autodiff", check_gradients},
    {"optimizer-step", check_updates},
    {"row-sparse-optimizer", check_row_updates},
    {"split-frozen", check_split_frozen},
    {"encode-only", check_encode_only},
}};

}  // namespace

const PassRule* find_pass_rule(std::string_view pass) {
  const auto* rule = std::ranges::find(kRules, pass, &PassRule::pass);
  return rule == kRules.end() ? nullptr : rule;
}

}  // namespace weft
