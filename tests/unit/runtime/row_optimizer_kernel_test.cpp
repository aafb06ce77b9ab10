// Each op of every optimizer: its kernel against its reference; what the row-wise ones refuse, and
// their shape rules.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "ir/ops/train/optimizer.h"
#include "tests/support/bound_program.h"
#include "tests/support/every_target.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

bool catches_up(const OpDef& op) { return has_port(op, OperandRole::last_step); }

std::string type_of(OperandRole role, std::int64_t width, bool of_rows) {
  switch (role) {
    case OperandRole::ids:
      return "i32[N]";
    case OperandRole::gradient:
      return fmt::format("f32[{}, {}]", of_rows ? "N" : "9", width);
    case OperandRole::learning_rate:
      return "f32[]";
    case OperandRole::step:
      return "i32[]";
    case OperandRole::last_step:
      return "i32[9]";
    case OperandRole::row_state:
      return "f32[9]";
    case OperandRole::past_rates:
      return "f32[16]";
    default:
      return fmt::format("f32[9, {}]", width);
  }
}

// One node of an optimizer's op: a table of 9 rows, of which the rows `ids` (all: none given).
std::string node_of(const OpDef& op, std::int64_t width, bool all_rows) {
  std::string body, operands;
  for (const PortDef& port : op.inputs) {
    const bool left_out = port.role == OperandRole::ids && all_rows;
    operands += fmt::format("{}{}", operands.empty() ? "" : ", ", left_out ? "_" : "%");
    if (left_out) continue;
    operands += port.name;
    const bool input = port.role == OperandRole::ids || port.role == OperandRole::gradient ||
                       port.role == OperandRole::learning_rate;
    body += fmt::format("{} %{} : {}\n", input ? "input" : "state", port.name,
                        type_of(port.role, width, has_port(op, OperandRole::ids)));
  }
  std::string results;
  for (const PortDef& port : op.outputs) {
    results += fmt::format("{}%{}", results.empty() ? "" : ", ", port.name);
  }
  return body + results + " = " + std::string(op.name) + "(" + operands + ")";
}

using Names = std::set<std::string_view>;

// `negative`: the states that are given numbers of either sign.
Bindings operands_of(const Graph& graph, const std::vector<double>& ids, double step,
                     const Names& negative = {}) {
  std::map<std::string, std::vector<double>> given{
      {"ids", ids}, {"step", {step}}, {"last", {0, 3, 20, 11, 20, 19, 5, 20, 4}}};
  for (double& last : given["last"]) last = std::max(last, step - 16);
  Bindings bindings = sample_bindings(graph, {{}, static_cast<std::int64_t>(ids.size())}, given);
  for (const PortDef& port : graph.nodes.back().op->inputs) {
    const bool positive = port.role == OperandRole::learning_rate ||
                          port.role == OperandRole::past_rates || is_state(port.role);
    if (!positive || negative.contains(port.name)) continue;
    for (double& x : bindings[std::string(port.name)].data) x = std::abs(x);
  }
  return rounded(bindings);
}

// The states that may be negative: with a negative mean of squares there is no result.
Names signed_states(const OpDef& op) {
  const Graph graph = sample_program(node_of(op, 7, false));
  Names names;
  for (const PortDef& port : op.inputs) {
    if (!is_state(port.role)) continue;
    const auto results = interpret(graph, operands_of(graph, {8, 0, 3}, 20, {port.name})).results;
    const auto finite = [](const Tensor& tensor) {
      return std::ranges::all_of(tensor.data, [](double x) { return std::isfinite(x); });
    };
    if (std::ranges::all_of(results, finite)) names.insert(port.name);
  }
  return names;
}

// The forms for rows of every optimizer.
std::vector<const OpDef*> row_ops() {
  std::vector<const OpDef*> ops;
  for (const OpDef* op : all_ops()) {
    if (op->row_form != nullptr) ops.push_back(op->row_form);
    if (op->catch_up_form != nullptr) ops.push_back(op->catch_up_form);
  }
  return ops;
}

// Those, and the steps of whole tensors.
std::vector<const OpDef*> optimizer_ops() {
  std::vector<const OpDef*> ops = row_ops();
  for (const OpDef* op : all_ops()) {
    if (op->row_form != nullptr || !op->optimizer.empty()) ops.push_back(op);
  }
  return ops;
}

void check_close(const TensorView& found, const Tensor& wanted) {
  for (std::size_t k = 0; k < wanted.data.size(); ++k) {
    const double x =
        found.dtype == DType::f32 ? static_cast<double>(found.f32()[k]) : found.i32()[k];
    REQUIRE(std::abs(x - wanted.data[k]) <= 4e-6 * (1.0 + std::abs(wanted.data[k])));
  }
}

// With values in places of their own, in place, and in place on three threads.
void check_kernel(const Graph& graph, const Bindings& given) {
  const auto wanted = interpret(graph, given).results;
  for (const int variant : {0, 1, 2}) {
    CAPTURE(variant);
    BoundProgram program(plan_simply(graph, variant > 0), given, variant == 2 ? 3 : 1);
    program.run(given);
    for (std::size_t i = 0; i < wanted.size(); ++i) check_close(program.result(i), wanted[i]);
  }
}

TEST_CASE("kernels of the optimizers agree with their references") {
  with_every_target([] {
    const std::vector<std::vector<double>> all_ids{
        {}, {6}, {8, 0, 3, 1}, {0, 1, 2, 3, 4, 5, 6, 7, 8}};
    REQUIRE(row_ops().size() >= 10);
    for (const OpDef* op : optimizer_ops()) {
      const Names negative = signed_states(*op);
      for (const std::int64_t width : {1, 7, 64, 300}) {
        for (const bool all_rows : {false, true}) {
          if (all_rows && !catches_up(*op)) continue;
          const Graph graph = sample_program(node_of(*op, width, all_rows));
          for (const auto& ids : all_ids) {
            for (const double step : {20.0, 32.0}) {  // 32: the ring of 16 rates begins anew
              CAPTURE(fmt::format("{} width {} ids {} step {}", op->name, width, ids.size(), step));
              check_kernel(graph, operands_of(graph, all_rows ? std::vector<double>{} : ids, step,
                                              negative));
            }
          }
        }
      }
    }
  });
}

std::string error_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("ids beyond the table and rows of another time are refused") {
  for (const OpDef* op : row_ops()) {
    CAPTURE(op->name);
    const Graph graph = sample_program(node_of(*op, 4, false));
    const auto check = [&](const Bindings& given, std::string_view text) {
      const std::string reference = error_of([&] { interpret(graph, given); });
      CHECK_MESSAGE(reference.find(op->name) != std::string::npos, reference);
      BoundProgram program(plan_simply(graph), given, 1);
      const std::string kernel = error_of([&] { program.run(given); });
      CHECK_MESSAGE(kernel.find(text) != std::string::npos, kernel);
    };
    check(operands_of(graph, {9}, 20), "an id is 9, but the table has 9 rows");
    check(operands_of(graph, {-1}, 20), "an id is -1");
    if (!catches_up(*op)) continue;
    check(operands_of(graph, {2, 5, 2}, 20), "is as of step 21");
    Bindings late = operands_of(graph, {2}, 20);
    late["last"].data[2] = 23;
    check(late, "row 2 is as of step 23, but this follows step 20");
    if (!graph.find("rates")) continue;
    late["last"].data[2] = 3;  // 17 steps ago, of a ring of 16
    check(late, "row 2 is as of step 3");
  }
}

TEST_CASE("shape rules of the row-wise ops") {
  const auto refusal = [](const std::string& body) {
    return error_of([&] { sample_program(body); });
  };
  const auto contains = [](const std::string& text, std::string_view part) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  };
  const std::string adam =
      "state %w : f32[9, 4]\n state %m : f32[9, 4]\n state %v : f32[9, 4]\n"
      "state %last : i32[9]\n state %short : i32[8]\n input %ids : i32[N]\n input %g : f32[N, 4]\n"
      "input %wide : f32[N, 5]\n state %step : i32[]\n input %rate : f32[]\n"
      "state %rates : f32[16]\n input %many : f32[N]\n";
  contains(refusal(adam + "%a, %b, %c = row_adam(%w, %m, %v, %ids, %wide, %rate, %step)"), "g is");
  contains(refusal(adam + "%a, %b, %c = row_adam(%w, %m, %v, %ids, %g, %rate, %step) beta1=1.0"),
           "beta1 is 1");
  const auto catch_up = [&](const std::string& last, const std::string& rates,
                            const std::string& attrs) {
    return refusal(adam + "%a, %b, %c, %d = row_adam_catch_up(%w, %m, %v, " + last +
                   ", %ids, %step, " + rates + ") " + attrs);
  };
  CHECK(catch_up("%last", "%rates", "").empty());
  contains(catch_up("%short", "%rates", ""), "last is");
  contains(catch_up("%last", "%many", ""), "fixed number of rates");
  contains(catch_up("%last", "%rates", "beta1=0.9 beta2=0.8"), "not be");
  contains(catch_up("%last", "%rates", "epsilon=0.0"), "epsilon is 0, but must be from 1e-20 to 1");
  contains(refusal("state %r : f32[4]\n input %x : f32[N]\n state %s : i32[]\n"
                   "%y = record_rate(%r, %x, %s)"),
           "rate is");
}

}  // namespace
}  // namespace weft
