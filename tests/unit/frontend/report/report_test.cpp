// Reports: well-formed pages whatever labels and texts say, the same bytes each time, and numbers
// that are those of the metrics.
#include "frontend/report/report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/report/report_charts.h"
#include "frontend/report/report_tables.h"
#include "tests/support/small_model.h"
#include "tests/support/text.h"
#include "tests/support/well_formed.h"

namespace weft {
namespace {

using test::contains;

constexpr std::string_view kHostile = "</script><script>alert('x')</script> & \"\x01\xFF";
constexpr std::string_view kHostileLabel = "</script><script>alert('x')</script> & \"";  // prints

Plan trained(const std::string& end) {
  return test::small_plan(
      "model small\ntext tokenizer=whitespace max_tokens=12\n"
      "x = embedding(text, width=8)\n"
      "logits = x | conv1d(channels=4, kernel=2) | relu | max_pool | " +
          end + "(logits)\ntrain adam(rate=0.01) batch=8 epochs=3\n",
      {"train.epochs=2"});
}

// The plan with labels that mean harm, on data that does.
Report hostile_report(Plan plan, bool multi) {
  plan.labels = {std::string(kHostileLabel), "cold"};
  plan.history = {{1, 8, 0.01, 0.7, {{"accuracy", 0.5}, {"loss", 0.6}}},
                  {2, 16, 0.01, 0.5, {{"accuracy", 0.8}, {"loss", 0.4}}}};
  std::vector<Example> examples;
  for (std::size_t i = 0; i < 40; ++i) {
    std::vector<std::string> labels{i % 2 == 0 ? std::string(kHostileLabel) : "cold"};
    if (i == 39 && !multi) labels = {"<new>"};
    if (i % 5 == 0 && multi) labels = {std::string(kHostileLabel), "cold"};
    const std::string text = (i % 3 == 0 ? "hot w1 " : "cold w2 ") + std::string(kHostile);
    examples.push_back({text, labels, i + 1});
  }
  Session session(std::move(plan), {1});
  Report report = make_report(session, Corpus(examples), 0.5);
  report.title = report.origin.data = kHostile;
  report.seconds = 0;
  return report;
}

TEST_CASE("report: pages are well-formed and escape what data says") {
  for (const bool multi : {false, true}) {
    const Plan plan =
        trained(multi ? "linear(labels)\noutput sigmoid" : "linear(labels)\noutput softmax");
    const std::string page = to_html(hostile_report(plan, multi));
    CHECK(test::malformed(page) == "");
    CHECK_FALSE(contains(page, "<script>alert"));
    CHECK(contains(page, "&lt;script&gt;alert(&#39;x&#39;)"));
    CHECK_FALSE(contains(page, "http:"));
    CHECK_FALSE(contains(page, "https:"));
    CHECK_FALSE(contains(page, "src="));
    CHECK(contains(page, "default-src 'none'"));
    CHECK(contains(page, "threshold-data") == multi);
    CHECK(contains(page, "is the logit of"));
    CHECK(page == to_html(hostile_report(plan, multi)));
    // How to make it again: the description, line by line.
    CHECK(contains(page, "\nlogits = x | conv1d(channels=4, kernel=2)"));
    CHECK(contains(page, "<code>train.epochs=2</code>"));
  }
}

TEST_CASE("report: what it gathers is what the metrics say") {
  Session session(trained("linear(labels)\noutput sigmoid"), {1});
  const Corpus corpus = test::small_corpus();
  const Report report = make_report(session, corpus, 0.5);
  const Metrics& metrics = report.evaluation.metrics;
  REQUIRE(report.thresholds.size() == 3);
  const ThresholdTable& all = report.thresholds[0];
  std::uint64_t given = 0;
  std::uint64_t right = 0;
  for (const ClassMetrics& one : metrics.classes) {
    given += one.predicted;
    right += one.correct;
  }
  CHECK(all.given[50] == given);
  CHECK(all.right[50] == right);
  CHECK(all.support == 60);
  CHECK(all.given[0] == 120);
  CHECK(report.thresholds[1].given[50] == metrics.classes[0].predicted);
  std::size_t answers = 0;
  for (const ReliabilityBin& bin : report.reliability) answers += bin.count;
  CHECK(answers == 120);
  REQUIRE(report.curves.size() == 2);
  CHECK(report.curves[0].curve.positives == metrics.classes[0].support);
  for (std::size_t i = 1; i < report.mistakes.size(); ++i) {
    CHECK(report.mistakes[i - 1].confidence >= report.mistakes[i].confidence);
  }
  // A part of the corpus, by rows.
  const std::array<std::uint32_t, 3> rows = {5, 1, 9};
  CHECK(make_report(session, {corpus, rows}, 0.5).evaluation.metrics.examples == 3);
}

TEST_CASE("report: where n-grams cannot be told, it says why") {
  Session session(trained("linear(4) | relu | linear(labels)\noutput softmax"), {1});
  const Report report = make_report(session, test::small_corpus(), {});
  CHECK(contains(report.unexplained, "`relu`"));
  CHECK(contains(to_html(report), "`relu`"));
  CHECK(test::malformed(to_html(report)) == "");
}

TEST_CASE("report: a plan's history may hold anything") {
  Report report = hostile_report(trained("linear(labels)\noutput softmax"), false);
  report.history = {{0, 0, 0, NAN, {{"loss", INFINITY}, {"accuracy", 1e308}}},
                    {INT64_MAX, 0, 0, -1e308, {{"accuracy", -1e308}}}};
  CHECK(test::malformed(to_html(report)) == "");
  report.history.erase(report.history.begin());
  CHECK(test::malformed(to_html(report)) == "");
}

TEST_CASE("report: the epochs that were kept are marked where they are known") {
  Report report = hostile_report(trained("linear(labels)\noutput softmax"), false);
  CHECK_FALSE(contains(to_html(report), "kept:"));
  // Validated with what this report came to.
  const Metrics& m = report.evaluation.metrics;
  report.history[1].metrics = {
      {"accuracy", m.accuracy}, {"macro_f1", m.macro.f1}, {"loss", *report.evaluation.loss}};
  CHECK(contains(to_html(report), "kept: epoch 2<"));
  report.history[0].metrics = report.history[1].metrics;
  CHECK_FALSE(contains(to_html(report), "kept:"));
  for (HistoryEntry& entry : report.history) entry.kept = true;
  CHECK(contains(to_html(report), "kept: the mean of epochs 1 to 2<"));
  CHECK(test::malformed(to_html(report)) == "");
}

TEST_CASE("report: what is not defined has no line and no number") {
  const std::vector<Example> hot(9, {"hot w1", {"hot"}, 1});
  Session session(trained("linear(labels)\noutput softmax"), {1});
  const std::size_t label = session.labels()[1] == "hot" ? 0 : 1;  // whose curve is drawn: 1
  const std::string page = to_html(make_report(session, Corpus(hot), {}));
  CHECK(contains(
      page, label == 0 ? "hot: not defined, every text has it" : "not defined, no text has it"));
  CHECK_FALSE(contains(page, "area 0.5"));
  CHECK_FALSE(contains(page, "nan"));
}

TEST_CASE("report: a confusion matrix shows long names in part, and where nothing is a dot") {
  Metrics m;
  m.classes.resize(2);
  m.classes[0].name = "a name of far more than twenty-eight characters";
  m.classes[0].support = 1234;
  m.classes[1].name = "b";
  m.confusion = {{0, 0, 1234}};
  const std::string table = confusion_tables(m);
  CHECK(test::malformed(table) == "");
  CHECK(contains(table, "title=\"a name of far more than twenty-eight characters\">a name"));
  CHECK(contains(table, "<th scope=\"row\">b</th>"));
  CHECK(
      contains(table, "<td style=\"--v:0.500\" class=\"hit\">1,234</td><td class=\"soft\">·</td>"));
  CHECK(contains(table, "<td class=\"soft\">·</td><td class=\"hit\">0</td>"));
  CHECK(clipped("abcdef", 6) == "abcdef");
  CHECK(clipped("abcdefg", 6) == "abc…fg");
  CHECK(clipped("一二三四五六七", 4) == "一二…七");
}

TEST_CASE("charts: ticks are round and within") {
  CHECK(ticks(0, 1, 5) == std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1});
  CHECK(ticks(1, 3, 6, true) == std::vector<double>{1, 2, 3});
  CHECK(ticks(-1, 1, 2) == std::vector<double>{-1, 0, 1});
  CHECK(html("<a b=\"c\">&'\x1B") == "&lt;a b=&quot;c&quot;&gt;&amp;&#39; ");
}

TEST_CASE("charts: a thinned path keeps its ends and its corners") {
  std::vector<std::pair<double, double>> path;
  for (int i = 0; i <= 10000; ++i) path.emplace_back(0, i / 10000.0);
  for (int i = 1; i <= 10000; ++i) path.emplace_back(i / 10000.0, 1);
  const auto kept = thinned(path);
  CHECK(kept.size() < 1100);
  CHECK(kept.front() == path.front());
  CHECK(kept.back() == path.back());
  for (const auto& [x, y] : kept) CHECK((x == 0 || y == 1));
  for (std::size_t i = 1; i < kept.size(); ++i) {
    CHECK(kept[i].first - kept[i - 1].first < 0.0041);
    CHECK(kept[i].second - kept[i - 1].second < 0.0041);
  }
  const std::vector<std::pair<double, double>> steps = {{0, 1}, {0.5, 1}, {1, 1}, {1, 0.9}, {1, 0}};
  CHECK(thinned(steps) == steps);
  CHECK(thinned({}).empty());
}

TEST_CASE("charts: lines that coincide take turns, and the legend says so") {
  Chart chart{"id", "t", "d", "x", "y", {0, 10}, {0, 1}};
  chart.series = {{"a", {{0, 0}, {10, 1}}}, {"b", {{0, 0.5}, {10, 1}}}, {"c", {{0, 0}, {10, 1}}}};
  const std::string svg = line_chart(chart);
  CHECK(contains(svg, "class=\"line s0\" style=\"stroke-dasharray:10 10;stroke-dashoffset:-0\""));
  CHECK(contains(svg, "class=\"line s1\" points"));
  CHECK(contains(svg, "class=\"line s2\" style=\"stroke-dasharray:10 10;stroke-dashoffset:-10\""));
  CHECK(contains(svg, "c (along with a)"));
  CHECK_FALSE(contains(svg, "b (along"));
}

TEST_CASE("report: many steps become a bounded number of points with their mean and range") {
  StepHistory history;
  double sum = 0;
  for (int step = 1; step <= 5000; ++step) {
    history.add(step, step % 7, 1.0 / step);
    sum += step % 7;
  }
  const std::vector<StepPoint>& points = history.points();
  CHECK(points.size() <= StepHistory::kMaxPoints);
  CHECK(points.size() > StepHistory::kMaxPoints / 3);
  std::int64_t next = 1;
  double found = 0;
  for (const StepPoint& point : points) {
    CHECK(point.first == next);
    next = point.last + 1;
    CHECK(point.learning_rate == 1.0 / static_cast<double>(point.last));
    CHECK(point.low >= 0);
    CHECK(point.high <= 6);
    found += point.loss * static_cast<double>(point.last - point.first + 1);
  }
  CHECK(next == 5001);
  CHECK(found == doctest::Approx(sum));
}

TEST_CASE("report: loss and learning rate by step stand beside those by epoch") {
  Report report = hostile_report(trained("linear(labels)\noutput softmax"), false);
  CHECK_FALSE(contains(to_html(report), "Loss by step"));
  StepHistory history;
  for (int step = 1; step <= 20; ++step) history.add(step, 1.0 / step, 0.1);
  report.steps = history.points();
  const std::string page = to_html(report);
  CHECK(test::malformed(page) == "");
  CHECK(contains(page, "Loss by step"));
  CHECK(contains(page, "Learning rate by step"));
  CHECK(contains(page, "loss of the batch: 1 at first, 0.05 at last"));
}

TEST_CASE("report: a matrix of 58 labels is dense, and says in each cell what it is") {
  Report report = hostile_report(trained("linear(labels)\noutput softmax"), false);
  Metrics& m = report.evaluation.metrics;
  m.classes.clear();
  m.confusion.clear();
  for (std::uint32_t i = 0; i < 58; ++i) {
    ClassMetrics one;
    one.name = "label <" + std::to_string(i) + ">";
    one.support = 4;
    m.classes.push_back(one);
    m.confusion.push_back({i, i, 3});
    if (i < 57) m.confusion.push_back({i, i + 1, 1});
  }
  const std::string tables = confusion_tables(m);
  CHECK(test::malformed(tables) == "");
  CHECK(contains(tables, "class=\"matrix upright dense\""));
  CHECK(contains(tables, "title=\"label &lt;3&gt; → label &lt;4&gt;\""));
  CHECK(contains(tables, "most frequent confusions"));
  m.classes.resize(20);
  CHECK_FALSE(contains(confusion_tables(m), "dense"));
}

TEST_CASE("charts: a line's points lie where the axes say") {
  Chart chart{"id", "t & t", "d", "x", "y", {0, 10}, {0, 1}};
  chart.series = {{"<s>", {{0, 0}, {10, 1}}}};
  const std::string svg = line_chart(chart);
  CHECK(test::malformed(svg) == "");
  CHECK(contains(svg, "points=\"66.0,254.0 468.0,12.0 \""));
  CHECK(contains(svg, "aria-labelledby=\"id-t id-d\""));
  CHECK(contains(svg, "&lt;s&gt;"));
}

}  // namespace
}  // namespace weft
