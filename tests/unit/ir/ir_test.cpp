// The IR as text: what is printed reads back the same, and what is wrong is said with its place.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <set>
#include <string>
#include <string_view>

#include "ir/op.h"
#include "ir/ops/ops.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "tests/support/check_contains.h"

namespace weft {
namespace {

constexpr const char* kClassifier = R"(// a classifier of one convolution
program @train loss="mean" rate=0.5 {
  symbol B <= 4
  symbol T <= 100
  derived T.valid3 <= 98
  input %ids : i32[T]
  // where each text begins
  input %offsets : i32[B+1 -> T]
  input %labels : i32[B]
  param %table : f32[20, 6] init="uniform" scale=0.25
  param %w : f32[3, 6, 5] frozen=1 list=[1, 2] numbers=[0.5, -1.0]
  param %b : f32[5] text="a \"quoted\"\nline"
  state %step : i32[]
  // look up
  //
  // every token
  %x = embedding(%ids, %table) : f32[T, 6] at 4:10
  %to = window_offsets(%offsets) size=3 : i32[B+1 -> T.valid3]
  %y = conv1d(%x, %w, %offsets, %to, _) padding="valid" : f32[T.valid3, 5] at 5:3
  %z = conv1d(%x, %w, %offsets, %to, %b) act="relu" padding="valid" : f32[T.valid3, 5]
  %top, %where = max_pool(%y, %to, _) : f32[B, 5], i32[B, 5] at 6:1
  %e, %p = cross_entropy(%top, %labels) class_weights=[1.0, 2.0, 0.5, 1.0, 1.5] : f32[], f32[B, 5]
  %next = increment(%step) : i32[]
  // done
  write %step <- %next
  return %e, %z
}
)";

std::string message_of(const std::string& text) {
  return weft::message_of([&] {
    for (const Graph& graph : parse(text, "test.ir")) verify(graph);
  });
}

std::string in_program(const std::string& lines) {
  return "program @p {\n  symbol B <= 2\n  symbol T <= 9\n  input %x : f32[T, 3]\n"
         "  input %o : i32[B+1 -> T]\n" +
         lines + "}\n";
}

TEST_CASE("printing a parsed program gives the same text") {
  const Graph graph = parse_one(kClassifier);
  CHECK(print(graph) == kClassifier);
  CHECK(print(parse_one(print(graph))) == kClassifier);
  CHECK_NOTHROW(verify(graph));
}

TEST_CASE("parsing keeps places, comments, attributes and defaults") {
  const Graph graph = parse_one(kClassifier);
  CHECK(graph.comments == std::vector<std::string>{"a classifier of one convolution"});
  CHECK(graph.closing_comments == std::vector<std::string>{"done"});
  CHECK(graph.find_value("offsets")->comments ==
        std::vector<std::string>{"where each text begins"});
  CHECK(graph.nodes[0].comments == std::vector<std::string>{"look up", "", "every token"});
  CHECK(graph.nodes[0].location == SourceLocation{4, 10});
  CHECK(int_attr(graph.nodes[2].attrs, "stride") == 1);
  CHECK(std::get<std::string>(graph.find_value("b")->attrs.at("text")) == "a \"quoted\"\nline");
  CHECK(float_attr(graph.attrs, "rate") == 0.5);
  CHECK(graph.find_symbol("T.valid3")->derived);
  CHECK(graph.nodes[2].inputs[4] == kNoValue);
}

TEST_CASE("types may be left out, and a comment may follow its node") {
  const Graph graph = parse_one(
      in_program("  state %s : i32[]  // a\n  %y = relu(%x)  // clip\n  return %y // b\n"));
  CHECK(graph.find_value("s")->comments == std::vector<std::string>{"a"});
  CHECK(graph.closing_comments == std::vector<std::string>{"b"});
  CHECK(to_string(graph.find_value("y")->type) == "f32[T, 3]");
  CHECK(graph.nodes[0].comments == std::vector<std::string>{"clip"});
}

TEST_CASE("storage prints and parses") {
  const std::string text = R"(program @p {
  symbol T <= 9
  input %x : f32[T] in arena+0
  param %w : f32[8]
  input %g : f32[8] in arena+64
  input %rate : f32[] in arena+128
  %y = relu(%x) : f32[T] in arena+0
  %new = sgd(%w, %g, %rate) : f32[8] in %w
  write %w <- %new
  return %y
} arena 192
)";
  const Graph graph = parse_one(text);
  CHECK(print(graph) == text);
  CHECK_NOTHROW(verify(graph));
}

TEST_CASE("every bad line of a program is reported, with its place and a remedy") {
  const std::string message =
      message_of(in_program("  %y = relu(%nothing)\n  %z = frobnicate(%x)\n  return %x\n"));
  CHECK_CONTAINS(message, "test.ir:6:13: error: %nothing is not defined above this line");
  CHECK_CONTAINS(message, "test.ir:7:8: error: there is no op `frobnicate`");
  CHECK_CONTAINS(message, "    %y = relu(%nothing)\n                ^");
  CHECK_CONTAINS(message, "`weft ops` lists them");
}

TEST_CASE("what a bad line would have defined is not missed again") {
  const std::string message = message_of(
      "program @p {\n"
      "  symbol T <= many\n"
      "  input %x : f32[T]\n"
      "  input %y : f33[3]\n"
      "  %a = relu(%x)\n"
      "  %b = frobnicate(%y)\n"
      "  %c = add(%a, %b)\n"
      "  %d = relu(%nothing)\n"
      "  write %y <- %c\n"
      "  return %c, %d\n"
      "}\n");
  CHECK_CONTAINS(message, "test.ir:2:15: error:");
  CHECK_CONTAINS(message, "test.ir:4:14: error: there is no element type `f33`");
  CHECK_CONTAINS(message, "test.ir:6:8: error: there is no op `frobnicate`");
  CHECK_CONTAINS(message, "test.ir:8:13: error: %nothing is not defined above this line");
  std::size_t errors = 0;
  for (std::size_t at = 0; (at = message.find("error:", at)) != std::string::npos; ++at) ++errors;
  CHECK(errors == 4);
}

TEST_CASE("comments behind the last program are kept in it") {
  const std::vector<Graph> graphs = parse("program @p {\n} // one\n// two\n", "test.ir");
  REQUIRE(graphs.size() == 1);
  CHECK(graphs[0].closing_comments == std::vector<std::string>{"one", "two"});
  const std::string printed = print(graphs[0]);
  CHECK(print(parse_one(printed)) == printed);
}

TEST_CASE("the parser refuses what breaks a rule") {
  CHECK_CONTAINS(message_of(in_program("  %y = relu(%x) : f32[T, 4]\n")),
                 "but relu gives f32[T, 3]");
  CHECK_CONTAINS(message_of(in_program("  %x = relu(%x)\n")), "%x is defined twice");
  CHECK_CONTAINS(message_of(in_program("  %a, %b = relu(%x)\n")),
                 "relu has 1 outputs, but 2 are named");
  CHECK_CONTAINS(message_of(in_program("  %a, %a = max_pool(%x, %o)\n")), "%a is defined twice");
  CHECK_CONTAINS(message_of(in_program("  %a = relu(%x, %x)\n")), "2 operands given");
  CHECK_CONTAINS(message_of(in_program("  %a = relu(_)\n")), "the operand x is missing");
  CHECK_CONTAINS(message_of(in_program("  %a = relu(%x) slope=1\n")), "no attribute `slope`");
  CHECK_CONTAINS(message_of(in_program("  %a = scale(%x)\n")), "`factor`");
  CHECK_CONTAINS(message_of(in_program("  %a = scale(%x) factor=\"big\"\n")), "another kind");
  CHECK_CONTAINS(message_of(in_program("  %a = scale(%x) factor=1 factor=2\n")), "given twice");
  CHECK_CONTAINS(message_of(in_program("  param %w : f16[3]\n")), "no element type `f16`");
  CHECK_CONTAINS(message_of(in_program("  param %w : f32[Q]\n")), "Q is not a size");
  CHECK_CONTAINS(message_of(in_program("  param %w : f32[99999999999999999999]\n")), "in range");
  CHECK_CONTAINS(message_of(in_program("  param %w : f32[1099511627776, 2]\n")), "2^40");
  CHECK_CONTAINS(message_of(in_program("  symbol T <= 4\n")), "T is declared twice");
  CHECK_CONTAINS(message_of(in_program("  frozen %w : f32[3]\n")), "a statement should stand here");
  CHECK_CONTAINS(message_of("program @p {\n  symbol T <= 9\n"), "`}` should close the program");
  CHECK_CONTAINS(message_of("program {\n}\n"), "`@name`");
  CHECK_CONTAINS(message_of("nonsense"), "`program` should stand here");
  CHECK_CONTAINS(message_of("program @p { \"unclosed\n}"), "not closed on its line");
  CHECK_CONTAINS(message_of("program @p {\x01}"), "byte 0x01");
  CHECK_CONTAINS(message_of("program @p { \xC3\xA9 }"), "names are ASCII");
  CHECK_CONTAINS(message_of("program @p { 3x }"), "neither a number nor a name");
  CHECK_THROWS_AS(parse_one(""), Error);
}

TEST_CASE("offsets of other rows than the operand's are a type error") {
  const std::string other =
      "  symbol S <= 9\n  input %p : i32[B+1 -> S]\n  %y, %i = max_pool(%x, %p)\n";
  CHECK_CONTAINS(message_of(in_program(other)), "must be offsets into T: i32[B+1 -> T]");
}

TEST_CASE("the verifier names what is broken after the fact") {
  const auto broken = [](auto change) {
    Graph graph = parse_one(kClassifier);
    change(graph);
    try {
      verify(graph);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK_CONTAINS(broken([](Graph& g) { std::swap(g.nodes[0], g.nodes[2]); }), "used before");
  CHECK_CONTAINS(broken([](Graph& g) { g.nodes.pop_back(); }), "never computed");
  CHECK_CONTAINS(broken([](Graph& g) { g[*g.find("y")].type.shape[1] = 7; }), "conv1d gives");
  CHECK_CONTAINS(broken([](Graph& g) { g.symbols[2].capacity = 7; }), "T.valid3 has capacity 7");
  CHECK_CONTAINS(broken([](Graph& g) {
                   g.symbols.push_back({"T.made_up", 3, true});
                 }),
                 "no node defines");
  CHECK_CONTAINS(broken([](Graph& g) {
                   while (g.symbols.size() <= kMaxSymbols)
                     g.symbols.push_back({fmt::format("S{}", g.symbols.size()), 3, false});
                 }),
                 "more than 4096 symbols");
  CHECK_CONTAINS(broken([](Graph& g) { g.writes[0].target = *g.find("ids"); }), "neither a param");
  CHECK_CONTAINS(broken([](Graph& g) { g.writes[0].source = *g.find("e"); }), "written from f32[]");
  CHECK_CONTAINS(broken([](Graph& g) { g.writes[0].source = g.writes[0].target; }),
                 "which is not computed here");
  CHECK_CONTAINS(broken([](Graph& g) { g.writes.push_back(g.writes[0]); }), "written twice");
  CHECK_CONTAINS(broken([](Graph& g) { g.nodes[0].attrs["odd"] = std::int64_t{1}; }),
                 "no attribute `odd`");
  CHECK_CONTAINS(broken([](Graph& g) { g.results.push_back(ValueId{999}); }), "does not exist");
  CHECK_CONTAINS(broken([](Graph& g) { g.rename(ValueId{1}, g.values[0].name); }), "defined twice");
}

TEST_CASE("the verifier finds values that share bytes while both are alive") {
  const auto planned = [](const std::string& y, const std::string& z, int arena) {
    return "program @p {\n  symbol T <= 16\n  input %x : f32[T] in arena+0\n  %y = relu(%x) : "
           "f32[T] in " +
           y + "\n  %z = add(%x, %y) : f32[T] in " + z + "\n  return %z\n} arena " +
           std::to_string(arena) + "\n";
  };
  CHECK(message_of(planned("arena+64", "arena+0", 128)) == "accepted");  // add may take x's place
  CHECK(message_of(planned("arena+64", "arena+128", 192)) == "accepted");
  CHECK_CONTAINS(message_of(planned("arena+0", "arena+64", 128)), "%x and %y are alive at once");
  CHECK_CONTAINS(message_of(planned("arena+64", "arena+128", 128)), "but the arena has 128");
  CHECK_CONTAINS(message_of(planned("arena+32", "arena+128", 256)), "arena+32");
  CHECK_CONTAINS(message_of(planned("arena+9223372036854775744", "arena+0", 128)),
                 "but the arena has");
}

TEST_CASE("a value stored in a param's place may not outlive its readers") {
  const auto program = [](const std::string& last) {
    return "program @p {\n  param %w : f32[8]\n  input %g : f32[8] in arena+0\n"
           "  input %rate : f32[] in arena+64\n  %new = sgd(%w, %g, %rate) : f32[8] in %w\n"
           "  %use = add(" +
           last + ") : f32[8] in arena+128\n  write %w <- %new\n  return %use\n} arena 192\n";
  };
  CHECK(message_of(program("%new, %g")) == "accepted");
  CHECK_CONTAINS(message_of(program("%w, %g")), "%w and %new are alive at once");
}

TEST_CASE("every op is documented and belongs to the table once") {
  for (const OpDef* op : all_ops()) {
    INFO(op->name);
    CHECK(find_op(op->name) == op);
    CHECK_FALSE(op->doc.empty());
    CHECK(bool(op->infer));
    CHECK(bool(op->reference));
    CHECK(op->in_place.size() <= op->outputs.size());
    for (const std::uint8_t port : op->in_place) CHECK(port <= op->inputs.size());
    for (const PortDef& port : op->inputs) CHECK_FALSE(port.doc.empty());
    for (const AttrDef& attr : op->attrs) CHECK_FALSE(attr.doc.empty());
  }
  CHECK(find_op("no such op") == nullptr);
}

TEST_CASE("an op is found by the name it had before, which older plans hold") {
  CHECK(find_op("zero_empty") == find_op("mask_empty_sequences"));
  CHECK(find_op("drop_ids") == find_op("token_dropout"));
  CHECK(find_op("") == nullptr);
  std::set<std::string_view> names;
  for (const OpDef* op : all_ops()) {
    CHECK(names.insert(op->name).second);
    if (!op->former_name.empty()) CHECK(names.insert(op->former_name).second);
  }
}

TEST_CASE("the name of a value of the same graph names what is appended") {
  Graph g;
  const ValueId x = g.declare(Role::input, "x", {DType::f32, {Dim(2), Dim(4)}, {}});
  const ValueId scale = g.declare(Role::input, "scale", {DType::f32, {Dim(4)}, {}});
  for (int i = 2; i < 100; ++i) {  // the values move several times
    const auto norm = g.append(*find_op("layer_norm"), {x, scale, scale}, {}, {}, g[x].name);
    CHECK(g[norm[0]].name == "x." + std::to_string(i));
    CHECK(g[norm[1]].name.starts_with("x.mean"));
    CHECK(g[norm[2]].name.starts_with("x.rstd"));
  }
}

TEST_CASE("values are found by their names, renamed or not, and a stale index is refused") {
  Graph g;
  const ValueId a = g.declare(Role::input, "a", {DType::f32, {Dim(2)}, {}});
  const ValueId b = g.declare(Role::input, "b", {DType::f32, {Dim(2)}, {}});
  g.rename(a, "c");
  CHECK(!g.find("a"));
  CHECK(g.find("c") == a);
  CHECK(g.unique_name("c") == "c.2");
  g.rename(b, "c");  // two of one name, for a time: the first is found
  CHECK(g.find("c") == a);
  g.rename(a, "a");
  CHECK(g.find("c") == b);
  g[b].name = "d";
  CHECK(!g.find("d"));
  CHECK_THROWS_WITH_AS(verify(g), doctest::Contains("%d is not found by its name"), Error);
  g.index_names();
  CHECK(g.find("d") == b);
  CHECK_NOTHROW(verify(g));
}

// In time proportional to their number: a hostile file of some MB names so many.
TEST_CASE("numbers that are given to an op are finite, in lists too") {
  Graph graph;
  const ValueId x = graph.declare(Role::input, "x", {DType::f32, {Dim(2)}, {}});
  for (const double number : {double(NAN), double(INFINITY), -double(INFINITY)}) {
    CHECK_THROWS_WITH_AS(graph.add(ops::scale, {x}, {{"factor", number}}),
                         doctest::Contains("but must be a finite number"), Error);
    const AttrNumbers list({1.0, number});
    CHECK_THROWS_WITH_AS(
        graph.add(ops::constant, {}, {{"shape", std::vector<std::int64_t>{2}}, {"value", list}}),
        doctest::Contains("constant: value is"), Error);
  }
  CHECK(graph.nodes.empty());
}

TEST_CASE("many params that are updated in place are checked at once") {
  constexpr int kParams = 30000;
  std::string params, nodes, writes;
  for (int i = 0; i < kParams; ++i) {
    params += fmt::format("  param %p{} : f32[1]\n", i);
    nodes += fmt::format("  %y{0} = scale(%p{0}) factor=2.0 : f32[1] in %p{0}\n", i);
    writes += fmt::format("  write %p{0} <- %y{0}\n", i);
  }
  const std::string program = "program @p {\n" + params + nodes;
  verify(parse_one(program + writes + "}\n"));
  const std::string others = writes.substr(writes.find('\n') + 1);
  CHECK_THROWS_WITH_AS(verify(parse_one(program + others + "}\n")),
                       doctest::Contains("%p0 is used as storage, but not written from it"), Error);
}

TEST_CASE("a message is whole, though a name in it holds NUL characters") {
  const std::string name("a\0b\0", 4);
  const Error error("the token `" + name + "` is there twice", "copy the folder again");
  CHECK(std::string(error.what()) ==
        "the token `a\\x00b\\x00` is there twice\n    note: copy the folder again");
}

}  // namespace
}  // namespace weft
