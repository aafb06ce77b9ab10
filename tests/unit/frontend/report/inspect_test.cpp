// `weft inspect`: figures against hand counts, text and JSON saying the same, hostile names.
#include "frontend/report/inspect.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ir/op.h"
#include "ir/print.h"
#include "tests/support/plan_fixture.h"
#include "tests/support/text.h"

namespace weft {
namespace {

using test::contains;

TEST_CASE("costs are the ops' own, at the usual batch or at what fits") {
  const Plan plan = example_plan();
  const Inspection inspection = inspect(plan);
  CHECK(inspection.parameters == 5 * 4 + 3 * 4 * 2 + 2);
  CHECK(inspection.parameter_bytes == 4 * inspection.parameters);
  REQUIRE(inspection.programs.size() == 2);
  const ProgramReport& predict = inspection.programs[0];
  CHECK(predict.extents.at("B") == 3);
  CHECK(predict.extents.at("T") == 17);
  double flops = 0;
  for (std::size_t i = 0; i < predict.nodes.size(); ++i) {
    const std::string_view op = predict.graph->nodes[i].op->name;
    flops += predict.nodes[i].flops;
    if (op == "embedding") {  // reads 17 ids, and 17 rows of the table at most 5
      CHECK(predict.nodes[i].flops == 0);
      CHECK(predict.nodes[i].bytes == 4 * (17 + 5 * 4 + 17 * 4));
    }
  }
  CHECK(predict.total.flops == flops);
  CHECK(inspection.programs[1].total.flops > predict.total.flops);
}

TEST_CASE("nodes that run by their reference are named") {
  const OpDef cube{
      .name = "cube",
      .doc = "x^3",
      .inputs = {{"x", "f32[..]"}},
      .outputs = {{"y", "f32[..]"}},
      .infer = [](const InferContext& v) { return std::vector<TensorType>{v.type(0)}; },
  };
  Plan plan = example_plan();
  const auto count_in_json = [&] {
    const auto json = nlohmann::json::parse(to_json(inspect(plan)));
    const auto& nodes = json["programs"][0]["nodes"];
    return std::ranges::count_if(nodes,
                                 [](const auto& node) { return node["by_reference"] == true; });
  };
  CHECK(count_in_json() == 0);
  CHECK_FALSE(contains(to_text(inspect(plan)), "has no kernel"));
  Graph& graph = plan.programs[0];
  graph.add(cube, {graph.results[0]}, {}, {}, "cubed");
  CHECK(count_in_json() == 1);
  CHECK(contains(to_text(inspect(plan)),
                 "%cubed runs by the reference of cube, slowly: the op has no kernel\n"));
}

TEST_CASE("what a description was overridden with is said") {
  Plan plan = example_plan();
  plan.settings = R"({"overrides": ["width=8", "train.rate=0.012"]})";
  CHECK(contains(to_text(inspect(plan)), "\nset         width=8 train.rate=0.012\n"));
  plan.settings = "{}";
  CHECK_FALSE(contains(to_text(inspect(plan)), "\nset  "));
}

TEST_CASE("the arena's values lie within it, and reach the bound") {
  const Plan plan = example_plan();
  const Inspection inspection = inspect(plan);
  for (const ProgramReport& report : inspection.programs) {
    CHECK(report.bound > 0);
    CHECK(report.bound <= report.graph->arena_bytes);
    std::int64_t top = 0;
    for (const ArenaStay& stay : report.arena) {
      CHECK(stay.first <= stay.last);
      top = std::max(top, stay.offset + stay.bytes);
    }
    CHECK(top <= report.graph->arena_bytes);
    CHECK(top > report.graph->arena_bytes - 64);
  }
}

TEST_CASE("the chart shows the fullest moment, however few its lines") {
  const Plan plan = example_plan();
  for (const ProgramReport& report : inspect(plan).programs) {
    REQUIRE(report.bound == report.graph->arena_bytes);
    for (const std::size_t lines : {1U, 3U, 1000U}) {
      const std::string chart = arena_chart(report, 64, lines);
      INFO(chart);
      CHECK(contains(chart, "| 100 %\n"));
      CHECK(std::ranges::count(chart, '\n') <= static_cast<std::ptrdiff_t>(lines) + 1);
    }
  }
}

TEST_CASE("the text shows everything") {
  const Plan plan = example_plan();
  const std::string text = to_text(inspect(plan));
  CHECK(contains(text, "    model example\n    # «комментарий» 注释\n"));
  CHECK(contains(text, "characters, NFKC, at most 17 tokens"));
  CHECK(contains(text, "5 words: <unk> the 电 影 a\n"));
  CHECK(contains(text, "2 labels: bad 好\n"));
  CHECK(contains(text, "macro_f1"));
  for (const Graph& graph : plan.programs) CHECK(contains(text, print(graph)));
  for (const PlanTensor& tensor : plan.tensors) CHECK(contains(text, '%' + tensor.name));
  for (const PlanNote& note : plan.notes) CHECK(contains(text, note.text));
}

TEST_CASE("the JSON holds the same") {
  const Plan plan = example_plan();
  const auto json = nlohmann::json::parse(to_json(inspect(plan)));
  CHECK(json["description"] == plan.description);
  CHECK(json["settings"]["seed"] == 7);
  CHECK(json["vocabulary"]["words"] == 5);
  CHECK(json["labels"] == nlohmann::json{"bad", "好"});
  CHECK(json["history"][1]["metrics"]["macro_f1"] == 0.7);
  CHECK(json["tensors"].size() == plan.tensors.size());
  REQUIRE(json["programs"].size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(json["programs"][i]["text"] == print(plan.programs[i]));
    CHECK(json["programs"][i]["nodes"].size() == plan.programs[i].nodes.size());
    CHECK(json["programs"][i]["arena"]["bytes"] == plan.programs[i].arena_bytes);
  }
}

TEST_CASE("the epochs that were kept are shown beside the metrics") {
  Plan plan = example_plan();
  CHECK_FALSE(contains(to_text(inspect(plan)), "kept"));
  plan.history[1].kept = true;
  CHECK(contains(to_text(inspect(plan)), "macro_f1  kept\n"));
  CHECK(contains(to_text(inspect(plan)), "     *\n"));
  const auto json = nlohmann::json::parse(to_json(inspect(plan)));
  CHECK_FALSE(json["history"][0]["metrics"].contains("kept"));
  CHECK(json["history"][1]["metrics"]["kept"] == 1.0);
}

TEST_CASE("names that would steer a terminal or are no UTF-8 are made harmless") {
  Plan plan = example_plan();
  plan.labels = {"\x1B[31mred", "\xFF"};
  plan.description = "a\tb\x07";
  const std::string text = to_text(inspect(plan));
  CHECK_FALSE(contains(text, "\x1B"));
  CHECK_FALSE(contains(text, "\x07"));
  CHECK(contains(text, "?[31mred"));
  CHECK(nlohmann::json::parse(to_json(inspect(plan))).is_object());
}

TEST_CASE("a plan with nothing in it can be inspected") {
  Plan plan;
  plan.labels = {"one"};
  CHECK(contains(to_text(inspect(plan)), "this plan has not been trained"));
  CHECK(nlohmann::json::parse(to_json(inspect(plan))).is_object());
}

}  // namespace
}  // namespace weft
