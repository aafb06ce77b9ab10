// The starter for data without a description: by language, by labels, by the files that are given.
#include "frontend/description/choose_starter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "frontend/description/lower.h"
#include "ir/diagnostic.h"
#include "tests/support/temporary_folder.h"

namespace weft {
namespace {

Corpus corpus_of(const std::vector<std::string>& texts) {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    examples.push_back({texts[i], {i % 2 == 0 ? "a" : "b"}});
  }
  return Corpus(examples);
}

std::vector<std::string> names(const Corpus& corpus, const InitialSources& initial = {}) {
  std::vector<std::string> names;
  for (const FittedStarter& fitted : fitting_starters(profile_of(corpus), initial)) {
    names.emplace_back(fitted.name);
    CHECK(fitted.description.source.find("model ") != std::string::npos);
  }
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("texts are Chinese if most of their letters are") {
  const Names words{"tfidf", "bow", "textcnn"}, characters{"tfidf-zh", "bow-zh", "textcnn-zh"};
  CHECK(names(corpus_of({"a fine film", "a dull film"})) == words);
  CHECK(names(corpus_of({"房间很好", "服务太差"})) == characters);
  CHECK(names(corpus_of({"iPhone 手机很好用", "NBA：火箭队今晚主场取胜 100:98"})) == characters);
  CHECK(names(corpus_of({"the sign 好 means good, 房 a house", "a text"})) == words);
  // Japanese has Han characters, but more of its own; digits and marks are of no language.
  CHECK(names(corpus_of({"この映画はとても面白かったです", "私はあまり好きではありません"})) ==
        words);
  CHECK(names(corpus_of({"1234", "!!!"})) == words);
  CHECK(names(corpus_of({"1234567890 1234567890 好", "!!!"})) == characters);
  // A corpus of parts: what comes later counts as much.
  std::vector<std::string> parts(3000, "房间");
  std::fill(parts.begin(), parts.begin() + 1000, "word");
  CHECK(names(corpus_of(parts)) == words);  // 4000 letters to 4000: not most of them
  parts[0] = "房间";
  CHECK(names(corpus_of(parts)) == characters);
}

TEST_CASE("what is said of the data") {
  CHECK(to_string(profile_of(corpus_of({"one"}))) == "1 text of 1 label");
  CHECK(to_string(profile_of(corpus_of({"一个", "两个", "三个"}))) ==
        "Chinese, 3 texts of 2 labels");
  CHECK(to_string(profile_of(corpus_of(std::vector<std::string>(9900, "one")))) ==
        "9,900 texts of 2 labels");
  const std::vector<Example> pair{{"one", {"a"}, 0, "two"}, {"three", {"b"}, 0, "four"}};
  CHECK(to_string(profile_of(Corpus(pair))) == "2 pairs of 2 labels");
}

TEST_CASE("texts of several labels, or of none, need sigmoid") {
  const std::vector<Example> examples{{"one", {"a", "b"}}, {"two", {"a"}}};
  for (const FittedStarter& fitted : fitting_starters(profile_of(Corpus(examples)), {})) {
    CHECK(fitted.description.output.name == "sigmoid");
    // The gradient of a mean over labels is smaller: plain descent takes longer steps.
    const bool descent = fitted.name == "tfidf";
    const Names changes = descent ? Names{"output sigmoid(logits)", "train.rate=120"}
                                  : Names{"output sigmoid(logits)"};
    CHECK(fitted.changes == changes);
  }
  for (const FittedStarter& fitted : fitting_starters(profile_of(corpus_of({"x", "y"})), {})) {
    CHECK(fitted.description.output.name == "softmax");
    CHECK(fitted.changes.empty());
  }
}

TEST_CASE("of very many labels there is no row of numbers for each term") {
  std::vector<Example> examples;
  for (int i = 0; i < 101; ++i) examples.push_back({"word", {std::to_string(i)}});
  CHECK(names(Corpus(examples)) == Names{"bow", "textcnn"});
  examples.pop_back();
  CHECK(names(Corpus(examples)) == Names{"tfidf", "bow", "textcnn"});
}

TEST_CASE("a linear model of many texts of several labels is not to be too certain") {
  std::vector<Example> examples;
  for (int i = 0; i < 300; ++i) examples.push_back({"word", {std::to_string(i % 3)}});
  const auto changes = [&] {
    return fitting_starters(profile_of(Corpus(examples)), {}).front().changes;
  };
  CHECK(changes() == Names{"train.label_smoothing=0.05"});
  examples.pop_back();
  CHECK(changes().empty());
  examples.push_back({"word", {"0", "1"}});  // no more one label each
  CHECK(changes().size() == 2);
  examples.assign(300, {"word", {"a"}});
  examples.push_back({"word", {"b"}});
  CHECK(changes().empty());  // of two labels
}

TEST_CASE("of very many texts groups of letters would take much memory") {
  const std::vector<std::string> texts(33, std::string(std::size_t{1} << 20, 'a'));
  CHECK(names(corpus_of(texts)) == Names{"bow", "textcnn"});
  const std::vector<std::string> fewer(31, std::string(std::size_t{1} << 20, 'a'));
  CHECK(names(corpus_of(fewer)) == Names{"tfidf", "bow", "textcnn"});
}

TEST_CASE("word vectors are begun with at their own width") {
  const TemporaryFolder folder;
  const InitialSources initial{{folder / "v.txt", {}}, {}};
  const Corpus corpus = corpus_of({"a fine film", "a dull film"});
  put(initial.vectors.file, "fine 1 2 3\nfilm 4 5 6\n");
  CHECK(names(corpus, initial) == Names{"textcnn-vectors", "tfidf", "bow", "textcnn"});
  const auto fitting = fitting_starters(profile_of(corpus), initial);
  CHECK(fitting[0].changes == Names{"width=3"});
  CHECK(fitting[0].initial.vectors.file == initial.vectors.file);
  CHECK(fitting[1].initial.vectors.file.empty());
  // Every embedding of it claims the file.
  const FittedStarter& first = fitting[0];
  InitialVectors vectors("", first.initial.vectors);
  lower(first.description, settings_of(first.description, {}),
        {.labels = 2, .initial_vectors = &vectors}, {});
  CHECK_NOTHROW(vectors.check_claimed());

  put(initial.vectors.file, "");
  CHECK_THROWS_AS(names(corpus, initial), Error);
  CHECK_THROWS_AS(names(corpus, {{folder / "missing.txt", {}}, {}}), Error);
}

TEST_CASE("a pretrained model has the starter of its family") {
  const TemporaryFolder folder;
  const InitialSources initial{{}, folder / "."};
  put(folder / "config.json", R"({"model_type": "gpt2", "n_layer": 1, "n_embd": 8, "n_head": 2,
    "n_positions": 16, "vocab_size": 50, "n_inner": null, "eos_token_id": 49})");
  CHECK(names(corpus_of({"x", "y"}), initial) == Names{"gpt2"});
  put(folder / "config.json", R"({"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 12,
    "num_attention_heads": 3, "intermediate_size": 40, "max_position_embeddings": 10,
    "type_vocab_size": 2, "vocab_size": 100, "hidden_act": "gelu", "layer_norm_eps": 1e-7,
    "hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.3, "pad_token_id": 0})");
  CHECK(names(corpus_of({"房间", "很好"}), initial) == Names{"bert", "bert-cnn"});
  const std::vector<Example> pairs{{"one", {"a"}, 0, "two"}, {"three", {"b"}, 0, "four"}};
  const FittedStarter bert =
      std::move(fitting_starters(profile_of(Corpus(pairs)), initial).front());
  CHECK(bert.changes == Names{"text.pair=true"});
  CHECK(settings_of(bert.description, {}).text.pair);
  CHECK_THROWS_WITH(names(corpus_of({"x", "y"}), {{folder / "v.txt", {}}, folder / "."}),
                    doctest::Contains("give one of --vectors and --pretrained"));
  put(folder / "config.json", "{}");
  CHECK_THROWS_AS(names(corpus_of({"x", "y"}), initial), Error);
}

}  // namespace weft
