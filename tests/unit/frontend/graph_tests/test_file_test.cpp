// Text tests of graphs: how a file is cut, how texts and numbers are compared.
#include "frontend/graph_tests/test_file.h"

#include <doctest/doctest.h>

#include <string>

#include "frontend/format/line_diff.h"
#include "frontend/graph_tests/check_values.h"
#include "frontend/graph_tests/values_block.h"

namespace weft {
namespace {

const std::string kGraph =
    "program @p {\n symbol N <= 4\n input %x : f32[N, 2]\n %y = relu(%x)\n return %y\n}\n";

TEST_CASE("the sections of a file are the file, and the graphs stay in their lines") {
  const std::string text =
      "// passes: cse\n" + kGraph + "// ---- expected\nfoo\n// ---- values\n{}";
  const TestFile file = parse_test_file(text, "a.ir");
  CHECK(file.text() == text);
  CHECK(file.passes == "cse");
  CHECK(file.graphs == "\n" + kGraph);
  REQUIRE(file.sections.size() == 3);
  CHECK(file.sections[1].text == "foo\n");
  CHECK(file.sections[2].line == 10);
}

TEST_CASE("an expected error has a place or none") {
  const TestFile file = parse_test_file(
      "// expect-error: 3:5 no op\n// expect-error: 12 rows\n// expect-error: at 1:2\n", "a.ir");
  REQUIRE(file.errors.size() == 3);
  CHECK(file.errors[0].location == SourceLocation{3, 5});
  CHECK(file.errors[0].text == "no op");
  CHECK(file.errors[1].location.line == 0);
  CHECK(file.errors[1].text == "12 rows");
  CHECK(file.errors[2].text == "at 1:2");
}

TEST_CASE("a file that is no test says why") {
  const auto refused = [](const std::string& text, const char* message) {
    CHECK_THROWS_WITH_AS(parse_test_file(text, "a.ir"), doctest::Contains(message), Error);
  };
  refused("", "a.ir: this is no test");
  refused(kGraph, "a.ir: this is no test");
  refused("// passes: cse\n// compile: train\n" + kGraph, "both given");
  refused(kGraph + "// ---- expected\n", "needs passes");
  refused("// expect-error: x\n" + kGraph + "// ---- values\n{}", "nothing else to expect");
  refused("// passes: cse\n// ---- nosuch\n", "a.ir:2:1: error: `// ---- nosuch` is unknown");
  refused("// passes: cse\n// ---- expected\n// ---- expected\n", "stands here again");
}

TEST_CASE("a difference of lines has what is around it, and nothing where nothing differs") {
  CHECK(line_diff("a\nb\n", "a\nb\n", false).empty());
  CHECK(line_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", false) ==
        "@@ 2 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
  CHECK(line_diff("a\nb\nc\n", "b\nc\nd\n", false) == "@@ 1 @@\n-a\n b\n c\n+d\n");
  CHECK(line_diff("", "a\n", false) == "@@ 1 @@\n+a\n");
  CHECK(line_diff("a\n", "a", false) == "@@ 1 @@\n-a\n+a (no line break at the end)\n");
  CHECK(line_diff("a\n", "\x1B[2J\n", true) ==
        "@@ 1 @@\n\x1B[31m-a\x1B[0m\n\x1B[32m+\\x1B[2J\x1B[0m\n");
}

// Too long for the table: one replacement, not all memory.
TEST_CASE("long texts that differ are shown too") {
  std::string a, b;
  for (int i = 0; i < 6000; ++i) a += "a\n", b += "b\n";
  const std::string shown = line_diff(a, b, false);
  CHECK(shown.size() == std::string("@@ 1 @@\n").size() + 12000 * 3);
}

std::string check(const std::string& heading, std::string json, bool update = false) {
  const TestFile file = parse_test_file(heading + kGraph + "// ---- values\n" + json, "a.ir");
  const std::string failure = check_values(file, "a.ir", json, update);
  return update ? json : failure;
}

TEST_CASE("numbers are compared within the tolerance, in both programs, by both engines") {
  CHECK(check("", R"({"inputs": {"x": [[-1, 2]]}, "results": {"y": [[0, 2]]}})").empty());
  CHECK(check("", R"({"inputs": {"x": [[-1, 2]]}, "results": {"y": [[0, 2.00002]]}})").empty());
  CHECK(check("", R"({"inputs": {"x": [[-1, 2]]}, "results": {"y": [[0, 2.0001]]}})") ==
        "the program as it is written, by the reference: %y[0, 1] is 2, expected 2.0000999; "
        "1 of 2 numbers differ by more than 1e-05\n"
        "the program as it is written, by kernels: %y[0, 1] is 2, expected 2.0000999; "
        "1 of 2 numbers differ by more than 1e-05\n");
  CHECK(check("", R"({"inputs": {"x": []}, "results": {"y": []}})").empty());
  CHECK(check("", R"({"inputs": {"x": []}, "results": {"y": [[0, 1]]}})").find("is of [0, 2]") !=
        std::string::npos);
  // autodiff adds what only the program after it has; that program is held to it.
  const std::string loss =
      "program @p {\n param %x : f32[3]\n %loss = reduce_sum(%x) axes=[0]\n return %loss\n}\n";
  const auto gradient = [&](const char* expected) {
    const std::string json =
        std::string(R"({"random": 1, "results": {"x.grad": )") + expected + "}}";
    const TestFile file =
        parse_test_file("// passes: autodiff\n" + loss + "// ---- values\n" + json, "a.ir");
    std::string text = json;
    return check_values(file, "a.ir", text, false);
  };
  CHECK(gradient("[1, 1, 1]").empty());
  CHECK(gradient("[1, 2, 1]").find("the program after its passes, by kernels: %x.grad[1]") !=
        std::string::npos);
}

TEST_CASE("an update keeps the other keys, and writes what the reference gives") {
  CHECK(check("", R"({"tolerance": 0.5, "inputs": {"x": [[0.1, -2]]}, "results": {}})", true) ==
        "{\n  \"tolerance\": 0.5,\n  \"inputs\": {\"x\":[[0.1,-2]]},\n"
        "  \"results\": {\n    \"y\": [[0.1, 0]]\n  }\n}\n");
  const std::string right = R"({"inputs": {"x": [[1, 2]]}, "results": {"y": [[1, 2]]}})";
  CHECK(check("", right, true) == right);
}

// A pass may compile another program, with inputs that the first lacks.
TEST_CASE("a compiled program is checked after what it is to be loaded by") {
  const std::string forward =
      "program @f optimizer=\"sgd\" {\n symbol B <= 4\n symbol T <= 16\n input %ids : i32[T]\n"
      " input %offsets : i32[B+1 -> T]\n input %labels : i32[B]\n param %e : f32[9, 4]\n"
      " param %w : f32[3, 4, 5]\n param %head : f32[5, 2]\n %x = embedding(%ids, %e)\n"
      " %z = conv1d(%x, %w, %offsets, %offsets, _) padding=\"same\"\n %r = relu(%z)\n"
      " %top, %at = max_pool(%r, %offsets)\n %logits = matmul(%top, %head)\n"
      " %loss, %p = cross_entropy(%logits, %labels)\n %probabilities = softmax(%logits)\n"
      " return %loss, %logits, %probabilities\n}\n";
  std::string json = "{\"random\": 4}";
  for (const char* what : {"predict", "train"}) {
    CAPTURE(what);
    const std::string text =
        "// compile: " + std::string(what) + "\n" + forward + "// ---- values\n" + json;
    CHECK(check_values(parse_test_file(text, "a.ir"), "a.ir", json, false) == "");
  }
  const std::string text = "// compile: predict i8\n" + forward + "// ---- values\n";
  const TestFile file = parse_test_file(text, "a.ir");
  std::string close = R"({"random": 4, "tolerance": 0.05})",
              exact = R"({"random": 4, "tolerance": 0})";
  CHECK(check_values(file, "a.ir", close, false) == "");
  CHECK(check_values(file, "a.ir", exact, false).find("after its passes") != std::string::npos);
}

}  // namespace
}  // namespace weft
