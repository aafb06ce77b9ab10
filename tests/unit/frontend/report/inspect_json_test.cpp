// `weft inspect --json`: a program can be built again from what the JSON says of its nodes, so that
// nothing is missing that a drawing needs.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "frontend/report/inspect.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "tests/support/plan_fixture.h"

namespace weft {
namespace {

using Json = nlohmann::json;

std::string operand(const Json& name) {
  return name.is_null() ? "_" : '%' + name.get<std::string>();
}

// JSON of numbers, strings and lists of them is also how the text form writes them.
std::string attributes(const Json& attributes) {
  std::string out;
  for (const auto& [name, value] : attributes.items()) out += ' ' + name + '=' + value.dump();
  return out;
}

std::string place(const Json& value) {
  const Json& memory = value["memory"];
  if (memory.is_null()) return "";
  if (memory["in"] == "arena") return " in arena+" + memory["offset"].dump();
  const std::string base = " in " + operand(memory["base"]);
  return memory["in"] == "tensor" ? base : base + '+' + memory["first_column"].dump();
}

// A type from its dtype and its shape; of offsets, which say more, as it is written.
std::string type(const Json& value) {
  const auto whole = value["type"].get<std::string>();
  if (whole.find("->") != std::string::npos) return whole;
  std::string shape;
  for (const Json& extent : value["shape"]) {
    shape += shape.empty() ? "" : ", ";
    shape += extent.is_string() ? extent.get<std::string>() : extent.dump();
  }
  return value["dtype"].get<std::string>() + '[' + shape + ']';
}

std::string listed(const Json& items, auto shown) {
  std::string out;
  for (const Json& item : items) out += (out.empty() ? "" : ", ") + shown(item);
  return out;
}

std::string text_of(const Json& program) {
  std::string out =
      "program @" + program["name"].get<std::string>() + attributes(program["attributes"]) + " {\n";
  for (const Json& symbol : program["symbols"]) {
    out += (symbol["derived"] == true ? "derived " : "symbol ") +
           symbol["name"].get<std::string>() + " <= " + symbol["capacity"].dump() + '\n';
  }
  for (const Json& value : program["declarations"]) {
    out += value["role"].get<std::string>() + ' ' + operand(value["name"]) + " : " + type(value) +
           attributes(value["attributes"]) + place(value) + '\n';
  }
  for (const Json& node : program["nodes"]) {
    out += listed(node["outputs"], [](const Json& y) { return operand(y["name"]); }) + " = " +
           node["op"].get<std::string>() + '(' + listed(node["inputs"], operand) + ')' +
           attributes(node["attributes"]) + " : " +
           listed(node["outputs"], [](const Json& y) { return type(y) + place(y); });
    if (node["line"] != 0) out += " at " + node["line"].dump() + ':' + node["column"].dump();
    out += '\n';
  }
  for (const Json& write : program["writes"]) {
    out += "write " + operand(write["target"]) + " <- " + operand(write["source"]) + '\n';
  }
  out += "return " + listed(program["results"], operand) + '\n';
  const Json& arena = program["arena"]["bytes"];
  return out + (arena == 0 ? "}\n" : "} arena " + arena.dump() + '\n');
}

Graph without_comments(Graph graph) {
  graph.comments.clear();
  graph.closing_comments.clear();
  for (Value& value : graph.values) value.comments.clear();
  for (Node& node : graph.nodes) node.comments.clear();
  return graph;
}

TEST_CASE("a program is built again from its JSON alone") {
  Plan plan = example_plan();
  REQUIRE(print(plan.programs.front()).find(", _)") != std::string::npos);
  // Columns of a wider value.
  plan.programs.push_back(passed(parse_one("program @wide {\n"
                                           "  symbol B <= 4\n"
                                           "  symbol T <= 32\n"
                                           "  input %x : f32[T, 3]\n"
                                           "  input %offsets : i32[B+1 -> T]\n"
                                           "  %a = mean_pool(%x, %offsets)\n"
                                           "  %b, %where = max_pool(%x, %offsets)\n"
                                           "  %y = concat(%a, %b)\n"
                                           "  %z = relu(%y)\n"
                                           "  return %z\n"
                                           "}\n"),
                                 "wide", "zero-copy-concat,plan-memory", plan));
  REQUIRE(print(plan.programs.back()).find("in %y+3") != std::string::npos);
  const Json json = Json::parse(to_json(inspect(plan)));
  REQUIRE(json["programs"].size() == plan.programs.size());
  for (std::size_t i = 0; i < plan.programs.size(); ++i) {
    const std::string text = text_of(json["programs"][i]);
    INFO(text);
    CHECK(print(parse_one(text)) == print(without_comments(plan.programs[i])));
  }
}

TEST_CASE("the memory of a node's outputs is what the arena lists") {
  const Plan plan = example_plan();
  const Json json = Json::parse(to_json(inspect(plan)));
  for (const Json& program : json["programs"]) {
    std::size_t placed = 0;
    const auto check = [&](const Json& value) {
      if (value["memory"].is_null() || value["memory"]["in"] != "arena") return;
      ++placed;
      for (const Json& stay : program["arena"]["values"]) {
        if (stay["name"] != value["name"]) continue;
        CHECK(stay["offset"] == value["memory"]["offset"]);
        CHECK(stay["bytes"] == value["memory"]["bytes"]);
      }
    };
    for (const Json& value : program["declarations"]) check(value);
    for (const Json& node : program["nodes"]) {
      for (const Json& value : node["outputs"]) check(value);
    }
    CHECK(placed == program["arena"]["values"].size());
  }
}

}  // namespace
}  // namespace weft
