// Where a plan's time goes: what is counted and written, not how fast it was.
#include "frontend/report/profile.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "frontend/report/profile_page.h"
#include "frontend/train/plan_forms.h"
#include "tests/support/small_model.h"
#include "tests/support/well_formed.h"

namespace weft {
namespace {

constexpr ProfileSettings kSettings{
    .batch = 7, .threads = 1, .seconds = 0.01, .train = true, .runs = 3};

TEST_CASE("a profile has every node of the programs, and their times are within the runs'") {
  const Plan plan = test::small_plan();
  const Profile result = profile(plan, test::small_corpus(), kSettings);
  CHECK(result.sentences == 60);
  REQUIRE(result.programs.size() == 2);
  for (const ProgramProfile& program : result.programs) {
    CAPTURE(program.program);
    const Graph& graph = *plan.program(program.program);
    REQUIRE(program.nodes.size() == graph.nodes.size());
    CHECK(program.runs >= 5);
    double sum = 0, share = 0;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      CHECK(program.nodes[i].op == graph.nodes[i].op->name);
      CHECK(program.nodes[i].us >= 0);
      CHECK(program.nodes[i].bytes > 0);
      sum += program.nodes[i].us;
      share += program.nodes[i].share;
    }
    CHECK(share == doctest::Approx(1.0));
    // Nodes' times are of a run of the program, of which a request may make several.
    CHECK(program.nodes_us >= sum * 0.999);
    CHECK(program.nodes_us <= program.us);
  }
  const std::string text = to_text(result);
  for (const char* part :
       {"60 texts of ", "limits ", "@predict: a request of 7 texts takes ",
        "@train: a step of 8 texts takes ", "@train, by op", "@predict, by node", "% of limit"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE(
    "a request of more texts than there are has all of them; its nodes are those of all runs") {
  const Plan plan = test::small_plan();
  ProfileSettings settings = kSettings;
  settings.batch = 5000;
  settings.train = false;
  const Profile all = profile(plan, test::small_corpus(), settings);
  const ProgramProfile& program = all.programs.front();
  CHECK(all.settings.batch == 60);
  CHECK(program.unit == "a request of 60 texts");
  double sum = 0;
  for (const BenchNode& node : program.nodes) sum += node.us;
  CHECK(sum == doctest::Approx(program.nodes_us));
}

TEST_CASE("the trace is JSON of whole runs, with nodes inside") {
  const Plan plan = test::small_plan();
  const auto json =
      nlohmann::json::parse(trace_json(profile(plan, test::small_corpus(), kSettings)));
  CHECK(json.at("displayTimeUnit") == "ms");
  std::map<int, std::vector<std::pair<double, double>>> runs;
  std::map<int, std::size_t> nodes;
  for (const auto& event : json.at("traceEvents")) {
    if (event.at("ph") == "M") continue;
    CHECK(event.at("ph") == "X");
    CHECK(event.at("dur").get<double>() >= 0);
    const int process = event.at("pid");
    const double begin = event.at("ts"), end = begin + event.at("dur").get<double>();
    if (event.at("cat") == "run") {
      runs[process].emplace_back(begin, end);
      continue;
    }
    ++nodes[process];
    CHECK(event.at("args").at("flops").get<double>() >= 0);
    bool inside = false;
    for (const auto& [from, to] : runs[process]) inside |= from <= begin + 0.01 && end <= to + 0.01;
    CHECK(inside);
  }
  REQUIRE(runs.size() == 2);
  CHECK(nodes[1] == 3 * plan.program("predict")->nodes.size());
  CHECK(nodes[2] == 3 * plan.program("train")->nodes.size());
}

TEST_CASE("the page of a profile has a row for each op and each node, with bars of their shares") {
  Profile result;
  result.sentences = 1234;
  result.limits = {1e11, {{16384, 2e11}}};
  BenchNode wide{.name = "a<b", .op = "linear", .us = 7.5, .share = 0.75, .flops = 2e6};
  wide.least_us = 3;
  const BenchNode narrow{.name = "c", .op = "relu", .us = 2.5, .share = 0.25, .bytes = 4000};
  result.programs.push_back(
      {.program = "predict", .unit = "a request of 7 texts", .us = 11, .nodes = {wide, narrow}});
  const std::string page = profile_page(result, "x & y.plan", {});
  CHECK(test::malformed(page) == "");
  for (const char* part :
       {"<h1>x &amp; y.plan</h1>", "<dd>1,234</dd>", "<dd>100.0</dd>", "<dd>200.0</dd>",
        "<h2>@predict</h2>", "a request of 7 texts: 11.0 us", "<th scope=\"row\">linear</th>",
        "<th scope=\"row\">%a&lt;b</th>", "style=\"--v:75.0%\">75.0<", "style=\"--v:40.0%\">40<",
        "style=\"--v:25.0%\">25.0<"}) {
    CAPTURE(part);
    CHECK(page.find(part) != std::string::npos);
  }
}

TEST_CASE("what cannot be profiled is refused") {
  const Plan predicting = predict_only(test::small_plan());
  CHECK_THROWS_WITH_AS(profile(predicting, test::small_corpus(), kSettings),
                       doctest::Contains("only predicts"), Error);
  CHECK_THROWS_WITH_AS(profile(predicting, Corpus(std::vector<Example>{}), {}),
                       doctest::Contains("no texts"), Error);
}

}  // namespace
}  // namespace weft
