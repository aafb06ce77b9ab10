// Every op's gradient, as the graph it makes, against central differences of its reference.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "ir/op.h"
#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"
#include "tests/support/gradient_samples.h"

namespace weft {
namespace {

// Applies the last node's gradient rule: `dy` are declared inputs `dy.0`, …; returns dx per port.
std::vector<ValueId> gradients(Graph& graph, const std::vector<std::size_t>& flows,
                               const std::vector<bool>& needs_grad) {
  const Node node = graph.nodes.back();
  std::vector<ValueId> dy(node.outputs.size(), kNoValue), dx(node.inputs.size(), kNoValue);
  for (const std::size_t i : flows) {
    dy[i] = graph.declare(Role::input, fmt::format("dy.{}", i), graph[node.outputs[i]].type);
  }
  std::array<bool, 8> needed{};
  std::ranges::copy(needs_grad, needed.begin());
  GradientContext view{graph, node, dy, dx, std::span<const bool>(needed).first(dx.size())};
  node.op->gradient(view);
  for (std::size_t i = 0; i < dx.size(); ++i) {
    if (!needed[i]) dx[i] = kNoValue;
  }
  return dx;
}

// The same for the operands that are params.
std::vector<ValueId> differentiate(Graph& graph, const std::vector<std::size_t>& flows) {
  std::vector<bool> params;
  for (const ValueId id : graph.nodes.back().inputs) {
    params.push_back(id != kNoValue && graph[id].role == Role::param);
  }
  return gradients(graph, flows, params);
}

// The sum over the flowing outputs of dy times y.
double scalar_of(const Graph& graph, const Bindings& bindings, const GradientSample& sample,
                 const std::vector<Tensor>& dy) {
  const std::vector<Tensor> y = interpret(graph, bindings).results;
  double sum = 0;
  for (const std::size_t i : sample.flows) {
    for (std::size_t k = 0; k < y[i].data.size(); ++k) sum += dy[i].data[k] * y[i].data[k];
  }
  return sum;
}

Tensor central_differences(const Graph& graph, Bindings bindings, const std::string& name,
                           const GradientSample& sample, const std::vector<Tensor>& dy) {
  constexpr double h = 1e-5;
  Tensor slope(bindings.at(name).shape);
  for (std::size_t k = 0; k < slope.data.size(); ++k) {
    double& x = bindings.at(name).data[k];
    const double middle = x;
    x = middle + h;
    const double above = scalar_of(graph, bindings, sample, dy);
    x = middle - h;
    const double below = scalar_of(graph, bindings, sample, dy);
    x = middle;
    slope.data[k] = (above - below) / (2 * h);
  }
  return slope;
}

double largest(const Tensor& tensor) {
  double max = 0;
  for (const double x : tensor.data) max = std::max(max, std::abs(x));
  return max;
}

void check(const Tensor& gradient, const Tensor& slope) {
  REQUIRE(gradient.shape == slope.shape);
  const double tolerance = 1e-6 * std::max(largest(slope), 0.01);
  for (std::size_t k = 0; k < slope.data.size(); ++k) {
    CAPTURE(k);
    CHECK(std::abs(gradient.data[k] - slope.data[k]) <= tolerance);
  }
}

// An operand of numbers that no gradient is asked for must not matter.
void check_constant(const Graph& graph, const Bindings& bindings, const GradientSample& sample,
                    const std::vector<Tensor>& dy) {
  const Node& node = graph.nodes.back();
  for (std::size_t port = 0; port < node.inputs.size(); ++port) {
    const ValueId id = node.inputs[port];
    const OperandRole role = node.op->inputs[std::min(port, node.op->inputs.size() - 1)].role;
    if (id == kNoValue || graph[id].role != Role::input || sample.constant.contains(port)) continue;
    if (graph[id].type.dtype != DType::f32 || role == OperandRole::statistic) continue;
    CAPTURE(graph[id].name);
    CHECK_MESSAGE(largest(central_differences(graph, bindings, graph[id].name, sample, dy)) == 0.0,
                  "declare it `param`, so that its gradient is checked");
  }
}

// Returns the operands whose gradient was checked and is not zero everywhere, by port.
std::set<std::size_t> check_sample(const GradientSample& sample) {
  CAPTURE(sample.body);
  CAPTURE(fmt::format("{}", fmt::join(sample.sizes.lengths, " ")));
  CAPTURE(sample.sizes.rows);
  const Graph graph = sample_program(sample.body);
  Bindings bindings = sample_bindings(graph, sample.sizes, sample.given);
  const std::vector<Tensor> y = interpret(graph, bindings).results;
  std::vector<Tensor> dy;
  for (const Tensor& output : y) dy.push_back(wave(output.shape, 2.7));

  Graph backward = graph;
  const std::vector<ValueId> dx = differentiate(backward, sample.flows);
  Bindings given = bindings;
  for (const std::size_t i : sample.flows) given[fmt::format("dy.{}", i)] = dy[i];

  const Node& node = graph.nodes.back();
  std::map<std::string, Tensor> sums;  // an operand used twice has two gradients
  std::set<std::size_t> moving;
  for (std::size_t port = 0; port < dx.size(); ++port) {
    if (node.inputs[port] == kNoValue || graph[node.inputs[port]].role != Role::param) continue;
    CAPTURE(port);
    REQUIRE(dx[port] != kNoValue);
    CHECK(backward[dx[port]].type == graph[node.inputs[port]].type);
    backward.results = {dx[port]};
    const Tensor gradient = interpret(backward, given).results[0];
    if (largest(gradient) > 0) moving.insert(port);
    Tensor& sum = sums[graph[node.inputs[port]].name];
    if (sum.shape.empty()) sum = Tensor(gradient.shape);
    for (std::size_t k = 0; k < sum.data.size(); ++k) sum.data[k] += gradient.data[k];
  }
  for (const auto& sum : sums) {
    const auto& name = sum.first;
    const auto& gradient = sum.second;
    CAPTURE(name);
    check(gradient, central_differences(graph, bindings, name, sample, dy));
  }
  check_constant(graph, bindings, sample, dy);
  return moving;
}

// What the samples tell of the ops in them.
struct Seen {
  std::map<std::string_view, std::set<std::size_t>> moving;  // operands whose gradient was checked
  std::map<std::string_view, std::set<std::size_t>> asked;   // f32 operands that a rule has one for
  std::set<const OpDef*> backward;                           // the ops that gradients consist of
  std::set<const OpDef*> integer;  // the ops all of whose results are integers
};

void look_at(const GradientSample& sample, Seen& seen) {
  Graph graph = sample_program(sample.body);
  const Node node = graph.nodes.back();
  for (const Node& before : graph.nodes) {
    const auto is_float = [&](ValueId id) { return graph[id].type.dtype == DType::f32; };
    if (std::ranges::none_of(before.outputs, is_float)) seen.integer.insert(before.op);
  }
  const std::size_t forward = graph.nodes.size();
  std::vector<bool> present;
  for (const ValueId id : node.inputs) present.push_back(id != kNoValue);
  const std::vector<ValueId> dx = gradients(graph, sample.flows, present);
  for (std::size_t port = 0; port < dx.size(); ++port) {
    if (dx[port] != kNoValue) seen.asked[node.op->name].insert(port);
  }
  for (std::size_t i = forward; i < graph.nodes.size(); ++i)
    seen.backward.insert(graph.nodes[i].op);
}

// Why an op may have no gradient: nothing flows through it back to a param.
bool needs_no_gradient(const OpDef& op, const Seen& seen) {
  const auto has = [&](OperandRole role) { return has_port(op, role); };
  const bool updates = has(OperandRole::gradient) || has(OperandRole::learning_rate) ||
                       has(OperandRole::step) || has(OperandRole::last_step);
  const bool of_no_data = std::ranges::none_of(op.inputs, [](const PortDef& port) {
    return port.role == OperandRole::data && !port.doc.starts_with("i32");
  });
  const bool steps = op.name == "table_sigmoid";  // its slope is zero wherever it has one
  return updates || of_no_data || steps || seen.backward.contains(&op) ||
         seen.integer.contains(&op);
}

TEST_CASE("every gradient equals central differences, and every differentiable op has samples") {
  Seen seen;
  for (const GradientSample& sample : gradient_samples()) {
    const auto name = sample_program(sample.body).nodes.back().op->name;
    seen.moving[name].merge(check_sample(sample));
    look_at(sample, seen);
  }
  for (const OpDef* op : all_ops()) {
    CAPTURE(op->name);
    if (op->gradient == nullptr) {
      CHECK_MESSAGE(needs_no_gradient(*op, seen),
                    "it has no gradient: give it one, or roles that tell why it needs none");
      continue;
    }
    CHECK_MESSAGE(seen.moving.contains(op->name),
                  "it has a gradient, but no sample: add a program that ends with it to "
                  "tests/support/gradient_samples.cpp");
    for (std::size_t port = 0; port < op->inputs.size(); ++port) {
      CAPTURE(op->inputs[port].name);
      const OperandRole role = op->inputs[port].role;
      const bool given = role != OperandRole::data && role != OperandRole::weight;
      const bool moves = seen.moving[op->name].contains(port);
      CHECK_MESSAGE(!(given && moves), "its role says that it has no gradient");
      CHECK_MESSAGE(moves == seen.asked[op->name].contains(port),
                    "it has a gradient that no sample checks: declare it `param` in one");
    }
  }
}

std::string message_of_gradient(const std::string& body, const std::vector<std::size_t>& flows) {
  Graph graph = sample_program(body);
  try {
    differentiate(graph, flows);
  } catch (const Error& error) {
    return error.what();
  }
  return "differentiated";
}

TEST_CASE("what has no gradient says so") {
  const std::string conv_relu = message_of_gradient(
      "input %from : i32[B+1 -> T]\n param %x : f32[T, 3]\n param %w : f32[3, 3, 2]\n"
      "%y = conv1d(%x, %w, %from, %from) act=\"relu\"",
      {0});
  CHECK(conv_relu.find("conv1d: act=\"relu\" has no gradient") != std::string::npos);
  CHECK(conv_relu.find("after autodiff") != std::string::npos);
  const std::string linear_gelu = message_of_gradient(
      "param %x : f32[N, 3]\n param %w : f32[3, 2]\n %y = linear(%x, %w) act=\"gelu\"", {0});
  CHECK(linear_gelu.find("linear: act=\"gelu\" has no gradient") != std::string::npos);
  const std::string statistics = message_of_gradient(
      "param %x : f32[N, 4]\n param %g : f32[4]\n param %b : f32[4]\n%y, %m, %r = layer_norm(%x, "
      "%g, %b)",
      {1});
  CHECK(statistics.find("layer_norm: the gradient of mean is not defined") != std::string::npos);
}

TEST_CASE("the gradient of a tied maximum goes to the first") {
  for (const auto& tie : std::vector<std::pair<std::string, Numbers>>{
           {"%y, %where = max_pool(%x, %from)", {0, 1, 0, 0, 1, 0}},
           {"%to = window_offsets(%from) size=2\n %y, %w = local_max_pool(%x, %from, %to) size=2",
            {0, 2, 1, 0, 1, 0}},
           {"%y = reduce_max(%x) axes=[0]", {0, 1, 0, 0, 0, 0}}}) {
    const std::string& call = tie.first;
    const Numbers& expected = tie.second;
    CAPTURE(call);
    Graph graph = sample_program("input %from : i32[B+1 -> T]\n param %x : f32[T, 1]\n" + call);
    const Bindings forward = sample_bindings(graph, {{4, 2}}, {{"x", {1, 2, 2, 0, -3, -3}}});
    Bindings bindings = forward;
    bindings["dy.0"] = Tensor(interpret(graph, forward).results[0].shape, 1.0);
    graph.results = {differentiate(graph, {0})[0]};
    CHECK(interpret(graph, bindings).results[0].data == expected);
  }
}

}  // namespace
}  // namespace weft
