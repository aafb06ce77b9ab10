// Each row-wise op: its kernel against its reference, what it refuses, its shape rules.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "tests/support/bound_program.h"
#include "tests/support/every_target.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

// One node of a row-wise op: a table of 9 rows, of which the rows `ids` (all: none given).
std::string node_of(const OpDef& op, std::int64_t width, bool all_rows) {
  std::string body, operands;
  for (const PortDef& port : op.inputs) {
    const bool left_out = port.name == "ids" && all_rows;
    operands += fmt::format("{}{}", operands.empty() ? "" : ", ", left_out ? "_" : "%");
    if (left_out) continue;
    operands += port.name;
    const std::string type = port.name == "ids"     ? "i32[N]"
                             : port.name == "g"     ? fmt::format("f32[N, {}]", width)
                             : port.name == "rate"  ? "f32[]"
                             : port.name == "step"  ? "i32[]"
                             : port.name == "last"  ? "i32[9]"
                             : port.name == "rates" ? "f32[16]"
                                                    : fmt::format("f32[9, {}]", width);
    const bool input = port.name == "ids" || port.name == "g" || port.name == "rate";
    body += fmt::format("{} %{} : {}\n", input ? "input" : "state", port.name, type);
  }
  std::string results;
  for (const PortDef& port : op.outputs) {
    results += fmt::format("{}%{}", results.empty() ? "" : ", ", port.name);
  }
  return body + results + " = " + std::string(op.name) + "(" + operands + ")";
}

Bindings operands_of(const Graph& graph, const std::vector<double>& ids, double step) {
  std::map<std::string, std::vector<double>> given{
      {"ids", ids}, {"step", {step}}, {"last", {0, 3, 20, 11, 20, 19, 5, 20, 4}}};
  for (double& last : given["last"]) last = std::max(last, step - 16);
  Bindings bindings = sample_bindings(graph, {{}, static_cast<std::int64_t>(ids.size())}, given);
  for (const char* name : {"v", "square_grad", "square_update", "rates", "rate"}) {
    if (!bindings.contains(name)) continue;
    for (double& x : bindings[name].data) x = std::abs(x);
  }
  return rounded(bindings);
}

std::vector<const OpDef*> row_ops() {
  std::vector<const OpDef*> ops;
  for (const OpDef* op : all_ops()) {
    if (op->name.starts_with("row_")) ops.push_back(op);
  }
  return ops;
}

TEST_CASE("kernels of the row-wise ops agree with their references") {
  with_every_target([] {
    const std::vector<std::vector<double>> all_ids{
        {}, {6}, {8, 0, 3, 1}, {0, 1, 2, 3, 4, 5, 6, 7, 8}};
    REQUIRE(row_ops().size() == 10);
    for (const OpDef* op : row_ops()) {
      const bool catches_up = op->name.ends_with("_catch_up");
      for (const std::int64_t width : {1, 7, 64, 300}) {
        for (const bool all_rows : {false, true}) {
          if (all_rows && !catches_up) continue;
          const Graph graph = sample_program(node_of(*op, width, all_rows));
          for (const auto& ids : all_ids) {
            for (const double step : {20.0, 32.0}) {  // 32: the ring of 16 rates begins anew
              const Bindings given =
                  operands_of(graph, all_rows ? std::vector<double>{} : ids, step);
              const auto wanted = interpret(graph, given).results;
              for (const int variant : {0, 1, 2}) {
                CAPTURE(
                    fmt::format("{} width {} ids {} step {}", op->name, width, ids.size(), step));
                BoundProgram program(plan_simply(graph, variant > 0), given, variant == 2 ? 3 : 1);
                program.run(given);
                for (std::size_t i = 0; i < wanted.size(); ++i) {
                  const TensorView view = program.result(i);
                  for (std::size_t k = 0; k < wanted[i].data.size(); ++k) {
                    const double found = view.dtype == DType::f32
                                             ? static_cast<double>(view.f32()[k])
                                             : view.i32()[k];
                    REQUIRE(std::abs(found - wanted[i].data[k]) <=
                            4e-6 * (1.0 + std::abs(wanted[i].data[k])));
                  }
                }
              }
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
    if (!op->name.ends_with("_catch_up")) continue;
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
  contains(catch_up("%last", "%rates", "epsilon=0.0"), "epsilon must be positive");
  contains(refusal("state %r : f32[4]\n input %x : f32[N]\n state %s : i32[]\n"
                   "%y = record_rate(%r, %x, %s)"),
           "rate is");
}

}  // namespace
}  // namespace weft
