// Explanations: against a model small enough to work out by hand, and sums against the session.
#include "frontend/report/explain.h"

#include <doctest/doctest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "frontend/report/explain_report.h"
#include "frontend/train/plan_forms.h"
#include "runtime/session.h"
#include "runtime/text/tokenizers.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

using test::small_plan;

void set(Plan& plan, const std::string& name, std::vector<float> numbers) {
  for (PlanTensor& tensor : plan.tensors) {
    if (tensor.name != name) continue;
    REQUIRE(tensor.bytes.size() == numbers.size() * sizeof(float));
    const auto owner = std::make_shared<const std::vector<float>>(std::move(numbers));
    plan.owners.push_back(owner);
    tensor.bytes = std::as_bytes(std::span(*owner));
    return;
  }
  FAIL("no tensor " << name);
}

std::string part(std::string_view text, const TextSpan& span) {
  return std::string(text.substr(span.begin, span.end - span.begin));
}

// Words are numbers, a filter adds two neighbours, another subtracts them.
constexpr std::string_view kByHand =
    "model hand\n"
    "text   tokenizer=whitespace max_tokens=8\n"
    "x      = embedding(text, width=1)\n"
    "c      = x | conv1d(channels=2, kernel=2, padding=valid) | relu | max_pool\n"
    "logits = c | linear(labels)\n"
    "output softmax(logits)\n"
    "train  adam(rate=0.01) batch=4 epochs=1\n";

Plan plan_by_hand() {
  const std::vector<Example> examples = {{"a b c", {"no"}, 1}, {"a b", {"yes"}, 2}};
  Plan plan = build_plan(parse_description(kByHand, "hand.model"),
                         Overrides(std::vector<std::string>{}), Corpus(examples));
  set(plan, "x.embedding.weight", {0, 1, 2, 5});  // <unk> a b c
  set(plan, "c.conv1d.weight", {1, 1, 1, -1});    // filters: left + right, left - right
  set(plan, "c.conv1d.bias", {0.5F, 0});
  set(plan, "logits.linear.weight", {0, 2, 0, 3});
  set(plan, "logits.linear.bias", {0, 0.25F});
  return plan;
}

// `a` stands twice: both places share the weight that it has once.
TEST_CASE("of weighted terms each place is told its share, exactly") {
  const std::vector<Example> examples = {{"a b", {"no"}, 1}, {"a", {"yes"}, 2}};
  Plan plan = build_plan(parse_description("model m\ntext tokenizer=whitespace max_tokens=8\n"
                                           "y = tfidf(text, units=labels)\noutput softmax(y)\n",
                                           "m.model"),
                         Overrides(std::vector<std::string>{}), Corpus(examples));
  set(plan, "y.tfidf.importance", {0, 0, 3, 0, 4, 0});  // <unk> a b, of one kind
  set(plan, "y.tfidf.weight", {9, 9, 1, 2, -1, 5});
  set(plan, "y.tfidf.prior", {0.5F, 0.25F});
  const auto encoder = make_encoder(plan.text, plan.vocabulary);
  const Explanation told = Explainer(plan, *encoder).explain("a b zzz a", 1);
  CHECK(told.bias == doctest::Approx(0.25));
  CHECK(told.logit == doctest::Approx(0.25 + 2 * 0.6 + 5 * 0.8));
  std::vector<double> shares;
  for (const NGram& term : told.ngrams) shares.push_back(term.contribution);
  std::ranges::sort(shares);
  REQUIRE(shares.size() == 3);
  CHECK(shares[0] == doctest::Approx(0.6));
  CHECK(shares[1] == doctest::Approx(0.6));
  CHECK(shares[2] == doctest::Approx(4.0));
}

// Of three labels, `often` hangs on the root; a word adds to the decisions on the way to a label.
TEST_CASE("of hierarchical softmax the log-odds of the decisions are told, exactly") {
  const std::vector<Example> examples = {{"a b", {"often"}, 1},
                                         {"a", {"often"}, 2},
                                         {"b", {"often"}, 3},
                                         {"a b c", {"one"}, 4},
                                         {"c", {"two"}, 5}};
  Plan plan = build_plan(
      parse_description("model hand\ntext tokenizer=whitespace\nx = embedding(text, width=2) | "
                        "mean_pool\noutput hierarchical_softmax(x)\n",
                        "hand.model"),
      Overrides(std::vector<std::string>{}), Corpus(examples));
  set(plan, "x.embedding.weight", {0, 0, 1, 0, 0, 1, 2, 2});  // <unk> a b c
  set(plan, "output.weight", {1, -1, 2, 3});                  // node 0, the root
  const Session session(plan);
  const Explainer explainer(plan, session.encoder());
  // The mean of `a c` is (1.5, 1): scores 0.5 and 6. `two` is left of node 0, `one` right; they are
  // left of the root.
  const std::vector<double> expected{6, 0.5 - 6, -0.5 - 6};
  for (std::size_t label = 0; label < 3; ++label) {
    const Explanation explanation = explainer.explain("a c", label);
    CHECK(explanation.exact);
    CHECK(explanation.decisions);
    CHECK(explanation.logit == doctest::Approx(expected[label]));
    CHECK(explanation.total() == doctest::Approx(expected[label]));
  }
  const Explanation often = explainer.explain("a c", 0);
  REQUIRE(often.ngrams.size() == 2);
  CHECK(often.ngrams[0].contribution == doctest::Approx(5));  // c: (2, 2) / 2
  CHECK(often.ngrams[1].contribution == doctest::Approx(1));
}

TEST_CASE("an explanation by hand") {
  const Plan plan = plan_by_hand();
  const Session session(plan);
  const Explainer explainer(plan, session.encoder());
  // Sums 3.5 7.5 5.5, at best 7.5 at `b c`; differences -1 -3 5, at best 5 at `c zzz`.
  const std::string_view text = "a  b c\tzzz";
  const Explanation explanation = explainer.explain(text, 1);
  REQUIRE(explanation.words.size() == 4);
  CHECK(explanation.known == std::vector<bool>{true, true, true, false});
  REQUIRE(explanation.ngrams.size() == 2);
  CHECK(part(text, explanation.ngrams[0].bytes) == "b c");
  CHECK(explanation.ngrams[0].contribution == doctest::Approx(2 * 7.5));
  CHECK(part(text, explanation.ngrams[1].bytes) == "c\tzzz");
  CHECK(explanation.ngrams[1].contribution == doctest::Approx(3 * 5.0));
  CHECK(explanation.bias == doctest::Approx(0.25));
  CHECK(explanation.logit == doctest::Approx(30.25));
  CHECK(explanation.total() == doctest::Approx(30.25));
  const std::vector<double> words = explanation.by_word();
  CHECK(words[1] == doctest::Approx(7.5));
  CHECK(words[2] == doctest::Approx(15));
  // The other label has no weights at all.
  CHECK(explainer.explain(text, 0).ngrams.empty());
  CHECK(explainer.explain("", 1).total() == doctest::Approx(0.25));
}

// The logits of every label, from words, are the session's.
void check_sums(std::string_view model) {
  INFO(model);
  Session trained(small_plan(model), {1, true});
  const Corpus corpus = test::small_corpus();
  const Dataset data = encode(corpus, trained.encoder(), trained.labels());
  Batches batches(data, 8, trained.train_capacity(), 1);
  batches.start(1);
  while (batches.next()) trained.train_step(batches.texts(), batches.labels(), 0.05);
  Session session(trained.snapshot(), {1});
  const Explainer explainer(session.plan(), session.encoder());
  Predictions out;
  for (std::size_t i = 0; i < 12; ++i) {
    const std::string_view text = corpus.text(i);
    session.predict(std::array{text}, out);
    for (const std::size_t label : {0U, 1U}) {
      const Explanation explanation = explainer.explain(text, label);
      const bool one = out.logits(0).size() == 1;
      const double logit = one ? (label == 0 ? -1 : 1) * out.logits(0)[0] : out.logits(0)[label];
      CHECK(explanation.logit == doctest::Approx(logit).epsilon(1e-4));
      CHECK(explanation.total() == doctest::Approx(explanation.logit).epsilon(1e-9));
    }
  }
}

std::string model_of(const std::string& layers, const std::string& output = "softmax") {
  return "model small\ntext tokenizer=whitespace max_tokens=12\nx = embedding(text, width=8)\n" +
         layers + "output " + output + "(logits)\ntrain adam(rate=0.01) batch=8 epochs=3\n";
}

TEST_CASE("contributions and bias add up to the session's logits") {
  check_sums(test::kSmallModel);
  check_sums(model_of("logits = x | mean_pool | dropout(0.2) | linear(labels)\n"));
  check_sums(
      model_of("a = x | conv1d(channels=4, kernel=3, dilation=2, padding=causal) | gelu\n"
               "logits = concat(a | max_pool, a | mean_pool) | batch_norm | linear(5) "
               "| linear(labels)\n"));
  check_sums(
      model_of("a = x | conv1d(channels=4, kernel=3) | batch_norm | relu\n"
               "b = a | max_pool(size=3, stride=2) | conv1d(channels=4, kernel=2)\n"
               "logits = b | max_pool | tanh | linear(1)\n",
               "sigmoid"));
}

TEST_CASE("an n-gram is no wider than what its filter sees") {
  const Plan plan = small_plan(model_of(
      "a = x | conv1d(channels=4, kernel=3, padding=valid) | relu\n"
      "b = a | max_pool(size=2, stride=2) | conv1d(channels=4, kernel=2, padding=valid) | relu\n"
      "logits = b | max_pool | linear(labels)\n"));
  const Session session(plan);
  const Explainer explainer(plan, session.encoder());
  // Two windows of two windows of three words: 2 + 2 + 2 = 6, every second word.
  const Explanation explanation = explainer.explain("w1 w2 w3 w4 w5 w6 w7 w8 w9 w10", 0);
  REQUIRE(!explanation.ngrams.empty());
  for (const NGram& ngram : explanation.ngrams) {
    CHECK(ngram.last - ngram.first + 1 == 6);
    CHECK(ngram.first % 2 == 0);
  }
}

TEST_CASE("what is not exact is refused, at its place") {
  const auto refused = [](const std::string& layers) -> std::string {
    const Plan plan = small_plan(model_of(layers));
    const Session session(plan);
    try {
      const Explainer explainer(plan, session.encoder());
    } catch (const Error& e) {
      return e.what();
    }
    return {};
  };
  const std::string deep = refused("logits = x | mean_pool | linear(4) | relu | linear(labels)\n");
  CHECK(deep.find(":4:") != std::string::npos);
  CHECK(deep.find("`relu`") != std::string::npos);
  CHECK(deep.find("textcnn") != std::string::npos);
  CHECK(refused("logits = x | max_pool | layer_norm | linear(labels)\n").find("`layer_norm`") !=
        std::string::npos);
  const Plan folded = fold_tables(small_plan());
  const Session session(folded);
  CHECK_THROWS_AS(Explainer(folded, session.encoder()), Error);
}

TEST_CASE("a description that its plan's weights do not fit is refused") {
  for (const auto& [from, to] :
       {std::pair{"width=1)", "width=9)"}, std::pair{"channels=2", "channels=1"},
        std::pair{"kernel=2", "kernel=300"}}) {
    Plan plan = plan_by_hand();
    plan.description.replace(plan.description.find(from), std::string(from).size(), to);
    const Session session(plan);
    try {
      const Explainer explainer(plan, session.encoder());
      FAIL("no error for ", to);
    } catch (const Error& e) {
      CHECK(std::string(e.what()).find("the plan is inconsistent") != std::string::npos);
    }
  }
}

TEST_CASE("explanations as text and JSON") {
  const Plan plan = plan_by_hand();
  const Session session(plan);
  const Explainer explainer(plan, session.encoder());
  const std::string text = "a b\x1B c \xFF";
  const Explanation explanation = explainer.explain(text, 1);
  ExplainedLabel told{text, "yes", 0.75, explanation.logit, &explanation};
  CHECK(adds_up(told));
  const auto json = nlohmann::json::parse(to_json(told));
  double sum = json["bias"];
  for (const auto& ngram : json["ngrams"]) {
    sum += ngram["contribution"].get<double>();
    CHECK(ngram["end"].get<std::size_t>() <= text.size());
  }
  CHECK(sum == doctest::Approx(json["logit"].get<double>()));
  CHECK(json["exact"] == true);
  for (const std::size_t top : {0U, 1U, 10U}) {
    const std::string plain = to_text(told, top, false);
    CHECK(plain.find('\x1B') == std::string::npos);
    CHECK(plain.find("= the logit") != std::string::npos);
  }
  CHECK(to_text(told, 10, true).find("\x1B[48;5;") != std::string::npos);
  told.predicted_logit += 0.1;
  CHECK_FALSE(adds_up(told));
  CHECK(to_text(told, 10, false).find("rounded") != std::string::npos);
  CHECK(printable("a\tb\x1B[0m\xC2\x9B 注") == "a b [0m  注");
}

TEST_CASE("the text of an explanation adds up what stands for the same bytes") {
  Explanation explanation;
  explanation.words = {{0, 4}, {0, 4}, {5, 8}};
  explanation.known = {true, true, true};
  explanation.ngrams = {{2, 2, {5, 8}, 2.0, 1}, {0, 0, {0, 4}, 1.5, 1}, {1, 1, {0, 4}, 1.25, 1}};
  explanation.logit = 4.75;
  const ExplainedLabel told{"film was", "good", 0.9, 4.75, &explanation};
  const std::string text = to_text(told, 1, false);
  CHECK(text.find("+2.7500          0-4  film\n") != std::string::npos);
  CHECK(text.find("+2.0000               (the other)\n") != std::string::npos);
  CHECK(nlohmann::json::parse(to_json(told))["ngrams"].size() == 3);
}

TEST_CASE("a group of letters is told as part of its word, and a token without bytes is named") {
  // `fine` with two groups, `films` without a word of its own, `</s>`, both words together; then a
  // second text of a pair.
  Explanation explanation;
  explanation.words = {{0, 4}, {0, 3}, {1, 4}, {5, 8}, {6, 10}, {0, 0}, {0, 10}, {11, 14}};
  explanation.known.assign(8, true);
  explanation.special = {"", "", "", "", "", "</s>", "", ""};
  explanation.ngrams = {{2, 2, {1, 4}, 2.0, 1},
                        {0, 0, {0, 4}, 1.5, 1},
                        {3, 3, {5, 8}, 1.0, 1},
                        {6, 6, {0, 10}, 0.5, 1},
                        {0, 2, {0, 4}, 0.25, 1}};
  explanation.logit = 5.25;
  using Spans = std::vector<TextSpan>;
  CHECK(explanation.words_around() ==
        Spans{{0, 4}, {0, 4}, {0, 4}, {5, 10}, {5, 10}, {0, 0}, {0, 10}, {11, 14}});
  const ExplainedLabel told{"fine films\tbad", "good", 0.9, 5.25, &explanation};
  const std::string text = to_text(told, 10, false);
  CHECK(text.find("+2.0000          1-4  ine  (part of fine)\n") != std::string::npos);
  CHECK(text.find("+1.7500          0-4  fine\n") != std::string::npos);
  CHECK(text.find("+1.0000          5-8  fil  (part of films)\n") != std::string::npos);
  CHECK(text.find("+0.5000         0-10  fine films\n") != std::string::npos);
  CHECK(text.find("(bias, with </s>)\n") != std::string::npos);
  const auto json = nlohmann::json::parse(to_json(told));
  const auto part_of = [](const nlohmann::json& one) {
    return one.value("/part_of/text"_json_pointer, "");
  };
  std::vector<std::string> words, ngrams;
  for (const auto& one : json["words"]) words.push_back(part_of(one));
  for (const auto& one : json["ngrams"]) ngrams.push_back(part_of(one));
  CHECK(words == std::vector<std::string>{"", "fine", "fine", "films", "films", "", "", ""});
  CHECK(ngrams == std::vector<std::string>{"fine", "", "films", "", ""});
  CHECK(json["words"][3]["part_of"]["begin"] == 5);
  CHECK(json["words"][5]["special"] == "</s>");
  CHECK_FALSE(json["words"][0].contains("special"));
}

}  // namespace
}  // namespace weft
