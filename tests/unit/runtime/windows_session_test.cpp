// Models that read long texts by windows: against the same model without windows, which is given
// each window by itself; and against the interpreter.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "frontend/report/explain.h"
#include "frontend/train/plan_forms.h"
#include "frontend/train/plan_settings.h"
#include "ir/plan/program_interface.h"
#include "passes/pass.h"
#include "runtime/session.h"
#include "tests/support/interpreted_plan.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

using test::doubles;
using test::Interpreted;

// Windows of four words, one of them shared: of 13 words, four windows.
const std::vector<std::string> kWindows{"max_tokens=4", "text.long=windows", "max_windows=4",
                                        "overlap=1", "dropout.rate=0"};
const std::vector<std::string> kWhole{"dropout.rate=0"};

Plan windowed_plan(std::vector<std::string> more = {}) {
  std::vector<std::string> set = kWindows;
  set.insert(set.end(), more.begin(), more.end());
  return test::small_plan(test::kSmallModel, set);
}

const std::vector<std::string_view> kTexts = {
    "w1 w2 hot w3 w4 w5 w6 w7 w8",
    "",
    "cold",
    "w4 w5 w6 w7",
    "w1 w2 w3 cold w5",
    "hot w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15 w16"};

struct Packed {
  std::vector<std::int32_t> ids = {};
  std::vector<std::int64_t> offsets{0};
  PackedIds view() const { return {ids, offsets}; }
  void end() { offsets.push_back(static_cast<std::int64_t>(ids.size())); }
};

Packed encoded(const Encoder& encoder, std::span<const std::string_view> texts) {
  Packed out;
  TokenBuffer buffer;
  for (const std::string_view text : texts) {
    encoder.encode(text, buffer, out.ids);
    out.end();
  }
  return out;
}

// The windows of a text, cut here by another way: of its words.
Packed cut(const std::vector<std::int32_t>& words) {
  Packed out;
  const std::size_t read = std::min<std::size_t>(words.size(), 13);
  for (std::size_t begin = 0;; begin += 3) {
    const std::size_t end = std::min(begin + 4, read);
    for (std::size_t i = begin; i < end; ++i) out.ids.push_back(words[i]);
    out.end();
    if (end == read) return out;
  }
}

// The mean logits of a text's windows by a plan without windows.
std::vector<double> mean_logits(Session& whole, std::string_view text) {
  Packed words = encoded(whole.encoder(), std::array{text});
  if (words.ids.size() == 12) {  // what the plan without windows has cut
    const std::size_t half = text.find(" w9");
    words = encoded(whole.encoder(), std::array{text.substr(0, half), text.substr(half)});
  }
  const Packed windows = cut(words.ids);
  Predictions out;
  whole.predict_ids(windows.view(), out);
  std::vector<double> mean(out.logits(0).size(), 0.0);
  for (std::size_t k = 0; k < out.size(); ++k) {
    for (std::size_t c = 0; c < mean.size(); ++c) {
      mean[c] += static_cast<double>(out.logits(k)[c]) / static_cast<double>(out.size());
    }
  }
  return mean;
}

TEST_CASE("the logits of a long text are the mean of its windows' logits") {
  const Plan plan = windowed_plan();
  const Plan plain = test::small_plan(test::kSmallModel, kWhole);
  REQUIRE(plan.vocabulary.words == plain.vocabulary.words);
  REQUIRE(doubles(*plan.tensor("x.embedding.weight")) ==
          doubles(*plain.tensor("x.embedding.weight")));
  Session session(plan, {.threads = 1});
  Session whole(plain, {.threads = 1});
  Predictions out;
  session.predict(kTexts, out);
  REQUIRE(out.size() == kTexts.size());
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    CAPTURE(kTexts[i]);
    const std::vector<double> mean = mean_logits(whole, kTexts[i]);
    REQUIRE(mean.size() == out.logits(i).size());
    for (std::size_t c = 0; c < mean.size(); ++c) {
      CHECK(out.logits(i)[c] == doctest::Approx(mean[c]).epsilon(1e-5));
    }
  }
  // Its own ids give the same, and so do the generic programs and a plan that was read again.
  Predictions again;
  const Packed ids = encoded(session.encoder(), kTexts);
  session.predict_ids(ids.view(), again);
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    CHECK(std::ranges::equal(again.logits(i), out.logits(i)));
  }
  const std::vector<std::byte> file = encode_plan(plan);  // the plan refers to it
  Session read(decode_plan(file), {.threads = 2});
  read.predict(kTexts, again);
  CHECK(std::ranges::equal(again.logits(5), out.logits(5)));
  CompileOptions generic;
  generic.rewrites = false;
  Session recompiled(recompile_predict(plan, generic), {.threads = 1});
  recompiled.predict(kTexts, again);
  for (std::size_t c = 0; c < 2; ++c) {
    CHECK(again.logits(5)[c] == doctest::Approx(out.logits(5)[c]).epsilon(1e-4));
  }
}

TEST_CASE("a long text's prediction does not depend on its company, or on the cut of a request") {
  Session session(windowed_plan(), {.threads = 2});
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 900; ++i) {
    std::string text;
    for (std::size_t w = 0; w < i * 7 % 19; ++w) text += "w" + std::to_string(i * w % 25) + " ";
    texts.push_back(i % 3 == 0 ? text + "hot" : text);
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Predictions all;
  session.predict(views, all);
  REQUIRE(all.size() == views.size());
  Predictions one;
  for (std::size_t i = 0; i < views.size(); i += 7) {
    session.predict(std::span(views).subspan(i, 1), one);
    CHECK(std::ranges::equal(one.logits(0), all.logits(i)));
  }
}

// As the bindings of an interpreted program have it.
Bindings inputs_of(const Packed& texts, std::int64_t size,
                   const std::vector<std::int32_t>& labels) {
  Bindings inputs;
  std::vector<double> offsets{0}, windows{0};
  for (std::size_t i = 0; i + 1 < texts.offsets.size(); ++i) {
    std::int64_t begin = texts.offsets[i];
    do {
      begin = std::min(begin + size, texts.offsets[i + 1]);
      offsets.push_back(static_cast<double>(begin));
    } while (begin < texts.offsets[i + 1]);
    windows.push_back(static_cast<double>(offsets.size() - 1));
  }
  const auto put = [&](const char* name, const std::vector<double>& numbers) {
    inputs[name] = Tensor({static_cast<std::int64_t>(numbers.size())});
    inputs[name].data = numbers;
  };
  put("ids", {texts.ids.begin(), texts.ids.end()});
  put("offsets", offsets);
  put("windows", windows);
  put("labels", {labels.begin(), labels.end()});
  inputs["rate"] = Tensor(Extents{}, 0.01);
  return inputs;
}

TEST_CASE("training by windows is what the interpreter computes") {
  Session session(windowed_plan(), {.threads = 1, .train = true});
  const Plan before = session.snapshot();
  const auto texts = std::span(kTexts).first(5);  // as many as a batch has room for
  const Packed ids = encoded(session.encoder(), texts);
  const std::vector<std::int32_t> labels{0, 1, 1, 0, 1};
  Interpreted truth(before);
  for (int i = 0; i < 3; ++i) {
    const std::vector<Tensor> results = truth.run("train", inputs_of(ids, 4, labels));
    const double loss = session.train_step(texts, {labels}, 0.01);
    CHECK(loss == doctest::Approx(results[0].data[0]).epsilon(1e-4));
  }
  truth.run("flush", {});
  const Plan after = session.snapshot();
  for (const PlanTensor& trained : after.tensors) {
    CAPTURE(trained.name);
    const std::vector<double> found = doubles(trained);
    const Tensor& expected = truth.state.at(trained.name);
    double worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      worst = std::max(worst, std::abs(found[i] - expected.data[i]));
    }
    CHECK(worst < 2e-4);  // Adam divides gradients near 0 by their own size
  }
}

// The loss of a text by its windows, each by itself, through a forward graph without windows.
double loss_by_windows(const Graph& forward, Bindings given, const std::vector<std::int32_t>& words,
                       std::int32_t label) {
  const Packed windows = cut(words);
  std::vector<double> mean(2, 0.0);
  for (std::size_t k = 0; k + 1 < windows.offsets.size(); ++k) {
    Packed one;
    one.ids.assign(windows.ids.begin() + windows.offsets[k],
                   windows.ids.begin() + windows.offsets[k + 1]);
    one.end();
    Bindings inputs = inputs_of(one, 1000, {label});
    inputs.erase("windows");
    inputs.insert(given.begin(), given.end());
    const std::vector<Tensor> results = interpret(forward, inputs).results;
    const double share = 1.0 / static_cast<double>(windows.offsets.size() - 1);
    for (std::size_t c = 0; c < 2; ++c) mean[c] += share * results[1].data[c];
  }
  const double other = mean[static_cast<std::size_t>(1 - label)];
  return std::log1p(std::exp(other - mean[static_cast<std::size_t>(label)]));
}

TEST_CASE("gradients by windows are differences of the loss of windows taken one by one") {
  const Plan plan = windowed_plan();
  const Plan plain = test::small_plan(test::kSmallModel, kWhole);
  const auto words = static_cast<std::int64_t>(plan.vocabulary.ends.size());
  PassContext context;
  const Graph trained =
      run_passes(sized(lower_again(plan).graph, batch_sizes(words, 2, 99, plan.text)),
                 parse_passes("autodiff"), context);
  const Graph forward = sized(lower_again(plain).graph, batch_sizes(words, 1, 99, plain.text));
  Bindings given;
  for (const PlanTensor& tensor : plan.tensors) given[tensor.name] = test::tensor_of(tensor);
  const std::vector<std::vector<std::int32_t>> texts{{3, 1, 4, 1, 5, 9, 2, 6}, {5, 3, 5}};
  const std::vector<std::int32_t> labels{1, 0};
  Packed packed;
  for (const auto& text : texts) {
    const Packed windows = cut(text);
    packed.ids.insert(packed.ids.end(), windows.ids.begin(), windows.ids.end());
    packed.end();
  }
  Bindings inputs = inputs_of(packed, 4, labels);
  inputs.insert(given.begin(), given.end());
  const std::vector<Tensor> results = interpret(trained, inputs).results;
  const auto loss = [&](const Bindings& at) {
    return (loss_by_windows(forward, at, texts[0], labels[0]) +
            loss_by_windows(forward, at, texts[1], labels[1])) /
           2;
  };
  CHECK(results[0].data[0] == doctest::Approx(loss(given)).epsilon(1e-12));
  std::size_t checked = 0;
  for (std::size_t r = 0; r < trained.results.size(); ++r) {
    const std::string& name = trained[trained.results[r]].name;
    if (!name.ends_with(".grad")) continue;
    const std::string param = name.substr(0, name.size() - 5);
    const Tensor& gradient = results[r];
    for (std::size_t i = 0; i < gradient.data.size(); i += 1 + gradient.data.size() / 12) {
      CAPTURE(param);
      Bindings up = given, down = given;
      up.at(param).data[i] += 1e-5;
      down.at(param).data[i] -= 1e-5;
      CHECK(gradient.data[i] == doctest::Approx((loss(up) - loss(down)) / 2e-5).epsilon(1e-5));
      ++checked;
    }
  }
  CHECK(checked > 40);
}

TEST_CASE("a batch holds as many tokens as one of texts of one window, and any one text") {
  Session session(windowed_plan(), {.threads = 1, .train = true});
  CHECK(session.train_capacity().examples == 8);
  CHECK(session.train_capacity().tokens == 32);
  const std::string text = "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14";
  const std::vector<std::string_view> two{text, text}, three{text, text, text};
  const std::vector<std::int32_t> labels{0, 1, 1};
  CHECK_NOTHROW(session.train_step(two, {std::span(labels).first(2)}, 0.01));
  CHECK_THROWS_WITH_AS(session.train_step(three, {labels}, 0.01),
                       doctest::Contains("capacity of 8 texts and 32 words"), Error);
  const Plan small = windowed_plan({"batch=1"});
  Session one(small, {.threads = 1, .train = true});
  CHECK(one.train_capacity().tokens == 16);
  CHECK_NOTHROW(one.train_step(std::span(two).first(1), {std::span(labels).first(1)}, 0.01));
}

TEST_CASE("programs and texts must agree on windows") {
  const auto message = [](Plan plan, auto change) -> std::string {
    change(plan);
    try {
      const std::vector<std::byte> file = encode_plan(plan);  // the plan refers to it
      Session session(decode_plan(file), {.threads = 1});
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  const auto contains = [](const std::string& whole, const char* part) {
    INFO(whole);
    CHECK(whole.find(part) != std::string::npos);
  };
  contains(message(windowed_plan(),
                   [](Plan& p) {
                     p.text.max_windows = 1;
                     p.text.overlap = 0;
                   }),
           "does not take the windows that texts have");
  contains(message(test::small_plan(), [](Plan& p) { p.text.max_windows = 2; }),
           "does not take the windows that texts have");
  contains(message(windowed_plan(), [](Plan& p) { p.text.max_windows = 0; }), "max_windows is 0");
  contains(message(windowed_plan(), [](Plan& p) { p.text.overlap = 4; }), "overlap by 4");
  contains(message(windowed_plan(), [](Plan& p) { p.text.pair = true; }), "pairs of texts");
  contains(message(windowed_plan(),
                   [](Plan& p) {
                     p.text.max_tokens = 2;
                     p.text.overlap = 0;
                   }),
           "has no room for the windows of its");
  contains(message(windowed_plan(),
                   [](Plan& p) {
                     for (Graph& g : p.programs) {
                       for (Symbol& s : g.symbols) s.capacity = s.name == "W" ? 0 : s.capacity;
                     }
                   }),
           "has no room for the windows of its");
}

TEST_CASE("explanations of a long text add up to its logit, by places in the whole text") {
  const Plan plan = windowed_plan();
  Session session(plan, {.threads = 1});
  const Explainer explainer(session.plan(), session.encoder());
  Predictions out;
  session.predict(kTexts, out);
  for (const std::size_t i : {0U, 1U, 3U, 5U}) {
    const std::string_view text = kTexts[i];
    CAPTURE(text);
    const Explanation found = explainer.explain(text, 1);
    CHECK(found.exact);
    CHECK(found.logit == doctest::Approx(out.logits(i)[1]).epsilon(1e-5));
    CHECK(found.total() == doctest::Approx(found.logit).epsilon(1e-9));
    const auto spaces = static_cast<std::size_t>(std::ranges::count(text, ' '));
    CHECK(found.words.size() == std::min<std::size_t>(text.empty() ? 0 : 1 + spaces, 13));
    for (std::size_t w = 0; w < found.words.size(); ++w) {
      const TextSpan span = found.words[w];
      CHECK((span.begin == 0 || text[span.begin - 1] == ' '));
      CHECK((w == 0 || span.begin == found.words[w - 1].end + 1));
    }
    for (const NGram& ngram : found.ngrams) {
      CHECK(ngram.bytes.begin == found.words[ngram.first].begin);
      CHECK(ngram.bytes.end == found.words[ngram.last].end);
      CHECK(ngram.last - ngram.first < 4);  // within a window
    }
  }
}

}  // namespace
}  // namespace weft
