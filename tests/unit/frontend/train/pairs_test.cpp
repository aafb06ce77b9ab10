// Pairs of texts: the published tokens go in, and the logits are those of BERT as its paper has it,
// written down here once more, in double.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "frontend/report/explain.h"
#include "frontend/train/import_pretrained.h"
#include "frontend/train/plan_settings.h"
#include "ir/plan/program_interface.h"
#include "passes/pass.h"
#include "runtime/session.h"
#include "runtime/text/tokenizers.h"
#include "runtime/weft.h"
#include "tests/support/interpreted_plan.h"
#include "tests/support/temporary_file.h"
#include "tests/support/token_lines.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using test::doubles;
using Numbers = std::vector<double>;

bool skipped() {
  if (fs::exists(test::pretrained_models() / "README.md")) return false;
  MESSAGE("skipped: there are no pretrained models: they belong in ../shared/data/pretrained");
  return true;
}

Plan pair_plan(const std::string& model) {
  return import_pretrained((test::pretrained_models() / model).string(), {}, {}, /*pair=*/true);
}

// The golden lines that are pairs, and fit into the plan or are cut.
std::vector<test::TokenLine> pair_lines(const std::string& model, const Plan& plan) {
  auto lines = test::read_token_lines(test::pretrained_models() / model);
  std::erase_if(lines, [&](const test::TokenLine& line) {
    return !line.pair || static_cast<std::int64_t>(line.ids.size()) > plan.text.max_tokens;
  });
  return lines;
}

// The sessions that read pairs up to one length or another.
class Sessions {
 public:
  explicit Sessions(Plan plan) : plan_(std::move(plan)) {}

  Session& of(const test::TokenLine& line) {
    const std::int64_t length = line.max_length.value_or(plan_.text.max_tokens);
    const auto found = sessions_.find(length);
    if (found != sessions_.end()) return found->second;
    Plan plan = plan_;
    plan.text.max_tokens = length;
    return sessions_.emplace(length, Session(std::move(plan), {.threads = 1})).first->second;
  }

 private:
  Plan plan_;
  std::map<std::int64_t, Session> sessions_;
};

// The weights of a plan by the names of frontend/pretrained.
using Weights = std::map<std::string, Numbers>;
Weights weights_of(const Plan& plan) {
  Weights weights;
  for (const Value& value : plan.program("train")->values) {
    const auto name = value.attrs.find("pretrained");
    if (value.role != Role::param || name == value.attrs.end()) continue;
    weights[std::get<std::string>(name->second)] = doubles(*plan.tensor(value.name));
  }
  return weights;
}

// BERT on one sequence (Devlin et al. 2018).
class Bert {
 public:
  Bert(const PretrainedConfig& config, Weights weights) : c_(config), w_(std::move(weights)) {}

  Numbers& weight(const std::string& name) { return w_.at(name); }

  Numbers logits(const std::vector<std::int32_t>& ids, const std::vector<std::int32_t>& types) {
    rows_ = ids.size();
    const std::size_t width = size(c_.width);
    Numbers x(rows_ * width);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t t = i / width, c = i % width;
      x[i] = w_.at("words")[size(ids[t]) * width + c] + w_.at("positions")[t * width + c] +
             w_.at("types")[size(types[t]) * width + c];
    }
    normalize(x, "embedding_norm");
    for (std::int64_t layer = 0; layer < c_.layers; ++layer) {
      const std::string at = "layer" + std::to_string(layer) + ".";
      add(x, linear(attention(linear(x, at + "qkv")), at + "output"));
      normalize(x, at + "attention_norm");
      Numbers inner = linear(x, at + "up");
      for (double& v : inner) v = v * 0.5 * (1 + std::erf(v / std::sqrt(2.0)));
      add(x, linear(inner, at + "down"));
      normalize(x, at + "feed_norm");
    }
    x.resize(width);  // of the first token
    rows_ = 1;
    x = linear(x, "pooler");
    for (double& v : x) v = std::tanh(v);
    return linear(x, "classifier");
  }

 private:
  static std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

  Numbers linear(const Numbers& x, const std::string& name) const {
    const Numbers &w = w_.at(name + ".weight"), &bias = w_.at(name + ".bias");
    const std::size_t in = x.size() / rows_, out = bias.size();
    Numbers y(rows_ * out);
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = bias[i % out];
      for (std::size_t k = 0; k < in; ++k) y[i] += x[i / out * in + k] * w[k * out + i % out];
    }
    return y;
  }

  Numbers attention(const Numbers& qkv) const {
    const std::size_t width = size(c_.width), d = width / size(c_.heads);
    Numbers y(rows_ * width, 0.0);
    const auto at = [&](std::size_t t, std::size_t part, std::size_t c) {
      return qkv[t * 3 * width + part * width + c];
    };
    for (std::size_t i = 0; i < rows_ * size(c_.heads); ++i) {
      const std::size_t t = i % rows_, first = i / rows_ * d;
      Numbers p(rows_);
      for (std::size_t s = 0; s < rows_; ++s) {
        double score = 0;
        for (std::size_t c = first; c < first + d; ++c) score += at(t, 0, c) * at(s, 1, c);
        p[s] = std::exp(score / std::sqrt(static_cast<double>(d)));
      }
      const double sum = std::accumulate(p.begin(), p.end(), 0.0);
      for (std::size_t s = 0; s < rows_; ++s) {
        for (std::size_t c = first; c < first + d; ++c) {
          y[t * width + c] += p[s] / sum * at(s, 2, c);
        }
      }
    }
    return y;
  }

  static void add(Numbers& x, const Numbers& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }

  void normalize(Numbers& x, const std::string& name) const {
    const Numbers &gamma = w_.at(name + ".gamma"), &beta = w_.at(name + ".beta");
    const std::size_t width = gamma.size();
    for (std::size_t begin = 0; begin < x.size(); begin += width) {
      double mean = 0, variance = 0;
      for (std::size_t c = 0; c < width; ++c) mean += x[begin + c];
      mean /= static_cast<double>(width);
      for (std::size_t c = 0; c < width; ++c) variance += std::pow(x[begin + c] - mean, 2);
      variance /= static_cast<double>(width);
      for (std::size_t c = 0; c < width; ++c) {
        x[begin + c] =
            (x[begin + c] - mean) / std::sqrt(variance + c_.epsilon) * gamma[c] + beta[c];
      }
    }
  }

  PretrainedConfig c_;
  Weights w_;
  std::size_t rows_ = 0;
};

TEST_CASE("pairs: BERT's logits from text, for every golden pair, are those of its paper") {
  if (skipped()) return;
  const std::string model = "tiny-bert-classifier";
  const Plan plan = pair_plan(model);
  CHECK(plan.text.pair);
  Bert bert(*pretrained_of(plan), weights_of(plan));
  const auto lines = pair_lines(model, plan);
  CHECK(lines.size() > 10);
  const std::vector<std::byte> file = encode_plan(plan);  // the plan refers to it
  Sessions sessions(decode_plan(file));
  Predictions out;
  std::size_t both = 0;
  for (const test::TokenLine& line : lines) {
    CAPTURE(line.text);
    REQUIRE(line.types.size() == line.ids.size());
    both += std::ranges::find(line.types, 1) != line.types.end() ? 1 : 0;
    const Numbers expected = bert.logits(line.ids, line.types);
    sessions.of(line).predict(std::array{TextInput{line.text, line.pair}}, out);
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(std::abs(static_cast<double>(out.logits(0)[c]) - expected[c]) < 1e-5);
    }
  }
  CHECK(both > 10);
}

TEST_CASE("pairs: every family reads the golden tokens") {
  if (skipped()) return;
  for (const char* model : {"tiny-bert-classifier", "tiny-roberta-classifier",
                            "tiny-distilbert-classifier", "tiny-gpt2-classifier"}) {
    CAPTURE(model);
    const Plan plan = pair_plan(model);
    const bool typed = std::string(model) == "tiny-bert-classifier";
    CHECK(has_input(*plan.program("predict"), programs::kTypes) == typed);
    CHECK(has_input(*plan.program("train"), programs::kTypes) == typed);
    Sessions sessions(plan);
    Predictions from_text, from_ids;
    const auto lines = pair_lines(model, plan);
    CHECK(lines.size() > 10);
    for (const test::TokenLine& line : lines) {
      Session& session = sessions.of(line);
      session.predict(std::array{TextInput{line.text, line.pair}}, from_text);
      const std::vector<std::int64_t> offsets{0, static_cast<std::int64_t>(line.ids.size())};
      session.predict_ids({line.ids, offsets, line.types}, from_ids);
      CHECK(std::ranges::equal(from_text.logits(0), from_ids.logits(0)));
    }
  }
}

TEST_CASE("pairs: a model reads one text, and an empty pair, as one without pairs does") {
  if (skipped()) return;
  const std::string model = "tiny-bert-classifier";
  Session pairs(pair_plan(model), {.threads = 1});
  Session single(import_pretrained((test::pretrained_models() / model).string(), {}),
                 {.threads = 1});
  Predictions one, two, three;
  single.predict(std::array<std::string_view, 1>{"a film"}, one);
  pairs.predict(std::array<std::string_view, 1>{"a film"}, two);
  pairs.predict(std::array{TextInput{"a film", ""}}, three);
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(one.logits(0)[c] == doctest::Approx(two.logits(0)[c]).epsilon(1e-5));
    CHECK(three.logits(0)[c] == two.logits(0)[c]);
  }
  CHECK_THROWS_WITH_AS(single.predict(std::array{TextInput{"a film", "a book"}}, one),
                       doctest::Contains("reads one text"), Error);
  const std::vector<std::int32_t> ids{1, 2}, types{0, 2};
  const std::vector<std::int64_t> offsets{0, 2};
  CHECK_THROWS_WITH_AS(pairs.predict_ids({ids, offsets, types}, one),
                       doctest::Contains("has the type 2"), Error);
  CHECK_THROWS_WITH_AS(pairs.predict_ids({ids, offsets, std::span(types).first(1)}, one),
                       doctest::Contains("types for 1"), Error);
}

TEST_CASE("pairs: the gradient of the types' vectors is the difference of the loss") {
  if (skipped()) return;
  const std::string model = "tiny-bert-classifier";
  const Plan plan = pair_plan(model);
  const auto lines = pair_lines(model, plan);
  const test::TokenLine& line = lines[3];
  const auto tokens = static_cast<std::int64_t>(line.ids.size());
  std::int64_t rows = 0;
  for (const PlanTensor& tensor : plan.tensors) {
    if (tensor.name == "x.pretrained.words") rows = tensor.type.shape[0].value;
  }
  PassContext context;
  const Graph graph =
      run_passes(sized(lower_again(plan).graph, batch_sizes(rows, 1, tokens, plan.text)),
                 parse_passes("infer-only"), context);
  CHECK(graph.find_value("x.pretrained.types") != nullptr);
  const Graph trained =
      run_passes(sized(lower_again(plan).graph, batch_sizes(rows, 1, tokens, plan.text)),
                 parse_passes("autodiff"), context);
  Bindings given;
  for (const PlanTensor& tensor : plan.tensors) given[tensor.name] = test::tensor_of(tensor);
  const auto put = [&](const char* name, const std::vector<std::int32_t>& numbers) {
    given[name] = Tensor({static_cast<std::int64_t>(numbers.size())});
    given[name].data.assign(numbers.begin(), numbers.end());
  };
  put("ids", line.ids);
  put("types", line.types);
  put("offsets", {0, static_cast<std::int32_t>(tokens)});
  put("labels", {1});
  given["seed"] = given["step"] = Tensor(Extents{}, 0.0);
  // Dropout off: what is random cannot be differenced.
  Graph still = trained;
  for (Node& node : still.nodes) {
    for (const char* rate : {"rate"}) {
      if (node.attrs.contains(rate)) node.attrs[rate] = 0.0;
    }
  }
  const Interpretation ended = interpret(still, given);
  Bert bert(*pretrained_of(plan), weights_of(plan));
  const auto loss = [&] {
    const Numbers z = bert.logits(line.ids, line.types);
    return std::log(std::exp(z[0]) + std::exp(z[1]) + std::exp(z[2])) - z[1];
  };
  CHECK(ended.results[0].data[0] == doctest::Approx(loss()).epsilon(1e-9));
  std::size_t checked = 0;
  for (std::size_t r = 0; r < still.results.size(); ++r) {
    if (still[still.results[r]].name != "x.pretrained.types.grad") continue;
    Numbers& types = bert.weight("types");
    for (std::size_t i = 0; i < types.size(); i += 5) {
      const double before = types[i];
      types[i] = before + 1e-5;
      const double up = loss();
      types[i] = before - 1e-5;
      const double down = loss();
      types[i] = before;
      CHECK(ended.results[r].data[i] == doctest::Approx((up - down) / 2e-5).epsilon(1e-6));
      ++checked;
    }
  }
  CHECK(checked > 10);
}

TEST_CASE("pairs: training by kernels is what the interpreter computes") {
  if (skipped()) return;
  const std::string model = "tiny-bert-classifier";
  Plan plan = pair_plan(model);
  for (Graph& program : plan.programs) {
    for (Node& node : program.nodes) {
      if (node.attrs.contains("rate")) node.attrs["rate"] = 0.0;
    }
  }
  const auto lines = pair_lines(model, plan);
  Session session(plan, {.threads = 1, .train = true});
  std::vector<TextInput> inputs;
  Bindings bindings;
  std::vector<double> ids, types, offsets{0};
  for (std::size_t i = 0; i < 3; ++i) {
    inputs.push_back({lines[i].text, lines[i].pair});
    ids.insert(ids.end(), lines[i].ids.begin(), lines[i].ids.end());
    types.insert(types.end(), lines[i].types.begin(), lines[i].types.end());
    offsets.push_back(static_cast<double>(ids.size()));
  }
  const auto put = [&](const char* name, const std::vector<double>& numbers) {
    bindings[name] = Tensor({static_cast<std::int64_t>(numbers.size())});
    bindings[name].data = numbers;
  };
  put("ids", ids);
  put("types", types);
  put("offsets", offsets);
  put("labels", {0, 1, 2});
  bindings["rate"] = Tensor(Extents{}, 0.001);
  test::Interpreted truth(plan);
  const std::vector<std::int32_t> labels{0, 1, 2};
  for (int i = 0; i < 2; ++i) {
    const double expected = truth.run("train", bindings)[0].data[0];
    CHECK(session.train_step(inputs, {labels}, 0.001) == doctest::Approx(expected).epsilon(1e-4));
  }
}

TEST_CASE("pairs: C gets the answers that C++ gets, and trains the same") {
  if (skipped()) return;
  const TemporaryFile file("pairs.plan", "");
  save_plan(pair_plan("tiny-bert-classifier"), file.path());
  Session session = Session::load(file.path(), {.threads = 1, .train = true});
  weft_session* const c = weft_load(file.path().c_str(), 1, 1);
  REQUIRE(c != nullptr);
  const std::array<const char*, 2> texts{"a good film", "films"}, pairs{"the book", ""};
  const std::array<std::size_t, 2> lengths{6, 5}, pair_lengths{8, 0};
  const std::vector<TextInput> inputs{{"a good", "the book"}, {"films", ""}};
  std::array<std::int32_t, 2> labels{};
  std::array<float, 6> probabilities{};
  const auto same_answers = [&] {
    Predictions out;
    session.predict(inputs, out);
    REQUIRE(weft_predict_pairs(c, texts.data(), lengths.data(), pairs.data(), pair_lengths.data(),
                               2, labels.data(), probabilities.data()) == WEFT_OK);
    for (std::size_t i = 0; i < 6; ++i) CHECK(probabilities[i] == out.probabilities(i / 3)[i % 3]);
  };
  same_answers();
  labels = {0, 1};
  double loss = 0;
  const double expected = session.train_step(inputs, {labels}, 0.01);
  REQUIRE(weft_train_step_pairs(c, texts.data(), lengths.data(), pairs.data(), nullptr, 2,
                                labels.data(), 0.01, &loss) == WEFT_OK);
  CHECK(loss == expected);
  same_answers();
  weft_free(c);
}

TEST_CASE("pairs: an explanation gives the places of both texts") {
  if (skipped()) return;
  const Plan plan = pair_plan("tiny-bert-classifier");
  Session session(plan, {.threads = 1});
  const Explainer explainer(session.plan(), session.encoder());
  const std::string text = "a good film\tthe book";
  const Explanation found = explainer.explain(text, 1);
  Predictions out;
  session.predict(std::array{split_pair(text)}, out);
  CHECK(found.logit == doctest::Approx(out.logits(0)[1]).epsilon(1e-4));
  std::uint32_t furthest = 0;
  for (const TextSpan& span : found.words) {
    CHECK(span.end <= text.size());
    CHECK((span.end <= 11 || span.begin >= 12 || span.begin == span.end));
    furthest = std::max(furthest, span.end);
  }
  CHECK(furthest == text.size());
}

}  // namespace
}  // namespace weft
