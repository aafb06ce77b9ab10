// Reports of searches: a dot for each fold and trial where its score is, failures told, text
// escaped.
#include "frontend/report/search_report.h"

#include <doctest/doctest.h>

#include "frontend/report/dot_chart.h"
#include "tests/support/text.h"
#include "tests/support/well_formed.h"

namespace weft {
namespace {

using test::contains;
using test::occurrences;

constexpr const char* kHostile = "</script><script>alert('x')</script> & \"";

TEST_CASE("dots lie where the axes say") {
  DotChart chart{"id", "t<", "d", "x", "y", false, {"one"}, {{0, 0, 0, "a&"}, {10, 1, 0, "b"}}, {}};
  const std::string svg = dot_chart(chart);
  CHECK(test::malformed(svg) == "");
  // A margin of 6 % on each side: 402 and 242 units for 11.2 and 1.12.
  CHECK(contains(svg, "cx=\"87.5\" cy=\"241.0\" r=\"3.5\"><title>a&amp;<"));
  CHECK(contains(svg, "cx=\"446.5\" cy=\"25.0\""));
  chart.band = Band{0.25, 0.5, 0.75, "mean"};
  CHECK(contains(dot_chart(chart), "class=\"band\" x=\"66\" y=\"79.0\" width=\"402\""));
  chart.dots.clear();
  CHECK(dot_chart(chart).empty());
  chart.dots = {{3, 0.5, 0, "alone"}};
  CHECK(contains(dot_chart(chart), "cx=\"267.0\""));
}

TEST_CASE("crossval: each fold is a dot and a row") {
  Crossval result;
  for (std::uint32_t i = 0; i < 6; ++i) {
    result.folds.push_back({i / 3, i % 3, 2, 0.5 + 0.05 * i, 0.4, std::nullopt});
  }
  result.folds[0].loss = 1.25;
  result.accuracy = {0.625, 0.1, 0.5, 0.75};
  result.macro_f1 = {0.4, 0, 0.4, 0.4};
  const std::string page = crossval_page(result, kHostile, {kHostile, "1.0", "2026-01-01"});
  CHECK(test::malformed(page) == "");
  CHECK_FALSE(contains(page, "<script>alert"));
  CHECK(page == crossval_page(result, kHostile, {kHostile, "1.0", "2026-01-01"}));
  CHECK(occurrences(page, "<title>repeat ") == 12);
  CHECK(contains(page, "repeat 2, fold 3: 0.7500, epoch 2"));
  CHECK(contains(page, "Accuracy, ± 0.1250</dt><dd>0.6250<"));
  CHECK(contains(page, "95 % interval: 0.5000 to 0.7500"));
  CHECK(contains(page, "<td>1.2500</td>"));
  CHECK(contains(page, "<span class=\"clock\">2026-01-01</span>, by weft 1.0"));
}

TuneResult result_of(std::int64_t trial, std::int64_t step, double score) {
  TuneResult r;
  r.trial = trial;
  r.step = step;
  r.epochs = 4;
  r.best_epoch = 2;
  r.score = r.accuracy = r.macro_f1 = score;
  return r;
}

TEST_CASE("tune: each trial is one dot, by each value that was varied, and all results are rows") {
  std::vector<TuneResult> results{result_of(1, 3, 0.9), result_of(1, 0, 0.6), result_of(0, 3, 0.8),
                                  result_of(2, 1, 0.7), result_of(3, 0, 0)};
  results[0].values =
      results[1].values = {{"rate", Attr(0.5)}, {"act", Attr(std::string(kHostile))}};
  results[3].values = {{"rate", Attr(0.001)}, {"act", Attr(std::string("relu"))}};
  results[4].failure = std::string("the loss became ") + kHostile;
  const std::string page = tune_page(results, "accuracy", 400, "x.plan", {kHostile, {}, {}});
  CHECK(test::malformed(page) == "");
  CHECK_FALSE(contains(page, "<script>alert"));
  CHECK(page == tune_page(results, "accuracy", 400, "x.plan", {kHostile, {}, {}}));
  CHECK(occurrences(page, "<title>trial ") == 3 + 2 + 2);
  CHECK(contains(page, "log10 of rate"));
  CHECK(contains(page, "the best, trial 1: 0.9000"));
  CHECK(contains(page, "<td>failed</td>"));
  CHECK(occurrences(page, "<tr><td>") == results.size());
  CHECK(contains(page, "differ by 0.030 or more"));  // 2 sqrt(0.9 * 0.1 / 400)
}

TEST_CASE("tune: a search in which everything failed is a page too") {
  std::vector<TuneResult> results{result_of(0, 0, 0)};
  results[0].failure = "no";
  CHECK(test::malformed(tune_page(results, "accuracy", 0, "x", {})) == "");
}

}  // namespace
}  // namespace weft
