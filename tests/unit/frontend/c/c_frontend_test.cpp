// The second part of the C interface: measures against counts made here, calibration against a
// search for the best temperature, training against C++, byte by byte.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/c/weft_frontend.h"
#include "frontend/train/fit.h"
#include "tests/support/c_session.h"
#include "tests/support/small_model.h"
#include "tests/support/tags_model.h"
#include "tests/support/temporary_file.h"
#include "tests/support/token_lines.h"

namespace weft {
namespace {

using test::Data;
using test::learn;
using test::opened;
using test::said;

double f1(double right, double given, double there) {
  return given + there == 0 ? 0 : 2 * right / (given + there);
}

// Mean of -log p of the right label, of two logits a row.
double cross_entropy(const std::vector<float>& logits, const Data& data, double temperature) {
  double sum = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const double a = logits[2 * i] / temperature, b = logits[2 * i + 1] / temperature;
    sum += std::log(std::exp(a) + std::exp(b)) - (data.labels[i] == 0 ? a : b);
  }
  return sum / static_cast<double>(data.size());
}

std::vector<float> logits_of(weft_session* c, const Data& data) {
  REQUIRE(weft_logit_count(c) == 2);
  std::vector<float> logits(2 * data.size());
  REQUIRE(weft_predict_logits(c, data.texts.data(), nullptr, data.size(), logits.data()) ==
          WEFT_OK);
  return logits;
}

TEST_CASE("C measures what counting gives, of one label a text") {
  const Data data;
  weft_session* c = opened(test::small_plan(), 1);
  learn(c, data, 2);
  std::vector<std::int32_t> found(data.size());
  REQUIRE(weft_predict(c, data.texts.data(), nullptr, data.size(), found.data(), nullptr) ==
          WEFT_OK);
  std::array<double, 2> right{}, given{}, there{};
  for (std::size_t i = 0; i < data.size(); ++i) {
    given[static_cast<std::size_t>(found[i])] += 1;
    there[static_cast<std::size_t>(data.labels[i])] += 1;
    if (found[i] == data.labels[i]) right[static_cast<std::size_t>(found[i])] += 1;
  }
  double accuracy = 0, macro_f1 = 0, loss = 0;
  REQUIRE(weft_evaluate(c, data.texts.data(), nullptr, nullptr, nullptr, data.size(),
                        data.labels.data(), nullptr, &accuracy, &macro_f1, &loss) == WEFT_OK);
  CHECK(accuracy == doctest::Approx((right[0] + right[1]) / static_cast<double>(data.size())));
  CHECK(macro_f1 ==
        doctest::Approx((f1(right[0], given[0], there[0]) + f1(right[1], given[1], there[1])) / 2));
  CHECK(loss == doctest::Approx(cross_entropy(logits_of(c, data), data, 1)));
  CHECK(weft_evaluate(c, data.texts.data(), nullptr, nullptr, nullptr, 1, data.labels.data(),
                      nullptr, nullptr, nullptr, nullptr) == WEFT_OK);
  weft_free(c);
}

TEST_CASE("C measures whole sets of labels") {
  weft_session* c = opened(test::tags_plan(), 0);
  const std::array<const char*, 4> texts{"w1 hot wet", "w2", "far w3", "wet"};
  std::array<std::size_t, 4> counts{};
  std::array<std::int32_t, 12> given{};
  REQUIRE(weft_classify(c, texts.data(), nullptr, 4, counts.data(), given.data(), nullptr) ==
          WEFT_OK);
  // The plan's own answers, but for the last text, which has one label more or less.
  std::vector<std::int32_t> labels;
  std::vector<std::int64_t> offsets{0};
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t k = 0; k < counts[i]; ++k) labels.push_back(given[3 * i + k]);
    if (i == 3 && counts[i] > 0) labels.pop_back();
    if (i == 3 && counts[i] == 0) labels.push_back(0);
    offsets.push_back(static_cast<std::int64_t>(labels.size()));
  }
  double accuracy = 0;
  CHECK(weft_evaluate(c, texts.data(), nullptr, nullptr, nullptr, 4, labels.data(), offsets.data(),
                      &accuracy, nullptr, nullptr) == WEFT_OK);
  CHECK(accuracy == 0.75);
  const std::array<std::int32_t, 2> twice{1, 1};
  const std::array<std::int64_t, 2> both{0, 2};
  CHECK(weft_evaluate(c, texts.data(), nullptr, nullptr, nullptr, 1, twice.data(), both.data(),
                      &accuracy, nullptr, nullptr) == WEFT_FAILED);
  said("has the label 1 twice");
  weft_free(c);
}

TEST_CASE("C finds the temperature of the least loss, and labels stay") {
  const Data data;
  weft_session* c = opened(test::small_plan(), 1);
  learn(c, Data(/*wrong=*/0), 12);
  const std::vector<float> logits = logits_of(c, data);
  std::vector<std::int32_t> before(data.size()), after(data.size());
  REQUIRE(weft_predict(c, data.texts.data(), nullptr, data.size(), before.data(), nullptr) ==
          WEFT_OK);
  double temperature = 0;
  REQUIRE(weft_calibrate(c, data.texts.data(), nullptr, nullptr, nullptr, data.size(),
                         data.labels.data(), nullptr, &temperature) == WEFT_OK);
  CHECK(temperature != 1);
  CHECK(weft_temperature(c) == temperature);
  const double least = cross_entropy(logits, data, temperature);
  for (double t = 0.05; t < 50; t *= 1.1) CHECK(cross_entropy(logits, data, t) >= least - 1e-9);
  std::vector<float> p(2 * data.size());
  REQUIRE(weft_predict(c, data.texts.data(), nullptr, data.size(), after.data(), p.data()) ==
          WEFT_OK);
  CHECK(after == before);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const double x = (logits[2 * i + 1] - logits[2 * i]) / temperature;
    CHECK(p[2 * i + 1] == doctest::Approx(1 / (1 + std::exp(-x))).epsilon(1e-5));
  }
  void* bytes = nullptr;
  std::size_t size = 0;
  REQUIRE(weft_save_memory(c, &bytes, &size) == WEFT_OK);
  weft_session* saved = weft_load_memory(bytes, size, 1, 0);
  weft_free_bytes(bytes);
  REQUIRE(saved != nullptr);
  CHECK(weft_temperature(saved) == temperature);
  weft_session* sibling = weft_sibling(saved);
  CHECK(weft_calibrate(saved, data.texts.data(), nullptr, nullptr, nullptr, data.size(),
                       data.labels.data(), nullptr, nullptr) == WEFT_FAILED);
  said("siblings");
  weft_free(sibling);
  CHECK(weft_calibrate(saved, data.texts.data(), nullptr, nullptr, nullptr, data.size(),
                       data.labels.data(), nullptr, nullptr) == WEFT_OK);
  CHECK(weft_calibrate(saved, data.texts.data(), nullptr, nullptr, nullptr, 3, before.data(),
                       nullptr, nullptr) == WEFT_FAILED);
  said("so few texts");
  CHECK(weft_temperature(saved) == doctest::Approx(temperature));
  weft_free(saved);
  weft_free(c);
}

TEST_CASE("C is told what is wrong with labelled texts") {
  const Data data;
  weft_session* c = opened(test::small_plan(), 0);
  const auto evaluate = [&](weft_session* session, const char* const* texts, std::size_t count,
                            const std::int32_t* labels, const std::int64_t* offsets) {
    return weft_evaluate(session, texts, nullptr, nullptr, nullptr, count, labels, offsets, nullptr,
                         nullptr, nullptr);
  };
  const auto* texts = data.texts.data();
  const auto* labels = data.labels.data();
  CHECK(evaluate(nullptr, texts, 1, labels, nullptr) == WEFT_BAD_ARGUMENT);
  CHECK(evaluate(c, nullptr, 1, labels, nullptr) == WEFT_BAD_ARGUMENT);
  CHECK(evaluate(c, texts, 1, nullptr, nullptr) == WEFT_BAD_ARGUMENT);
  said("there are no labels");
  const std::array<std::int64_t, 3> falling{0, 2, 1}, two{0, 2, 2};
  CHECK(evaluate(c, texts, 2, labels, falling.data()) == WEFT_BAD_ARGUMENT);
  const std::array<std::int32_t, 2> both{0, 1};
  CHECK(evaluate(c, texts, 2, both.data(), two.data()) == WEFT_FAILED);
  said("texts[0] has 2 labels, but the plan gives each text exactly one");
  const std::int32_t unknown = 2, negative = -1;
  CHECK(evaluate(c, texts, 1, &unknown, nullptr) == WEFT_FAILED);
  said("there is no label 2: the plan has 2");
  CHECK(evaluate(c, texts, 1, &negative, nullptr) == WEFT_FAILED);
  CHECK(evaluate(c, texts, 0, nullptr, nullptr) == WEFT_FAILED);
  CHECK(weft_evaluate(c, texts, nullptr, texts, nullptr, 1, labels, nullptr, nullptr, nullptr,
                      nullptr) == WEFT_FAILED);
  said("reads one text");
  CHECK(weft_calibrate(nullptr, texts, nullptr, nullptr, nullptr, 1, labels, nullptr, nullptr) ==
        WEFT_BAD_ARGUMENT);
  CHECK(weft_calibrate(c, texts, nullptr, nullptr, nullptr, 0, labels, nullptr, nullptr) ==
        WEFT_FAILED);
  said("no text to calibrate the plan by");
  const auto minus_one = static_cast<std::size_t>(-1);
  CHECK(evaluate(c, texts, minus_one, labels, nullptr) == WEFT_BAD_ARGUMENT);
  said("there cannot be 18446744073709551615 texts");
  CHECK(weft_calibrate(c, texts, &minus_one, nullptr, nullptr, 1, labels, nullptr, nullptr) ==
        WEFT_BAD_ARGUMENT);
  said("texts[0] cannot have 18446744073709551615 bytes");
  weft_explanation explanation;
  CHECK(weft_explain(c, "hot", minus_one, nullptr, 0, 0, &explanation) == WEFT_BAD_ARGUMENT);
  CHECK(weft_explain(c, "hot", 3, "hot", minus_one, 0, &explanation) == WEFT_BAD_ARGUMENT);
  said("pairs[0] cannot have");
  weft_free(c);
}

constexpr const char* kDescription =
    "model opinions\ntext tokenizer=words max_tokens=50\nx = embedding(text, width=8)\n"
    "logits = x | conv1d(channels=4, kernel=2) | relu | max_pool | linear(labels)\n"
    "output softmax(logits)\ntrain adam(rate=0.02) batch=8 epochs=4\n";

// Texts with labels by name, and all that weft_fit says of them.
struct Fitting {
  std::vector<std::string> strings;
  std::vector<const char*> texts, labels;
  std::vector<std::string> messages;
  std::vector<weft_fit_progress> progress;
  std::int64_t stop_epoch = 0;  // 0: never
  bool stop_at_end = true;      // of that epoch, or in its first step
  weft_fit_options options{};
  void* plan = nullptr;
  std::size_t size = 0;

  Fitting() {
    const Corpus corpus = test::small_corpus();
    for (std::size_t i = 0; i < corpus.size(); ++i) {
      strings.emplace_back(corpus.text(i));
      labels.push_back(i % 2 == 0 ? "summer" : "winter");
    }
    for (const std::string& string : strings) texts.push_back(string.c_str());
    options.size = sizeof options;
    options.description = kDescription;
    options.threads = 1;
    options.user = this;
    options.progress = [](void* user, const weft_fit_progress* now) {
      return static_cast<Fitting*>(user)->tell(*now) ? 1 : 0;
    };
    options.message = [](void* user, const char* message) {
      static_cast<Fitting*>(user)->messages.emplace_back(message);
    };
  }
  ~Fitting() { weft_free_bytes(plan); }

  bool tell(const weft_fit_progress& now) {
    progress.push_back(now);
    return now.epoch == stop_epoch && (!stop_at_end || now.done == now.texts);
  }
  weft_status fit(const std::int64_t* offsets = nullptr) {
    return weft_fit(&options, texts.data(), nullptr, nullptr, nullptr, texts.size(), labels.data(),
                    offsets, &plan, &size);
  }
  // The epochs that the plan knows of.
  std::size_t history() const {
    const std::span bytes(static_cast<const std::byte*>(plan), size);
    return decode_plan(bytes).history.size();
  }
};

TEST_CASE("C trains the plan that C++ trains, and tells of every step") {
  Fitting c;
  c.options.settings = " seed=7\nx.width=6  epochs=3 ";
  REQUIRE(c.fit() == WEFT_OK);
  FitObserver silent;
  const Corpus corpus = test::small_corpus();
  FitOptions options;
  options.threads = 1;
  const std::vector<std::string> set{"seed=7", "x.width=6", "epochs=3"};
  const FitResult wanted = fit(parse_description(kDescription, "the description"), Overrides(set),
                               {corpus}, options, silent);
  const std::vector<std::byte> bytes = encode_plan(wanted.plan);
  REQUIRE(c.size == bytes.size());
  CHECK(std::equal(bytes.begin(), bytes.end(), static_cast<const std::byte*>(c.plan)));
  CHECK(c.history() == 3);
  REQUIRE(c.progress.size() == 3 * 8);  // 60 texts in batches of 8
  for (std::size_t i = 0; i < c.progress.size(); ++i) {
    const weft_fit_progress& now = c.progress[i];
    CHECK(now.epoch == static_cast<std::int64_t>(i / 8) + 1);
    CHECK(now.epochs == 3);
    CHECK(now.texts == 60);
    CHECK(now.done == std::min<std::size_t>(60, (i % 8 + 1) * 8));
    CHECK(now.loss > 0);
    CHECK(std::isnan(now.accuracy));  // nothing is held out
  }
}

TEST_CASE("C stops training at the end of an epoch, or in one, which then does not count") {
  for (const bool at_end : {true, false}) {
    CAPTURE(at_end);
    Fitting c;
    c.stop_epoch = 2;
    c.stop_at_end = at_end;
    REQUIRE(c.fit() == WEFT_OK);
    CHECK(c.history() == (at_end ? 2 : 1));
    CHECK(c.progress.size() == (at_end ? 16 : 9));
    weft_session* session = weft_load_memory(c.plan, c.size, 1, 0);
    CHECK(session != nullptr);
    weft_free(session);
  }
  Fitting c;
  c.stop_epoch = 1;
  c.stop_at_end = false;
  CHECK(c.fit() == WEFT_FAILED);
  said("before the first epoch had ended");
  CHECK(c.plan == nullptr);
}

TEST_CASE("C trains without a description, with texts held out, and several labels") {
  Fitting c;
  c.options.description = nullptr;
  c.options.settings = "epochs=2 steps=0";
  c.options.valid_fraction = 0.2;
  REQUIRE(c.fit() == WEFT_OK);
  REQUIRE(!c.messages.empty());
  CHECK(c.messages.front().find("the starter `tfidf`") != std::string::npos);
  CHECK(c.progress.back().texts == 48);
  CHECK(c.progress.back().accuracy >= 0);
  CHECK(c.progress.back().accuracy <= 1);

  Fitting tags;
  tags.options.description = nullptr;
  tags.options.settings = "epochs=1 steps=0";
  std::vector<std::int64_t> offsets{0};
  std::vector<const char*> labels;
  for (std::size_t i = 0; i < tags.texts.size(); ++i) {
    if (i % 2 == 0) labels.push_back("even");
    if (i % 3 == 0) labels.push_back("three");
    if (i % 3 == 0) labels.push_back("three");  // counts once
    offsets.push_back(static_cast<std::int64_t>(labels.size()));
  }
  tags.labels = labels;
  REQUIRE(tags.fit(offsets.data()) == WEFT_OK);
  weft_session* session = weft_load_memory(tags.plan, tags.size, 1, 0);
  REQUIRE(session != nullptr);
  CHECK(weft_plan_task(session) == WEFT_MANY_LABELS);
  CHECK(std::string_view(weft_label(session, 1)) == "three");
  weft_free(session);

  CHECK(weft_fit(nullptr, c.texts.data(), nullptr, nullptr, nullptr, 0, nullptr, nullptr,
                 &tags.plan, &tags.size) == WEFT_FAILED);
  said("no text to learn from");
}

TEST_CASE("C is told of a text by its index in the array") {
  Fitting c;
  std::string words;
  for (int i = 0; i < 60; ++i) words += "w ";  // the description reads 50
  c.texts[7] = words.c_str();
  c.options.settings = "epochs=1";
  REQUIRE(c.fit() == WEFT_OK);
  const auto cut = [](const std::string& message) {
    return message.find("training texts (texts[7]) is longer") != std::string::npos;
  };
  CHECK(std::ranges::any_of(c.messages, cut));
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i <= c.texts.size(); ++i) {
    offsets.push_back(static_cast<std::int64_t>(i < 5 ? i : i + 1));  // texts[4] has two
  }
  c.labels.insert(c.labels.begin() + 4, "winter");
  c.labels[5] = "summer";
  CHECK(c.fit(offsets.data()) == WEFT_FAILED);
  said("softmax gives each text one label, but texts[4] has 2");
}

TEST_CASE("C is told why it cannot train") {
  Fitting c;
  c.options.description = "model x\nx = embedding(text, wdith=8)\noutput softmax(x)\n";
  CHECK(c.fit() == WEFT_FAILED);
  said("the description:2:");
  c.options.description = kDescription;
  c.options.settings = "rat=0.1";
  CHECK(c.fit() == WEFT_FAILED);
  said("rat");
  c.options.settings = "epochs";
  CHECK(c.fit() == WEFT_FAILED);
  c.options.settings = "rate=1e30 epochs=1";
  CHECK(c.fit() == WEFT_FAILED);
  c.options.settings = nullptr;
  for (const double share : {-0.1, 1.0, double{NAN}}) {
    c.options.valid_fraction = share;
    CHECK(c.fit() == WEFT_BAD_ARGUMENT);
  }
  c.options.valid_fraction = 0;
  c.options.size = 4;
  CHECK(c.fit() == WEFT_BAD_ARGUMENT);
  said("set their size");
  c.options.size = sizeof(weft_fit_options);
  c.labels[3] = nullptr;
  CHECK(c.fit() == WEFT_BAD_ARGUMENT);
  said("labels[3] is null");
  c.labels[3] = "";
  CHECK(c.fit() == WEFT_FAILED);
  said("texts[3]: ");
  c.labels[3] = "winter";
  c.texts[5] = nullptr;
  CHECK(c.fit() == WEFT_BAD_ARGUMENT);
  said("texts[5] is null");
  CHECK(weft_fit(&c.options, c.texts.data(), nullptr, nullptr, nullptr, 2, nullptr, nullptr,
                 &c.plan, &c.size) == WEFT_BAD_ARGUMENT);
  CHECK(weft_fit(&c.options, c.texts.data(), nullptr, nullptr, nullptr, 2, c.labels.data(), nullptr,
                 nullptr, &c.size) == WEFT_BAD_ARGUMENT);
  for (const char* description : {kDescription, static_cast<const char*>(nullptr)}) {
    Fitting pairs;
    pairs.options.description = description;
    CHECK(weft_fit(&pairs.options, pairs.texts.data(), nullptr, pairs.texts.data(), nullptr,
                   pairs.texts.size(), pairs.labels.data(), nullptr, &c.plan,
                   &c.size) == WEFT_FAILED);
    said("the model reads one text, but is given pairs");
    CHECK(pairs.progress.empty());
  }
  CHECK(c.plan == nullptr);
}

}  // namespace
}  // namespace weft
