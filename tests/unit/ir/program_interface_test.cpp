// The table of programs' inputs and results, and optional inputs, which it may come to hold.
#include "ir/plan/program_interface.h"

#include <doctest/doctest.h>

#include <string>

#include "ir/parse.h"

namespace weft {
namespace {

std::string message(const ProgramInterface& interface, const std::string& inputs) {
  const Graph graph = parse_one("program @tagged {\n  symbol B <= 3\n  symbol T <= 9\n" + inputs +
                                "  %y = scale(%x) factor=2.0\n  return %y\n}\n");
  try {
    check_interface(interface, graph, 2);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("an optional input may be left out, but not be of another type") {
  const ProgramInterface tagged{"tagged",
                                {{"x", {DType::f32, {Dim("T")}, {}}},
                                 {"types", {DType::i32, {Dim("T")}, {}}, Presence::optional}},
                                {{"y", {DType::f32, {Dim("T")}, {}}}}};
  const std::string x = "  input %x : f32[T]\n";
  CHECK(message(tagged, x) == "");
  CHECK(message(tagged, x + "  input %types : i32[T]\n") == "");
  CHECK(message(tagged, x + "  input %types : f32[T]\n").find("%types is f32[T], but must be") !=
        std::string::npos);
  CHECK(message(tagged, "  param %x : f32[T]\n").find("it lacks the input %x") !=
        std::string::npos);
}

TEST_CASE("a program of windows has offsets of windows, and the extent of W") {
  const ProgramInterface& predict = *find_program_interface(programs::kPredict);
  const auto message = [&](const std::string& inputs, const std::string& pool,
                           const std::string& symbols = "  symbol W <= 4\n") -> std::string {
    const Graph graph = parse_one("program @predict {\n  symbol B <= 3\n  symbol T <= 9\n" +
                                  symbols + "  input %ids : i32[T]\n" + inputs +
                                  "  param %e : f32[5, 2]\n  %x = embedding(%ids, %e)\n" + pool +
                                  "  %probabilities = softmax(%logits)\n"
                                  "  return %logits, %probabilities\n}\n");
    try {
      check_interface(predict, graph, 2);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  const std::string of_windows = "  input %offsets : i32[W+1 -> T]\n";
  const std::string of_texts = "  input %offsets : i32[B+1 -> T]\n";
  const std::string windows = "  input %windows : i32[B+1 -> W]\n";
  const std::string twice = "  %z = mean_pool(%x, %offsets)\n  %logits = mean_pool(%z, %windows)\n";
  const std::string once = "  %logits = mean_pool(%x, %offsets)\n";
  CHECK(message(windows + of_windows, twice) == "");
  CHECK(message(of_texts, once, "") == "");
  CHECK(message(of_texts + "  input %types : i32[T]\n", once, "") == "");
  const auto contains = [](const std::string& whole, const char* part) {
    INFO(whole);
    CHECK(whole.find(part) != std::string::npos);
  };
  contains(message(of_texts, once), "nobody gives W its extent");
  contains(message(windows + of_texts, once),
           "%offsets is i32[B+1 -> T], but must be i32[W+1 -> T]");
  contains(message("  input %windows : i32[W+1 -> B]\n" + of_windows, once), "%windows is");
  contains(message(windows + of_windows, "  %logits = mean_pool(%x, %offsets)\n"),
           "%logits is f32[W, 2], but must be f32[B, 2]");
}

TEST_CASE("inputs are declared as the table has them") {
  CHECK(find_program_interface("nosuch") == nullptr);
  for (const ProgramInterface& interface : program_interfaces()) {
    CHECK(find_program_interface(interface.name) == &interface);
  }
  Graph graph;
  graph.symbol(programs::kTexts, 3);
  graph.symbol(programs::kTokens, 9);
  CHECK(to_string(graph[declare_input(graph, programs::kIds)].type) == "i32[T]");
  CHECK(to_string(graph[declare_input(graph, programs::kOffsets)].type) == "i32[B+1 -> T]");
  CHECK(to_string(graph[declare_input(graph, programs::kTargets, 5)].type) == "f32[B, 5]");
  CHECK(has_input(graph, programs::kTargets));
  Graph windowed;
  for (const auto symbol : {programs::kTexts, programs::kTokens, programs::kWindowCount}) {
    windowed.symbol(symbol, 9);
  }
  declare_input(windowed, programs::kWindows);
  declare_input(windowed, programs::kOffsets);
  CHECK(to_string(windowed.find_value("windows")->type) == "i32[B+1 -> W]");
  CHECK(to_string(windowed.find_value("offsets")->type) == "i32[W+1 -> T]");
  CHECK_FALSE(has_input(graph, programs::kLabels));
}

}  // namespace
}  // namespace weft
