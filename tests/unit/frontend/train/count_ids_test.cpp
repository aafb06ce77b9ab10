// What is counted in encoded texts: against numbers of scikit-learn and small cases by hand.
#include "frontend/train/count_ids.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "frontend/description/description.h"
#include "frontend/train/build_plan.h"
#include "runtime/session.h"

namespace weft {
namespace {

using Numbers = std::vector<float>;

Dataset dataset(std::vector<std::int32_t> ids, std::vector<std::int64_t> offsets) {
  Dataset data{.space = LabelSpace({"a"})};
  data.ids = std::move(ids);
  data.offsets = std::move(offsets);
  return data;
}

}  // namespace

TEST_CASE("texts are counted, not places in them") {
  const Dataset data = dataset({1, 1, 2, 2, 1, 0}, {0, 3, 3, 5, 6});
  CHECK(document_counts(data, 4) == std::vector<std::int64_t>{1, 2, 2, 0});
  CHECK(document_counts(dataset({}, {0}), 2) == std::vector<std::int64_t>{0, 0});
}

TEST_CASE("buckets that no text has are left out") {
  Dataset data = dataset({1, 9, 0, 5, 9, 2}, {0, 3, 6});
  CHECK(keep_seen_buckets(data, 2) == std::vector<std::int32_t>{0, 3, 7});
  CHECK(data.ids == std::vector<std::int32_t>{1, 4, 0, 3, 4, 2});
  Dataset words = dataset({1, 0}, {0, 2});
  CHECK(keep_seen_buckets(words, 2) == std::vector<std::int32_t>{0});
}

// TfidfVectorizer(smooth_idf=True).idf_ of terms in 1, 2 and 4 of 4 texts.
TEST_CASE("importance is scikit-learn's inverse document frequency, 0 of what was never met") {
  Numbers importance(8, 0.0F);
  term_importance(std::vector<std::int64_t>{1, 0, 2, 4}, 4, 3, importance);
  const Numbers expected{1.916291F, 0, 0, 0, 1.510826F, 0, 0, 1};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(importance[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  }
}

TEST_CASE("without a known word the answer is each label's share") {
  Numbers logits(2, 0.0F);
  label_logits(std::vector<std::int64_t>{30, 10}, 40, Task::single_label, logits);
  CHECK(std::exp(logits[0]) / (std::exp(logits[0]) + std::exp(logits[1])) ==
        doctest::Approx(30.5 / 41));
  label_logits(std::vector<std::int64_t>{30, 0}, 40, Task::multi_label, logits);
  CHECK(1 / (1 + std::exp(-logits[0])) == doctest::Approx(30.5 / 41));
  CHECK(1 / (1 + std::exp(-logits[1])) == doctest::Approx(0.5 / 41));
  Numbers others(3, 7.0F);
  label_logits(std::vector<std::int64_t>{30, 10}, 40, Task::single_label, others);
  CHECK(others == Numbers(3, 7.0F));
}

TEST_CASE(
    "logits begin at the labels' shares, or evenly where labels are balanced; features at random") {
  const std::vector<Example> examples{{"a", {"x"}, 1}, {"b", {"x"}, 2}, {"c", {"y"}, 3}};
  const auto first_numbers = [&](const std::string& description, std::string_view name) {
    const Plan plan = build_plan(parse_description("model m\n" + description, "m.model"),
                                 Overrides(std::vector<std::string>{}), Corpus(examples));
    const PlanTensor* tensor = plan.tensor(name);
    REQUIRE(tensor != nullptr);
    Numbers numbers(tensor->bytes.size() / sizeof(float));
    std::memcpy(numbers.data(), tensor->bytes.data(), tensor->bytes.size());
    return numbers;
  };
  const std::string logits = "y = tfidf(text, units=labels)\noutput softmax(y)\n";
  const Numbers prior = first_numbers(logits, "y.tfidf.prior");
  CHECK(prior[0] == doctest::Approx(std::log(2.5 / 3)));
  CHECK(prior[1] == doctest::Approx(std::log(1.5 / 3)));
  CHECK(first_numbers(logits + "train sgd(rate=1) class_weights=balanced\n", "y.tfidf.prior") ==
        Numbers{0, 0});
  CHECK(first_numbers(logits, "y.tfidf.weight") == Numbers(8, 0.0F));
  // From zeros nothing behind them would learn.
  const Numbers features =
      first_numbers("x = tfidf(text, units=4)\noutput hierarchical_softmax(x)\n", "x.tfidf.weight");
  CHECK(std::ranges::none_of(features, [](float number) { return number == 0; }));
}

TEST_CASE("a plan has rows for the groups of letters of its data only") {
  const std::vector<Example> examples{{"cats", {"a"}, 1}, {"dogs", {"b"}, 2}};
  const auto plan_of = [&](const char* layers) {
    const std::string text = "model m\ntext tokenizer=ngrams buckets=100000\n" +
                             std::string(layers) + "output softmax(y)\n";
    return build_plan(parse_description(text, "m.model"), Overrides(std::vector<std::string>{}),
                      Corpus(examples));
  };
  const Plan weighed = plan_of("y = tfidf(text, units=labels)\n");
  CHECK(weighed.vocabulary.kept_buckets.size() == 20);  // 10 groups in each <word> of 6 marks
  const PlanTensor* importance = weighed.tensor("y.tfidf.importance");
  REQUIRE(importance != nullptr);
  CHECK(importance->type.shape == Shape{Dim(23), Dim(2)});  // and <unk>, cats, dogs
  Session session(weighed, {.threads = 1});
  Predictions unknown;
  const std::vector<std::string_view> texts{"zzz"};
  session.predict(texts, unknown);
  CHECK(unknown.probabilities(0)[0] == doctest::Approx(0.5));
  // Where an unseen group could be learnt later, or has a vector, all stay.
  const Plan mixed = plan_of(
      "x = embedding(text, width=2) | mean_pool | linear(labels)\n"
      "t = tfidf(text, units=labels)\ny = t + x\n");
  CHECK(mixed.vocabulary.kept_buckets.empty());
}

}  // namespace weft
