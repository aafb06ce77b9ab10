// Faults that fit() refuses before it trains.
#include "frontend/train/fit.h"

#include <doctest/doctest.h>

#include "tests/support/small_model.h"

namespace weft {
namespace {

using test::small_corpus;
using test::small_plan;

std::string message_of(const FitData& data) {
  FitObserver silent;
  try {
    fit(small_plan(), Overrides(std::vector<std::string>{"train.epochs=1"}), data, {}, silent);
  } catch (const Error& error) {
    return error.diagnostics().front().message;
  }
  return "trained";
}

TEST_CASE("fit: what cannot validate is refused") {
  const Corpus corpus = small_corpus();
  CHECK(message_of({corpus, CorpusView(corpus)}) == "trained");
  const std::vector<std::uint32_t> none;
  CHECK(message_of({corpus, CorpusView(corpus, none)}) == "there is no text to validate on");
  std::vector<Example> others{{"hot w1", {"spring"}, 1}};
  const Corpus unknown(others);
  CHECK(message_of({corpus, CorpusView(unknown)}) ==
        "no validation text has a label of the training data");
  others.push_back({"hot w1", {"summer"}, 2});
  const Corpus some(others);
  CHECK(message_of({corpus, CorpusView(some)}) == "trained");
}

TEST_CASE("fit: several labels to a text are refused by a plan that gives one") {
  const Corpus one = small_corpus();
  const std::vector<Example> several{{"hot", {"summer"}, 2}, {"w", {"summer", "winter"}, 7}};
  const Corpus more(several);
  const std::string refused = "the plan gives each text one label, but line 7 has 2";
  CHECK(message_of({more}) == refused);
  CHECK(message_of({one, CorpusView(more)}) == refused);
  const std::vector<std::uint32_t> first{0};
  CHECK(message_of({CorpusView(more, first)}) == "trained");
}

}  // namespace
}  // namespace weft
