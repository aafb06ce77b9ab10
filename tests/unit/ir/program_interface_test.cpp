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
  CHECK_FALSE(has_input(graph, programs::kLabels));
}

}  // namespace
}  // namespace weft
