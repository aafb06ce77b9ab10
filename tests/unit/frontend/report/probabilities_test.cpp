// What the JSON says of a plan's probabilities, against counts over all pairs and all answers.
#include "frontend/report/probabilities.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "frontend/report/metrics_report.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

// The probabilities of every text, [texts][labels], one text at a time.
std::vector<std::vector<float>> answers(Session& session, const Corpus& corpus) {
  std::vector<std::vector<float>> all;
  Predictions one;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    session.predict(std::array{corpus.text(i)}, one);
    all.emplace_back(one.probabilities(0).begin(), one.probabilities(0).end());
  }
  return all;
}

// The chance that a text with the label has a higher score than one without it.
double chance(const Dataset& data, const std::vector<std::vector<float>>& scores,
              std::int32_t label) {
  double won = 0;
  double pairs = 0;
  const auto has = [&](std::size_t i) {
    return std::ranges::find(data.labels_of(i), label) != data.labels_of(i).end();
  };
  for (std::size_t i = 0; i < data.size(); ++i) {
    for (std::size_t j = 0; j < data.size(); ++j) {
      if (!has(i) || has(j)) continue;
      const auto at = static_cast<std::size_t>(label);
      won += scores[i][at] > scores[j][at] ? 1 : scores[i][at] == scores[j][at] ? 0.5 : 0;
      ++pairs;
    }
  }
  return won / pairs;
}

TEST_CASE("probabilities: areas, calibration and loss in the JSON") {
  for (const bool multi : {false, true}) {
    CAPTURE(multi);
    std::string model(test::kSmallModel);
    if (multi) model.replace(model.find("softmax"), 7, "sigmoid");
    Session session(test::small_plan(model), {1});
    const Corpus corpus = test::small_corpus();
    const Dataset data = encode(corpus, session.encoder(), session.labels());
    Probabilities probabilities(data, multi, frequent_labels(data, multi, 100));
    const Evaluation evaluation = evaluate(
        session, data, 0.5, nullptr, [&](std::size_t i, const Predictions& all, std::size_t k) {
          probabilities.add(i, all, k);
        });
    const auto json = nlohmann::json::parse(to_json(evaluation, probabilities));
    const auto scores = answers(session, corpus);
    CHECK(json["loss"] == *evaluation.loss);
    CHECK(json["classes"][1]["roc_auc"].get<double>() == doctest::Approx(chance(data, scores, 1)));
    CHECK(json["classes"][0].contains("roc_auc") == multi);
    CHECK(json["roc_auc"].get<double>() ==
          doctest::Approx(multi ? (chance(data, scores, 0) + chance(data, scores, 1)) / 2
                                : chance(data, scores, 1)));
    CHECK(json.contains("threshold") == multi);

    std::size_t answered = 0;
    double gap = 0;
    for (const auto& bin : json["calibration"]["bins"]) {
      answered += bin["count"].get<std::size_t>();
      gap += bin["count"].get<double>() *
             std::abs(bin["confidence"].get<double>() - bin["right"].get<double>());
    }
    CHECK(answered == corpus.size() * (multi ? 2 : 1));
    CHECK(json["calibration"]["error"].get<double>() ==
          doctest::Approx(gap / static_cast<double>(answered)));
  }
}

TEST_CASE("probabilities: a label without texts, or with all of them, has no area") {
  Session session(test::small_plan(), {1});
  const Corpus corpus(std::vector<Example>{{"hot w1", {"summer"}, 1}, {"hot w2", {"summer"}, 2}});
  const Dataset data = encode(corpus, session.encoder(), session.labels());
  Probabilities probabilities(data, false, {0, 1});
  const Evaluation evaluation = evaluate(
      session, data, 0.5, nullptr,
      [&](std::size_t i, const Predictions& all, std::size_t k) { probabilities.add(i, all, k); });
  const auto json = nlohmann::json::parse(to_json(evaluation, probabilities));
  CHECK_FALSE(json.contains("roc_auc"));
  for (const auto& one : json["classes"]) {
    CHECK_FALSE(one.contains("roc_auc"));
    CHECK(one.contains("average_precision") == (one["label"] == "summer"));
  }
  CHECK(json["average_precision"] == 1.0);
}

TEST_CASE("probabilities: the most frequent labels are followed") {
  Dataset data{LabelSpace({"a", "b", "c", "d"})};
  for (const std::int32_t label : {3, 1, 1, 0, 3, 3}) {
    data.labels.push_back(label);
    data.label_offsets.push_back(static_cast<std::int64_t>(data.labels.size()));
    data.offsets.push_back(0);
  }
  CHECK(frequent_labels(data, false, 2) == std::vector<std::size_t>{1, 3});
  CHECK(frequent_labels(data, false, 9) == std::vector<std::size_t>{0, 1, 3});
}

}  // namespace
}  // namespace weft
