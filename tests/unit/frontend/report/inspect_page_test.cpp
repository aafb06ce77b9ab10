// `weft inspect --html`: the page is well-formed, holds each node's text and cost, what passes did
// and where lines went; names do no harm.
#include "frontend/report/inspect_page.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "frontend/report/memory_picture.h"
#include "ir/print.h"
#include "tests/support/plan_fixture.h"
#include "tests/support/small_model.h"
#include "tests/support/text.h"
#include "tests/support/well_formed.h"

namespace weft {
namespace {

using test::contains;
using test::occurrences;

std::string page_of(const Plan& plan) {
  return inspect_page(inspect(plan), pass_history(plan), "x.plan");
}

// What the page's script reads.
nlohmann::json nodes_in(const std::string& page) {
  const std::string_view opening = "id=\"nodes\">";
  const std::size_t begin = page.find(opening) + opening.size();
  return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

Plan small() {
  return test::small_plan(
      "model small\ntext tokenizer=whitespace max_tokens=12\n"
      "x = embedding(text, width=8)\n"
      "logits = x | conv1d(channels=4, kernel=2) | relu | max_pool | linear(labels)\n"
      "output softmax(logits)\ntrain adam(rate=0.01) batch=8 epochs=3\n",
      {});
}

TEST_CASE("the page holds each node, and what the inspection says of it") {
  const Plan plan = small();
  const Inspection inspection = inspect(plan);
  const std::string page = page_of(plan);
  CHECK(test::malformed(page) == "");
  CHECK(page == page_of(plan));
  for (const char* part : {"http:", "https:", "src=", "url("}) CHECK_FALSE(contains(page, part));
  CHECK(contains(page, "default-src 'none'"));
  const nlohmann::json nodes = nodes_in(page);
  REQUIRE(nodes.size() == plan.programs.size());
  for (std::size_t p = 0; p < plan.programs.size(); ++p) {
    const Graph& graph = plan.programs[p];
    const auto& list = nodes["p" + std::to_string(p) + "-"];
    REQUIRE(list.size() == graph.nodes.size());
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      CHECK(list[i]["text"] == print(graph, graph.nodes[i]));
      CHECK(list[i]["flops"] == inspection.programs[p].nodes[i].flops);
      CHECK(list[i]["bytes"] == inspection.programs[p].nodes[i].bytes);
      const std::string id = "id=\"p" + std::to_string(p) + "-n" + std::to_string(i) + "\"";
      CHECK(occurrences(page, id) == 1);
    }
  }
}

TEST_CASE("passes are shown with what they changed, from the description to the plan's program") {
  const Plan plan = small();
  const PassHistory history = pass_history(plan);
  CHECK(history.failure.empty());
  CHECK(history.changed.empty());
  std::size_t predict = 0, changed = 0;
  for (const PassStep& step : history.steps) {
    if (step.program != "predict") continue;
    ++predict;
    changed += step.diff.empty() ? 0 : 1;
    CHECK((step.nodes_before == step.nodes_after || !step.diff.empty()));
  }
  const Pipeline& pipeline = *find_pipeline("predict");
  CHECK(predict == parse_passes(pipeline.passes()).size());
  CHECK(changed > 3);
  const std::string page = page_of(plan);
  CHECK(contains(page, "<b>conv1d-to-taps</b>"));
  CHECK(contains(page, "<ins>+"));
  CHECK(contains(page, "<del>-"));
  // The description's lines: the convolution's has nodes in both programs.
  CHECK(contains(page, "<code>logits = x | conv1d(channels=4, kernel=2)"));
  CHECK(contains(page, "<a href=\"#p0-n"));
  CHECK(contains(page, "<a href=\"#p1-n"));
}

TEST_CASE("a plan whose description cannot be compiled again says so") {
  const Plan plan = example_plan();
  CHECK_FALSE(pass_history(plan).failure.empty());
  const std::string page = page_of(plan);
  CHECK(test::malformed(page) == "");
  CHECK(contains(page, "cannot be compiled again"));
  Plan none;
  none.labels = {"one"};
  CHECK(test::malformed(page_of(none)) == "");
}

TEST_CASE("the picture of memory has a block for each value, and the bound") {
  const Plan plan = example_plan();
  const Inspection inspection = inspect(plan);
  for (const ProgramReport& report : inspection.programs) {
    const MemoryMap map = memory_map(report);
    CHECK(map.blocks.size() == report.arena.size());
    CHECK(map.bound == report.bound);
    const std::string picture = memory_picture(map, "m");
    CHECK(test::malformed(picture) == "");
    CHECK(occurrences(picture, "<g class=\"block ") == map.blocks.size());
    CHECK(contains(picture, "class=\"bound\" x1"));
    for (const MemoryBlock& block : map.blocks) {
      CHECK(contains(picture, "<title>%" + block.value + ": "));
    }
  }
  MemoryMap above = memory_map(inspection.programs[0]);
  above.bytes += 4096;
  CHECK(contains(memory_picture(above, "m"), "; at least "));
  CHECK(memory_picture({}, "m").empty());
}

TEST_CASE("blocks of memory lie where they are, when they are") {
  const MemoryMap map{"p<",
                      4,
                      2000000,
                      1000000,
                      {{"a<", Stage::forward, {ValueId{0}, 0, 1000000, 1, 1}},
                       {"b", Stage::backward, {ValueId{1}, 1000000, 1000000, 1, 3}}}};
  const std::string svg = memory_picture(map, "id");
  CHECK(test::malformed(svg) == "");
  CHECK(contains(svg,
                 "forward\"><title>%a&lt;: 1,000,000 bytes from 0 on, steps 1 to 1</title><rect "
                 "x=\"286.5\" y=\"189.6\" width=\"220.5\" height=\"164.4\"/>"));
  CHECK(contains(svg, "x=\"286.5\" y=\"25.2\" width=\"661.5\" height=\"164.4\"/>"));
  CHECK(contains(svg, "x1=\"66\" y1=\"189.6\" x2=\"948\" y2=\"189.6\""));
}

TEST_CASE("hostile names stay text") {
  Plan plan = example_plan();
  const std::string hostile = "</script><script>alert('x')</script>\"&\x01\xFF";
  plan.description = hostile + "\n" + hostile;
  plan.labels = {hostile, "b"};
  for (Graph& graph : plan.programs) {
    graph.rename(ValueId{0}, hostile);
    for (PlanNote& note : plan.notes) note.text = hostile;
  }
  const std::string page = inspect_page(inspect(plan), pass_history(plan), hostile);
  CHECK(test::malformed(page) == "");
  CHECK_FALSE(contains(page, "<script>alert"));
  CHECK(contains(page, "&lt;script&gt;alert(&#39;x&#39;)"));
  CHECK(nodes_in(page).is_object());
}

}  // namespace
}  // namespace weft
