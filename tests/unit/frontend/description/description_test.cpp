// Model descriptions: every tests/models/*.model against the graph or the errors it gives, in full.
//
//   model NAME
//   …
//   # ---- expected
//   the forward graph as IR text, or the message
//
// `weft_tests --update-golden` rewrites the expected half: read the difference before committing
// it.
#include "frontend/description/description.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "frontend/description/lower.h"
#include "frontend/description/starters.h"
#include "frontend/format/suggest.h"
#include "frontend/train/initialize_weights.h"
#include "ir/interpret.h"
#include "ir/op.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "tests/support/golden.h"
#include "tests/support/source_folder.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExpected = "# ---- expected\n";
// Few enough that the goldens of all models with two labels per text are readable.
constexpr GraphSizes kSizes{.vocabulary = 1000, .examples = 8, .tokens = 400, .windows = 16};

// The model that a layer `pretrained` begins with in these tests: small, without a folder.
PretrainedConfig small_encoder() {
  PretrainedConfig config;
  config.family = "bert";
  config.layers = 1;
  config.width = 8;
  config.heads = 2;
  config.inner = 16;
  config.positions = 40;
  config.types = 2;
  config.vocabulary = 1000;
  config.epsilon = 1e-12;
  config.hidden_dropout = config.embedding_dropout = config.attention_dropout = 0.1;
  return config;
}

std::int64_t labels(const std::string& name) { return name.starts_with("binary") ? 2 : 3; }

Lowered lowered(std::string_view text, std::vector<std::string> set = {},
                const std::string& name = "x.model") {
  const Description model = parse_description(text, name);
  const Overrides overrides(set);
  const DescriptionSettings settings = settings_of(model, overrides);
  PretrainedSource pretrained(small_encoder());
  Lowered result = lower(model, settings, {labels(name), {}, nullptr, &pretrained}, overrides);
  result.graph = sized(result.graph, kSizes);
  verify(result.graph);
  return result;
}

std::string outcome(std::string_view text, const std::string& name) {
  try {
    return print(lowered(text, {}, name).graph);
  } catch (const Error& e) {
    return std::string(e.what()) + "\n";
  }
}

std::string message(std::string_view text, std::vector<std::string> set) {
  try {
    lowered(text, std::move(set));
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

std::vector<fs::path> model_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(test::source_folder() / "tests/models")) {
    if (entry.path().extension() == ".model") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

TEST_CASE("every description gives its golden graph or message") {
  REQUIRE(!model_files().empty());
  for (const fs::path& path : model_files()) {
    const std::string name = path.filename().string();
    CAPTURE(name);
    std::ostringstream stream;
    stream << std::ifstream(path).rdbuf();
    const std::string text = stream.str();
    const std::size_t split = std::min(text.find(kExpected), text.size());
    const std::string description = text.substr(0, split);
    const std::string result = outcome(description, name);
    if (update_golden()) {
      std::ofstream(path) << description << kExpected << result;
      continue;
    }
    REQUIRE_MESSAGE(split < text.size(), "run weft_tests --update-golden");
    CHECK(result == text.substr(split + kExpected.size()));
    CHECK((result.find("error:") != std::string::npos) == name.starts_with("bad_"));
  }
}

TEST_CASE("every starter lowers and is a graph that verifies") {
  CHECK(all_starters().size() == 13);
  for (const Starter& starter : all_starters()) {
    CAPTURE(starter.name);
    CHECK(starter.text.starts_with("# "));
    CHECK_NOTHROW(lowered(starter.text));
    CHECK(find_starter(starter.name) != nullptr);
  }
  CHECK(find_starter("nosuch") == nullptr);
}

TEST_CASE("overrides reach constants, settings and arguments, by every path that fits") {
  const std::string_view text = find_starter("textcnn")->text;
  const auto type_of = [&](std::vector<std::string> set, std::string_view value) {
    const Lowered model = lowered(text, std::move(set));
    return to_string(model.graph.find_value(value)->type);
  };
  CHECK(type_of({"width=8"}, "x.embedding.weight") == "f32[1000, 8]");
  CHECK(type_of({"conv1d.channels=7"}, "a.conv1d.weight") == "f32[3, 300, 7]");
  CHECK(type_of({"conv1d.channels=7"}, "c.conv1d.weight") == "f32[5, 300, 7]");
  CHECK(type_of({"b.conv1d.channels=7"}, "b.conv1d.weight") == "f32[4, 300, 7]");
  CHECK(type_of({"b.channels=7"}, "b.conv1d.weight") == "f32[4, 300, 7]");
  CHECK(type_of({"b.channels=7"}, "a.conv1d.weight") == "f32[3, 300, 100]");
  CHECK(type_of({"channels=9", "channels=7"}, "a.conv1d.weight") == "f32[3, 300, 7]");

  const Description model = parse_description(text, "x");
  Overrides overrides(std::vector<std::string>{"batch=64", "train.epochs=3", "adam.rate=0.5",
                                               "text.tokenizer=whitespace"});
  const DescriptionSettings settings = settings_of(model, overrides);
  CHECK(settings.batch == 64);
  CHECK(settings.epochs == 3);
  CHECK(settings.learning_rate == 0.5);
  CHECK(settings.text.tokenizer == "whitespace");

  CHECK(message(text, {"conv1d.chanels=7"}).find("no such setting") != std::string::npos);
  CHECK(message(text, {"widht=7"}).find("did you mean `width`?") != std::string::npos);
  CHECK(message(text, {"conv1d.channels=0"}).find("must be an integer from 1") !=
        std::string::npos);
  CHECK(message(text, {"train.batch=many"}).find("must be an integer") != std::string::npos);
  CHECK(message(text, {"width"}).find("expected name=value") != std::string::npos);
}

TEST_CASE("a pipe means the same as a call, and parentheses group") {
  const auto graph = [](const std::string& line) {
    Graph g = lowered("model m\nx = embedding(text, width=4)\n" + line +
                      "\noutput softmax(y | max_pool | linear(labels))\n")
                  .graph;
    for (Node& node : g.nodes) node.location = {};
    return print(g);
  };
  CHECK(graph("y = x | relu | tanh") == graph("y = tanh(relu(x))"));
  CHECK(graph("y = x + x | relu") == graph("y = relu(add(x, x))"));
  CHECK(graph("y = x + (x | relu)") == graph("y = add(x, relu(x))"));
  CHECK(graph("y = x\n  | relu") == graph("y = x | relu  # comment"));
  CHECK(graph("k = 2 + 3 * 4 - 6 / 3\ny = x | conv1d(k, 3)") == graph("y = x | conv1d(12, 3)"));
}

TEST_CASE("hostile descriptions get a message, not a crash") {
  const std::string deep = "model m\nx = " + std::string(100000, '(') + "\n";
  CHECK(message(deep, {}).find("nested parentheses") != std::string::npos);
  std::string wide = "model m\nx = 1";
  for (int i = 0; i < 100000; ++i) wide += "+1";
  CHECK(message(wide + "\n", {}).find("operators in one statement") != std::string::npos);
  CHECK(message("model m\nx = 99999999999999999999e999\n", {}).find("too large") !=
        std::string::npos);
  CHECK(message("model m\nx = embedding(text, width=1048576)\noutput softmax(x)\n"
                "text vocabulary=2000000000\n",
                {}) != "no error");
  // Whatever is cut off or replaced, the parser answers.
  const std::string whole(find_starter("deepcnn")->text);
  for (std::size_t cut = 0; cut < whole.size(); cut += 7) message(whole.substr(0, cut), {});
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string changed = whole;
    changed[at] = "(|=,\n)+\"x9"[at % 10];
    message(changed, {});
  }
}

// The textcnn graph against the same sums written by hand.
TEST_CASE("a lowered model computes what its description says") {
  const Graph graph = lowered(
                          "model m\nx = embedding(text, width=2)\n"
                          "a = x | conv1d(channels=1, kernel=2, padding=valid) | relu\n"
                          "output softmax(a | max_pool | linear(labels, bias=false))\n")
                          .graph;
  Bindings given;
  given["ids"] = Tensor({3}, 0);
  given["ids"].data = {1, 2, 1};
  given["offsets"] = Tensor({2});
  given["offsets"].data = {0, 3};
  given["labels"] = Tensor({1}, 2);
  given["x.embedding.weight"] = Tensor({1000, 2});
  given["x.embedding.weight"].data[2] = 1;  // word 1: (1, 2); word 2: (3, 4)
  given["x.embedding.weight"].data[3] = 2;
  given["x.embedding.weight"].data[4] = 3;
  given["x.embedding.weight"].data[5] = 4;
  given["a.conv1d.weight"] = Tensor({2, 2, 1});
  given["a.conv1d.weight"].data = {1, 0.5, -1, 2};
  given["a.conv1d.bias"] = Tensor({1}, 0.25);
  given["output.linear.weight"] = Tensor({1, 3});
  given["output.linear.weight"].data = {1, 2, -1};
  const std::vector<Tensor> results = interpret(graph, given).results;
  // windows: (1,2),(3,4): 1+1 + -3+8 = 7; (3,4),(1,2): 3+2 + -1+4 = 8; + 0.25
  CHECK(results[1].data == std::vector<double>{8.25, 16.5, -8.25});
  const double sum = std::exp(8.25) + std::exp(16.5) + std::exp(-8.25);
  CHECK(results[0].data[0] == doctest::Approx(-std::log(std::exp(-8.25) / sum)));
  CHECK(results[2].data[1] == doctest::Approx(std::exp(16.5) / sum));
}

TEST_CASE("the row of unknown words begins at zero") {
  Value value{"x.embedding.weight", {DType::f32, {Dim(10), Dim(4)}, {}}, Role::param, {}, {}};
  value.attrs = {{"init", "uniform"}, {"scale", 0.5}, {"zero_rows", std::int64_t{1}}};
  std::vector<float> data(40);
  initialize(value, 1, std::as_writable_bytes(std::span(data)));
  CHECK(std::count(data.begin(), data.begin() + 4, 0.0F) == 4);
  CHECK(std::count(data.begin() + 4, data.end(), 0.0F) == 0);
}

TEST_CASE("first weights depend on seed and name only") {
  Value value{"a.conv1d.weight", {DType::f32, {Dim(10), Dim(100)}, {}}, Role::param, {}, {}};
  value.attrs = {{"init", "uniform"}, {"scale", 0.5}};
  const auto fill = [&](std::uint64_t seed) {
    std::vector<float> data(1000);
    initialize(value, seed, std::as_writable_bytes(std::span(data)));
    return data;
  };
  const std::vector<float> first = fill(1);
  CHECK(first == fill(1));
  CHECK(first != fill(2));
  double mean = 0;
  double square = 0;
  for (const float x : first) {
    CHECK(std::abs(x) <= 0.5F);
    mean += x / 1000.0;
    square += x * x / 1000.0;
  }
  CHECK(std::abs(mean) < 0.03);
  CHECK(square == doctest::Approx(0.25 / 3).epsilon(0.1));
  value.name = "b.conv1d.weight";
  CHECK(first != fill(1));
  value.attrs = {{"init", "ones"}};
  CHECK(fill(1) == std::vector<float>(1000, 1.0F));
  value.attrs = {{"init", "magic"}};
  CHECK_THROWS_AS(fill(1), Error);
}

TEST_CASE("suggestions are the nearest names") {
  const std::vector<std::string> known = {"relu", "gelu", "conv1d", "max_pool"};
  CHECK(nearest("rleu", known) == "relu");
  CHECK(nearest("covn1d", known) == "conv1d");
  CHECK(nearest("maxpool", known) == "max_pool");
  CHECK(nearest("attention", known).empty());
  CHECK(nearest(std::string(1000, 'x'), known).empty());
  CHECK(suggestion("attention", known) == "known: relu, gelu, conv1d, max_pool");
  // Of a long list the nearest three.
  std::vector<std::string> many = known;
  for (int i = 0; i < 40; ++i) many.push_back("train.setting_number_" + std::to_string(i));
  many.push_back("mean_pool");
  CHECK(suggestion("qqqqqqqqqqq", many) == "the nearest of 45 names: relu, gelu, conv1d");
}

}  // namespace
}  // namespace weft
