// Watches a run: evaluates a node's reference before its kernel runs, compares after.
#include "frontend/graph_tests/check_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "frontend/graph_tests/bound_program.h"
#include "frontend/graph_tests/graph_values.h"
#include "frontend/graph_tests/random_values.h"
#include "frontend/graph_tests/tensor_difference.h"
#include "ir/plan/program_interface.h"
#include "ir/random.h"
#include "runtime/kernels/reference.h"

namespace weft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kUlp = 0x1p-23, kUlps = 128, kMoves = 16;
// Allowed on top: ulps of the largest operand, for operands that cancel exactly in double.
constexpr double kOperandUlps = 2;

double largest(const Tensor& tensor) {
  double most = 0;
  for (const double x : tensor.data) most = std::max(most, std::abs(x));
  return most;
}

// Every number moved by an ulp, up or down.
Tensor moved(Tensor tensor, std::uint64_t seed) {
  for (std::size_t i = 0; i < tensor.data.size(); ++i) {
    const bool up = (mix64(seed * 0x9E3779B9U + i) & 1U) != 0;
    tensor.data[i] *= up ? 1.0 + kUlp : 1.0 - kUlp;
  }
  return tensor;
}

class KernelChecker final : public NodeObserver {
 public:
  KernelChecker(Executor& executor, const KernelCheckLimits& limits, Clock::time_point start,
                KernelCheck& check)
      : executor_(executor), limits_(limits), start_(start), check_(check) {
    executor.observe(this);
  }
  ~KernelChecker() override { executor_.observe(nullptr); }
  KernelChecker(const KernelChecker&) = delete;
  KernelChecker& operator=(const KernelChecker&) = delete;

  void before(std::size_t index, const RunContext& run) override {
    const Graph& graph = executor_.graph();
    const Node& node = graph.nodes[index];
    expected_.clear();
    operand_ = 0;
    SymbolExtents extents = bound_extents(graph, run);
    if (!check_.failure.empty() || !has_time() || !is_affordable(node, extents)) return;
    std::vector<Tensor> inputs(node.inputs.size()), near(node.inputs.size());
    std::vector<const Tensor*> operands, near_operands;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id != kNoValue) {
        const Operand operand(graph, id, executor_.address(id));
        inputs[i] = tensor_of(operand, run);
        const bool moves = operand.dtype() == DType::f32;
        near[i] = moves ? moved(inputs[i], i) : inputs[i];
        if (moves) operand_ = std::max(operand_, largest(inputs[i]));
      }
      operands.push_back(id == kNoValue ? nullptr : &inputs[i]);
      near_operands.push_back(id == kNoValue ? nullptr : &near[i]);
    }
    SymbolExtents again = extents;
    expected_ = evaluate(graph, node, operands, extents);
    near_ = evaluate(graph, node, near_operands, again);
  }

  void after(std::size_t index, const RunContext& run) override {
    if (expected_.empty()) return;
    const Graph& graph = executor_.graph();
    const Node& node = graph.nodes[index];
    ++check_.compared;
    for (std::size_t i = 0; i < node.outputs.size() && check_.failure.empty(); ++i) {
      const Operand operand(graph, node.outputs[i], executor_.address(node.outputs[i]));
      if (operand) compare(node, i, tensor_of(operand, run), operand.dtype());
    }
  }

  void note_late() const {
    if (late_ == 0) return;
    check_.notes.push_back(
        fmt::format("@{}: for time, {} nodes were not compared", executor_.graph().name, late_));
  }

 private:
  bool has_time() {
    if (std::chrono::duration<double>(Clock::now() - start_).count() < limits_.seconds) return true;
    ++late_;
    return false;
  }

  bool is_affordable(const Node& node, const SymbolExtents& extents) {
    const Graph& graph = executor_.graph();
    const ElementCount count = [&](const TensorType& type) {
      double numbers = 1;
      for (const Dim& dim : type.shape) {
        const auto bound = extents.find(dim.symbol);
        const double extent = dim.is_static()          ? 0.0
                              : bound != extents.end() ? static_cast<double>(bound->second)
                                                       : 1.0;
        numbers *= extent + static_cast<double>(dim.value);
      }
      return numbers;
    };
    const double flops = node.op->flops != nullptr ? node.op->flops(graph, node, count) : 0.0;
    if (flops <= limits_.node_flops) return true;
    check_.notes.push_back(fmt::format("@{}: %{} = {} was not compared: {:.0f} million operations",
                                       graph.name, graph[node.outputs[0]].name, node.op->name,
                                       flops * 1e-6));
    return false;
  }

  void compare(const Node& node, std::size_t output, const Tensor& found, DType dtype) {
    const Tensor& expected = expected_[output];
    const std::string& name = executor_.graph()[node.outputs[output]].name;
    if (found.shape != expected.shape) return fail(node, difference_text(name, found, expected, 0));
    double budget = dtype == DType::i32 ? 0.0 : 1.0;
    const double unit = kUlp * largest(expected);
    if (dtype == DType::f32) {
      double moves = 0;
      for (std::size_t i = 0; i < expected.data.size(); ++i) {
        const double move = std::abs(near_[output].data[i] - expected.data[i]);
        if (std::isfinite(move)) moves = std::max(moves, move);
      }
      budget = kUlps * unit + kMoves * moves + kOperandUlps * kUlp * operand_;
    }
    const TensorDifference difference = tensor_difference(
        found, expected, budget, [](double x, double y) { return std::abs(x - y); });
    if (difference.count == 0) return;
    if (dtype == DType::i32 && near_[output].data != expected.data) return;
    const std::string place = element_name(name, found.shape, difference.worst);
    const double x = found.data[difference.worst], y = expected.data[difference.worst];
    std::string text = fmt::format("{} is {:.9g}, expected {:.9g}", place, x, y);
    if (dtype == DType::f32 && unit > 0) {
      text += fmt::format(": off by {:.0f} ulps, the budget is {:.0f}", difference.most / unit,
                          budget / unit);
    }
    fail(node,
         text + fmt::format("; {} of {} numbers are off", difference.count, found.data.size()));
  }

  void fail(const Node& node, const std::string& text) {
    check_.failure = fmt::format("the kernel of {} in program @{}: {}", node.op->name,
                                 executor_.graph().name, text);
    if (node.location.line > 0) {
      check_.failure +=
          fmt::format(" (at {}:{} of the model)", node.location.line, node.location.column);
    }
  }

  Executor& executor_;
  const KernelCheckLimits& limits_;
  Clock::time_point start_;
  KernelCheck& check_;
  std::vector<Tensor> expected_, near_;  // of the node that runs; empty: it is not compared
  double operand_ = 0;                   // its largest f32 operand
  int late_ = 0;
};

}  // namespace

KernelCheck check_kernels(const std::vector<Graph>& planned, Bindings given,
                          const KernelCheckLimits& limits) {
  KernelCheck check;
  const Clock::time_point start = Clock::now();
  for (const Graph& graph : planned) {
    for (const Value& value : graph.values) {  // room for what a program computes at load
      if (value.attrs.contains("computed")) {
        given.try_emplace(value.name, bound_shape(value, {}));
      }
    }
    const Bindings tensors = bind_values(graph, {.random = 1, .known = given});
    BoundProgram program(graph, tensors, limits.threads);
    {
      const KernelChecker checker(program.executor(), limits, start, check);
      program.run(tensors);
      checker.note_late();
    }
    if (!check.failure.empty()) return check;
    for (const auto& [name, tensor] : tensors) given[name] = tensor;
    for (const Write& write : graph.writes) {
      const std::string& name = graph[write.target].name;
      given[name] = program.tensor(name);
    }
    for (std::size_t i = 0; i < graph.results.size(); ++i) {
      if (graph[graph.results[i]].name != programs::kRows) continue;
      const TensorView rows = program.result(i);
      given[std::string(programs::kRows)] = tensor_of(rows.data, rows.dtype, rows.shape);
    }
  }
  return check;
}

}  // namespace weft
