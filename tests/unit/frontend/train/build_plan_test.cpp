// Building a plan: the training texts come back as the plan itself reads them.
#include "frontend/train/build_plan.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "runtime/session.h"
#include "runtime/text/tokenizers.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

TEST_CASE("training texts are what the plan's encoder makes of them, whatever the tokenizer") {
  const std::vector<Example> examples = {
      {"one two  two <unk> THREE", {"a"}, 1}, {"", {"b"}, 2}, {"two 三个字 three, one!", {"a"}, 3}};
  const Corpus corpus(examples);
  const std::vector<std::uint32_t> rows = {2, 1, 0};
  for (const TokenizerDef* tokenizer : all_tokenizers()) {
    if (tokenizer->split == nullptr) continue;
    for (const char* ngrams : {"word_ngrams=1", "word_ngrams=3"}) {
      for (const char* limit : {"vocabulary=100", "vocabulary=3", "min_count=2"}) {
        CAPTURE(tokenizer->name);
        CAPTURE(limit);
        CAPTURE(ngrams);
        const std::vector<std::string> set = {fmt::format("text.tokenizer={}", tokenizer->name),
                                              limit, "max_tokens=4", ngrams};
        BuiltPlan built = build_with_data(parse_description(test::kSmallModel, "small.model"),
                                          Overrides(set), {corpus, rows});
        const Session session(std::move(built.plan));
        const Dataset read = encode({corpus, rows}, session.encoder(), session.labels());
        CHECK(built.data.ids == read.ids);
        CHECK(built.data.offsets == read.offsets);
        CHECK(built.data.labels == read.labels);
        CHECK(built.data.size() == 3);
      }
    }
  }
}

TEST_CASE("a view of no rows is empty, and a corpus is a view of all of it") {
  const Corpus corpus = test::small_corpus();
  CHECK(CorpusView(corpus).size() == corpus.size());
  CHECK(CorpusView(corpus, {}).size() == 0);
  const std::vector<std::uint32_t> rows = {5, 3};
  CHECK(CorpusView(corpus, rows).text(1) == corpus.text(3));
}

}  // namespace
}  // namespace weft
