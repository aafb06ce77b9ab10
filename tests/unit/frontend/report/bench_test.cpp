// Measuring a plan: what is reported, not how fast it was.
#include "frontend/report/bench.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/support/small_model.h"

using namespace weft;

namespace {

Bench bench_small(bool nodes) {
  return bench(test::small_plan(), test::small_corpus(),
               {.batch = 7, .threads = 1, .seconds = 0.005, .nodes = nodes});
}

void check_nodes(const std::vector<BenchNode>& nodes, const Graph& graph) {
  REQUIRE(nodes.size() == graph.nodes.size());
  double share = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    CHECK(nodes[i].name == graph[graph.nodes[i].outputs[0]].name);
    CHECK(nodes[i].us > 0);
    CHECK(nodes[i].bytes > 0);
    CHECK(nodes[i].least_us > 0);
    share += nodes[i].share;
  }
  CHECK(share == doctest::Approx(1.0));
}

}  // namespace

TEST_CASE("bench: every node of both programs is timed, in the order it runs in") {
  const Plan plan = test::small_plan();
  const Bench timed = bench_small(true);
  check_nodes(timed.predict_nodes, *plan.program("predict"));
  check_nodes(timed.train_nodes, *plan.program("train"));
}

TEST_CASE("bench: the figures are there as JSON, nodes only if asked for") {
  const auto json = nlohmann::json::parse(to_json(bench_small(false)));
  CHECK(json["sentences"] == 60);
  CHECK(json["batch"] == 7);
  for (const char* from : {"from_ids", "from_text"}) {
    CHECK(json[from]["sentences_per_second"] > 0);
    CHECK(json[from]["p50_us"] <= json[from]["p99_us"]);
  }
  CHECK(json["train"]["step_ms"] > 0);
  CHECK(!json.contains("predict_nodes"));
  const auto with_nodes = nlohmann::json::parse(to_json(bench_small(true)));
  CHECK(!with_nodes["train_nodes"].empty());
  CHECK(with_nodes["predict_nodes"][0]["op"] == "tap_max_pool");
  CHECK(with_nodes["predict_nodes"][0]["of_limit"] > 0);
  CHECK(with_nodes["limits"]["flops_per_second"] > 0);
}

TEST_CASE("bench: nothing to measure on is an error") {
  CHECK_THROWS_WITH(bench(test::small_plan(), Corpus(std::vector<Example>{}), {}),
                    doctest::Contains("no texts"));
}
