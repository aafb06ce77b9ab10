// What may be searched: what a line `tune` may say, what is drawn, what is put back into a
// description.
#include "frontend/search/search_space.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "frontend/description/lower.h"
#include "frontend/description/starters.h"
#include "frontend/search/tune.h"
#include "ir/print.h"
#include "tests/support/source_folder.h"
#include "tests/support/temporary_file.h"
#include "tests/support/tuned_model.h"

namespace weft {
namespace {

TEST_CASE("ranges are read, and numbers drawn from them lie inside") {
  const Description model = described(
      "tune width=range(4, 20) rate=log(0.001, 0.1) tokenizer=choice(words, whitespace) "
      "drop=range(0.0, 0.5)\n");
  const auto space = search_space(model, {});
  REQUIRE(space.size() == 4);
  CHECK(space[1].path == "train.rate");
  CHECK(space[2].path == "text.tokenizer");
  std::set<std::string> words;
  int below = 0;
  for (std::uint64_t trial = 1; trial <= 400; ++trial) {
    const Assignments values = sample(space, 1, trial);
    CHECK(values == sample(space, 1, trial));
    const auto width = std::get<std::int64_t>(values[0].second);
    CHECK((width >= 4 && width <= 20));
    const double learning_rate = std::get<double>(values[1].second);
    CHECK((learning_rate >= 0.001 && learning_rate <= 0.1));
    below += learning_rate < 0.01;  // the middle, by ratio
    words.insert(std::get<std::string>(values[2].second));
  }
  CHECK(words == std::set<std::string>{"words", "whitespace"});
  CHECK(std::abs(below - 200) < 60);  // six standard deviations
  CHECK(sample(space, 1, 5) != sample(space, 2, 5));
}

TEST_CASE("what --set fixes is not searched, by whichever of its paths") {
  for (const char* learning_rate :
       {"rate=0.02", "train.rate=0.02", "adam.rate=0.02", "train.adam.rate=0.02"}) {
    const std::vector<std::string> set = {"width=16", learning_rate};
    for (const Parameter& p : search_space(described(""), Overrides(set))) {
      CHECK(p.path != "width");
      CHECK(p.path != "train.rate");
    }
  }
}

TEST_CASE("without a line `tune` a constant is left out that cannot change") {
  const Description model = described("");
  const auto has = [](const std::vector<Parameter>& space, std::string_view path) {
    return std::ranges::find(space, path, &Parameter::path) != space.end();
  };
  CHECK(has(search_space(model, {}), "width"));
  const TemporaryFile vectors("eight.txt", "w1 1 2 3 4 5 6 7 8\n");
  const InitialSources initial{.vectors = {vectors.path(), {}}};
  CHECK_FALSE(has(search_space(model, {}, initial), "width"));
  CHECK(has(search_space(model, {}, initial), "drop"));
  const std::size_t at = model.source.find("channels=6");
  const std::string fourths = std::string(model.source).replace(at, 10, "channels=width / 4");
  CHECK_FALSE(has(search_space(parse_description(fourths), {}), "width"));
}

std::set<std::string> paths_of(const Description& model, const Overrides& overrides = {}) {
  std::set<std::string> paths;
  for (const Parameter& p : search_space(model, overrides)) paths.insert(p.path);
  return paths;
}

TEST_CASE("without a line `tune` layers are searched where numbers stand, and the text") {
  const std::set<std::string> of_all{
      "train.rate",     "train.batch",    "train.label_smoothing", "train.schedule",
      "text.tokenizer", "text.lowercase", "text.min_count",        "embedding.word_dropout"};
  const auto with = [&](std::set<std::string> others) {
    others.insert(of_all.begin(), of_all.end());
    return others;
  };
  CHECK(paths_of(described("")) == with({"width", "drop", "a.conv1d.kernel", "a.conv1d.channels"}));
  const auto starter = [](std::string_view name) {
    return parse_description(find_starter(name)->text, name);
  };
  CHECK(paths_of(starter("bow")) == with({"width", "drop", "text.word_ngrams"}));
  CHECK(paths_of(starter("textcnn")) == with({"width", "channels", "drop", "a.conv1d.kernel",
                                              "b.conv1d.kernel", "c.conv1d.kernel"}));
  // What is fixed, by whichever path, and what a constant says, is not searched by a layer's path.
  const std::vector<std::string> set{"a.kernel=4", "x.word_dropout=0.2"};
  CHECK(paths_of(starter("textcnn"), Overrides(set)).contains("b.conv1d.kernel"));
  CHECK_FALSE(paths_of(starter("textcnn"), Overrides(set)).contains("a.conv1d.kernel"));
  CHECK_FALSE(paths_of(starter("textcnn"), Overrides(set)).contains("embedding.word_dropout"));
  const Description named = parse_description(
      "model m\nk = 3\nd = 0.1\nx = embedding(text, width=4, word_dropout=d)\n"
      "y = x | conv1d(channels=4, kernel=k) | conv1d(channels=4, kernel=3) | max_pool\n"
      "output softmax(y | linear(labels))\n");
  CHECK(paths_of(named) == [&] {
    std::set<std::string> paths = with({"k", "d"});
    paths.erase("embedding.word_dropout");
    return paths;
  }());
}

TEST_CASE("whatever is drawn for a starter makes a description, and stands in its text") {
  for (const Starter& starter : all_starters()) {
    if (starter.text.find("pretrained(") != std::string_view::npos) continue;
    CAPTURE(starter.name);
    const Description model = parse_description(starter.text, starter.name);
    const auto space = search_space(model, {});
    for (std::uint64_t trial = 1; trial <= 60; ++trial) {
      const Assignments values = sample(space, 3, trial);
      CHECK_NOTHROW(check_values(model, {}, values, {}));
      Assignments left;
      const std::string text = put_values(model, values, left);
      CHECK(left.empty());
      // Lowered by its text it is the same as by these overrides.
      Overrides overrides;
      for (const auto& [path, value] : values) overrides.set(path, value);
      const Description written = parse_description(text, starter.name);
      const auto graph = [](const Description& description, const Overrides& set) {
        Graph g = lower(description, settings_of(description, set), {.labels = 2}, set).graph;
        for (Node& node : g.nodes) node.location = {};
        return print(g);
      };
      CHECK(graph(written, {}) == graph(model, overrides));
    }
  }
}

TEST_CASE("a line `tune` may name the arguments of layers") {
  const Description model =
      described("tune a.conv1d.kernel=range(2, 5) embedding.word_dropout=choice(0, 0.1)\n");
  const auto space = search_space(model, {});
  REQUIRE(space.size() == 2);
  CHECK(space[0].path == "a.conv1d.kernel");
  CHECK(space[1].path == "embedding.word_dropout");
  CHECK_THROWS_WITH(search_space(described("tune a.conv1d.kernel=range(0, 5)\n"), {}),
                    doctest::Contains("cannot be 0"));
}

TEST_CASE("a pretrained model decides how texts are read: that is not searched") {
  const auto folder = test::source_folder() / "../shared/data/pretrained/tiny-bert";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: there are no pretrained models: they belong in ../shared/data/pretrained");
    return;
  }
  const InitialSources initial{{}, folder.string()};
  const std::string source =
      "model bert\ntext max_tokens=32\nlogits = pretrained(text) | first | linear(labels)\n"
      "output softmax(logits)\ntrain adamw(rate=0.001) batch=8 epochs=2\n";
  const Description model = parse_description(source, "bert.model");
  std::set<std::string> paths;
  for (const Parameter& p : search_space(model, {}, initial)) paths.insert(p.path);
  CHECK(paths == std::set<std::string>{"train.rate", "train.batch", "train.label_smoothing",
                                       "train.schedule"});
  for (const char* line : {"tune tokenizer=choice(words, whitespace)\n",
                           "tune rate=log(0.001, 0.1) lowercase=choice(true, false)\n"}) {
    const Description tuned = parse_description(source + line, "bert.model");
    CHECK_THROWS_WITH(search_space(tuned, {}, initial),
                      doctest::Contains("beside `pretrained`: the model brings its tokenizer"));
  }
  CHECK_THROWS_WITH(check_values(model, {}, {{"lowercase", std::string("false")}}, initial),
                    doctest::Contains("--set: lowercase beside `pretrained`"));
  CHECK_NOTHROW(check_values(model, {}, {{"text.max_tokens", std::int64_t{16}}}, initial));
}

TEST_CASE("a bad line is an error with its place") {
  const auto says = [](std::string_view line, const char* part) {
    try {
      search_space(described(line), {});
    } catch (const Error& e) {
      return std::string_view(e.what()).find(part) != std::string_view::npos;
    }
    return false;
  };
  CHECK(says("tune widht=range(1, 2)\n", "small.model:10:6"));
  CHECK(says("tune widht=range(1, 2)\n", "did you mean `width`"));
  CHECK(says("tune channels=range(1, 2)\n", "neither a constant"));
  CHECK(says("tune channels=range(1, 2)\n", "give what is to be"));
  CHECK(says("tune width=8\n", "small.model:10:12"));
  CHECK(says("tune width=8\n", "range(LOW, HIGH)"));
  CHECK(says("tune width=range(9, 2)\n", "below the high end"));
  CHECK(says("tune rate=log(0, 2)\n", "above 0"));
  CHECK(says("tune rate=log(0, 2)\n", "use range"));
  CHECK(says("tune width=range(1, words)\n", "plain values"));
  CHECK(says("tune width=range(2, 4) width=range(4, 8)\n", "small.model:10:24"));
  CHECK(says("tune rate=range(0, 1) train.rate=range(0, 2)\n", "tuned twice"));
  CHECK(says("tune epochs=range(2, 4)\n", "small.model:10:6"));
  CHECK(says("tune epochs=range(2, 4)\n", "cannot be tuned"));
}

TEST_CASE("a value that the description cannot have is an error where it is written") {
  const auto says = [](std::string_view line, const char* place, const char* part) {
    try {
      search_space(described(line), {});
    } catch (const Error& e) {
      const std::string_view text = e.what();
      return text.find(place) != text.npos && text.find(part) != text.npos;
    }
    return false;
  };
  CHECK(says("tune rate=range(-1, 0.1)\n", "small.model:10:17", "rate=-1 must be a number"));
  CHECK(says("tune drop=range(0.5, 2.5)\n", "small.model:10:22", "`drop` cannot be 2.5"));
  CHECK(says("tune width=range(-10, -5)\n", "small.model:10:18", "an integer"));
  CHECK(says("tune width=range(1.5, 3.5)\n", "small.model:10:18", "an integer"));
  CHECK(says("tune batch=range(0.5, 1.5)\n", "small.model:10:18", "an integer"));
  CHECK(says("tune batch=range(1.0, 3.0)\n", "small.model:10:18", "leave the points out"));
  CHECK(says("tune schedule=choice(linear, bogus)\n", "small.model:10:30", "linear"));
}

// With nothing left over.
std::string put(const Description& model, const Assignments& values) {
  Assignments left;
  std::string text = put_values(model, values, left);
  CHECK(left.empty());
  return text;
}

TEST_CASE("values are put back where they stand, or added") {
  const Description model = described("");
  const std::string text = put(model, {{"width", std::int64_t{16}},
                                       {"width", std::int64_t{24}},
                                       {"drop", 0.35},
                                       {"rate", 0.1},
                                       {"train.adam.rate", 0.002},
                                       {"train.batch", std::int64_t{4}},
                                       {"train.label_smoothing", 0.1},
                                       {"train.beta1", 0.8},
                                       {"text.tokenizer", std::string("words")},
                                       {"text.min_count", std::int64_t{2}}});
  CHECK(text ==
        "model small  # the name stays\n"
        "text   tokenizer=words max_tokens=12 min_count=2\n"
        "width  = 24     # so does this\n"
        "drop   = 0.35\n"
        "x      = embedding(text, width=width)\n"
        "a      = x | conv1d(channels=6, kernel=3) | relu | max_pool\n"
        "logits = a | dropout(drop) | linear(labels)\n"
        "output softmax(logits)\n"
        "train  adam(beta1=0.8, rate=0.002) batch=4 epochs=5 label_smoothing=0.1\n");

  const Description bare =
      parse_description("model m\nfile = \"a\"\noutput softmax(x)", "bare.model");
  CHECK(put(bare, {{"train.rate", 0.5},
                   {"train.batch", std::int64_t{2}},
                   {"file", std::string("b \"c\".txt")}}) ==
        "model m\nfile = \"b \\\"c\\\".txt\"\noutput softmax(x)\ntrain adam(rate=0.5) batch=2\n");
}

TEST_CASE("arguments of layers are put where they stand, or added") {
  const Description model = parse_description(
      "model m\nx = embedding(text, width=4, static)\ny = embedding(text, width=4)\n"
      "z = concat(x, y) | conv1d(channels=4, kernel=3)\nw = z | relu | max_pool\n"
      "output softmax(w | dropout(0.5) | linear(labels))\n",
      "layers.model");
  CHECK(put(model, {{"embedding.word_dropout", 0.2},
                    {"y.word_dropout", 0.3},
                    {"conv1d.kernel", std::int64_t{4}},
                    {"z.conv1d.kernel", std::int64_t{5}},
                    {"z.conv1d.padding", std::string("valid")},
                    {"x.embedding.vectors", std::string("a b.txt")},
                    {"w.max_pool.size", std::int64_t{2}}}) ==
        "model m\nx = embedding(text, width=4, static, word_dropout=0.2, vectors=\"a b.txt\")\n"
        "y = embedding(text, width=4, word_dropout=0.3)\n"
        "z = concat(x, y) | conv1d(channels=4, kernel=5, padding=valid)\n"
        "w = z | relu | max_pool(size=2)\n"
        "output softmax(w | dropout(0.5) | linear(labels))\n");
  // By its position, or there is no such layer: no place.
  for (const char* path : {"dropout.rate", "x.conv1d.kernel", "z.conv1d2.kernel", "q.kernel"}) {
    Assignments left;
    CHECK(put_values(model, {{path, 0.25}}, left) == model.source);
    CHECK(left.size() == 1);
  }
}

TEST_CASE("values that stand in no one place are left over") {
  const Description model = parse_description(
      "model m\nbase = 0.1\nhalf = base / 2\nbatch = 3\noutput softmax(x)\n"
      "train adam(rate=base / 2) epochs=4\n",
      "computed.model");
  const Assignments values = {{"train.rate", 0.5},
                              {"half", 0.5},
                              {"batch", std::int64_t{2}},
                              {"train.batch", std::int64_t{5}},
                              {"a.conv1d.channels", std::int64_t{2}},
                              {"train.epochs", std::int64_t{7}}};
  Assignments left;
  const std::string text = put_values(model, values, left);
  CHECK(left == Assignments(values.begin(), values.end() - 1));
  CHECK(text == std::string(model.source).replace(text.find("epochs="), 8, "epochs=7"));
  const Description positional =
      parse_description("model m\noutput softmax(x)\ntrain sgd(0.1)\n", "p.model");
  left.clear();
  CHECK(put_values(positional, {{"train.rate", 0.5}}, left) == positional.source);
  CHECK(left.size() == 1);
}

}  // namespace
}  // namespace weft
