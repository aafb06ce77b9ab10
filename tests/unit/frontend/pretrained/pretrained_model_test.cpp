// Pretrained models: the nine reference folders against a reader of its own, written back and read
// again; and folders whose tensors do not fit their config.
#include "frontend/pretrained/pretrained_model.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "frontend/pretrained/write_pretrained.h"
#include "ir/diagnostic.h"
#include "runtime/resources/threads.h"
#include "tests/support/source_folder.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

const fs::path kFolders = test::source_folder() / "../shared/data/pretrained";
constexpr std::array kNames = {"minilm-l6",
                               "tiny-bert",
                               "tiny-bert-classifier",
                               "tiny-roberta",
                               "tiny-gpt2",
                               "tiny-distilbert",
                               "tiny-distilbert-classifier",
                               "tiny-roberta-classifier",
                               "tiny-gpt2-classifier"};

bool have_folders() {
  if (fs::exists(kFolders / "README.md")) return true;
  MESSAGE("skipped: there are no pretrained models: they belong in ../shared/data/pretrained");
  return false;
}

// Reads good files only.
class OtherReader {
 public:
  explicit OtherReader(const fs::path& folder) {
    for (const auto& file : fs::directory_iterator(folder)) {
      if (file.path().extension() == ".safetensors") add(read_text_file(file.path().string()));
    }
  }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& item : tensors_) names.insert(item.first);
    return names;
  }

  std::vector<std::int64_t> shape(const std::string& name) const {
    return tensors_.at(name).first["shape"].get<std::vector<std::int64_t>>();
  }

  std::vector<double> values(const std::string& name) const {
    const auto& [header, bytes] = tensors_.at(name);
    const std::string type = header["dtype"];
    const std::size_t size = type == "F32" ? 4 : 2;
    std::vector<double> values;
    for (std::size_t at = 0; at + size <= bytes.size(); at += size) {
      values.push_back(type == "F32" ? whole(bytes, at) : half(bytes, at, type == "F16"));
    }
    return values;
  }

 private:
  static double whole(const std::string& bytes, std::size_t at) {
    float value = 0;
    std::memcpy(&value, bytes.data() + at, 4);
    return static_cast<double>(value);
  }

  static double half(const std::string& bytes, std::size_t at, bool is_f16) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + at, 2);
    const int mantissa_bits = is_f16 ? 10 : 7, bias = is_f16 ? 15 : 127;
    const int exponent = (bits & 0x7FFF) >> mantissa_bits;
    const double mantissa =
        (bits & ((1 << mantissa_bits) - 1)) * std::ldexp(1.0, -mantissa_bits) + (exponent > 0);
    return (bits >> 15 ? -1 : 1) * std::ldexp(mantissa, std::max(exponent, 1) - bias);
  }

  void add(const std::string& file) {
    std::uint64_t size = 0;
    std::memcpy(&size, file.data(), 8);
    const auto whole = nlohmann::json::parse(file.substr(8, size));
    for (const auto& [name, header] : whole.items()) {
      if (name == "__metadata__") continue;
      const std::size_t begin = header["data_offsets"][0], end = header["data_offsets"][1];
      tensors_[name] = {header, file.substr(8 + size + begin, end - begin)};
    }
  }

  std::map<std::string, std::pair<nlohmann::json, std::string>> tensors_;
};

std::vector<float> values_of(const PretrainedModel& model, std::string_view name, int threads = 1) {
  const auto weight = std::ranges::find(model.weights(), name, &PretrainedWeight::name);
  REQUIRE(weight != model.weights().end());
  std::vector<float> values(static_cast<std::size_t>(elements_of(weight->shape)));
  model.read(name, values, threads);
  return values;
}

std::map<std::string, std::vector<float>> all_values(const PretrainedModel& model) {
  std::map<std::string, std::vector<float>> values;
  for (const PretrainedWeight& weight : model.weights()) {
    values[weight.name] = values_of(model, weight.name);
  }
  return values;
}

WeightValues from(const std::map<std::string, std::vector<float>>& values) {
  return [&values](const std::string& name) {
    const auto at = values.find(name);
    return at == values.end() ? std::span<const float>() : std::span<const float>(at->second);
  };
}

TEST_CASE("pretrained: shapes of the reference folders") {
  if (!have_folders()) return;
  for (const char* name : kNames) {
    CAPTURE(name);
    const PretrainedModel model((kFolders / name).string());
    const PretrainedConfig& c = model.config();
    const bool classifier = std::string_view(name).ends_with("classifier");
    const bool bert = c.family == "bert", gpt2 = c.family == "gpt2";
    CHECK(c.labels.size() == (classifier ? 3 : 0));
    const std::int64_t h = c.width, i = c.inner;
    std::map<std::string, Extents> expected = {{"words", {c.vocabulary, h}},
                                               {"positions", {c.positions, h}}};
    const auto norm = [&](const std::string& of) {
      expected[of + ".gamma"] = {h};
      expected[of + ".beta"] = {h};
    };
    if (c.types > 0) expected["types"] = {c.types, h};
    norm(gpt2 ? "final_norm" : "embedding_norm");
    for (std::int64_t n = 0; n < c.layers; ++n) {
      const std::string layer = fmt::format("layer{}.", n);
      norm(layer + "attention_norm");
      norm(layer + "feed_norm");
      expected[layer + "qkv.weight"] = {h, 3 * h};
      expected[layer + "qkv.bias"] = {3 * h};
      expected[layer + "output.weight"] = {h, h};
      expected[layer + "output.bias"] = {h};
      expected[layer + "up.weight"] = {h, i};
      expected[layer + "up.bias"] = {i};
      expected[layer + "down.weight"] = {i, h};
      expected[layer + "down.bias"] = {h};
    }
    if (bert) {
      expected["pooler.weight"] = {h, h};
      expected["pooler.bias"] = {h};
    }
    if (classifier) {
      expected["classifier.weight"] = {h, 3};
      if (!gpt2) expected["classifier.bias"] = {3};
      if (!gpt2 && !bert) expected["dense.weight"] = {h, h};
      if (!gpt2 && !bert) expected["dense.bias"] = {h};
    }
    std::map<std::string, Extents> found;
    for (const PretrainedWeight& weight : model.weights()) found[weight.name] = weight.shape;
    CHECK(found == expected);
    CHECK(model.weights().size() == expected.size());
    CHECK(model.has("words"));
    CHECK(model.has("pooler.weight") == bert);
    CHECK_FALSE(model.has("word"));
  }
  const auto unused = [](const char* name) {
    return PretrainedModel((kFolders / name).string()).unused();
  };
  CHECK(unused("tiny-bert").size() == 1);
  CHECK(unused("tiny-bert").at(0) == "cls.* (7 tensors): the heads of pretraining");
  CHECK(unused("tiny-roberta").size() == 1);
  CHECK(unused("tiny-distilbert").size() == 1);
  CHECK(unused("tiny-gpt2").empty());
  CHECK(unused("tiny-bert-classifier").empty());
}

// By hand, from the files' layout: linear weights are [out, in] but for GPT-2's.
TEST_CASE("pretrained: values of the reference folders") {
  if (!have_folders()) return;
  const auto check = [](const char* folder, const char* weight, const char* tensor,
                        bool transposed = false, std::int64_t first = 0, std::int64_t width = 0) {
    CAPTURE(folder);
    CAPTURE(tensor);
    const PretrainedModel model((kFolders / folder).string());
    const OtherReader other(kFolders / folder);
    const std::vector<std::int64_t> shape = other.shape(tensor);
    const std::vector<double> expected = other.values(tensor);
    for (const int threads : {1, 3}) {
      const std::vector<float> values = values_of(model, weight, threads);
      const std::int64_t rows = shape.size() == 1 ? 1 : shape[0], columns = shape.back();
      const std::int64_t stride = width > 0 ? width : (transposed ? rows : columns);
      int wrong = 0;
      for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < columns; ++c) {
          const std::int64_t at = transposed ? c * stride + first + r : r * stride + first + c;
          const double found = static_cast<double>(values[static_cast<std::size_t>(at)]);
          wrong += found == expected[static_cast<std::size_t>(r * columns + c)] ? 0 : 1;
        }
      }
      CHECK(wrong == 0);
    }
  };
  check("minilm-l6", "words", "embeddings.word_embeddings.weight");
  check("minilm-l6", "layer5.qkv.weight", "encoder.layer.5.attention.self.query.weight", true, 0,
        1152);
  check("minilm-l6", "layer5.qkv.weight", "encoder.layer.5.attention.self.key.weight", true, 384,
        1152);
  check("minilm-l6", "layer0.qkv.weight", "encoder.layer.0.attention.self.value.weight", true, 768,
        1152);
  check("minilm-l6", "layer0.qkv.bias", "encoder.layer.0.attention.self.value.bias", false, 768);
  check("minilm-l6", "layer2.up.weight", "encoder.layer.2.intermediate.dense.weight", true);
  check("minilm-l6", "layer2.down.weight", "encoder.layer.2.output.dense.weight", true);
  check("tiny-bert", "layer1.attention_norm.gamma",
        "bert.encoder.layer.1.attention.output.LayerNorm.gamma");
  check("tiny-bert", "layer1.feed_norm.beta", "bert.encoder.layer.1.output.LayerNorm.beta");
  check("tiny-bert-classifier", "classifier.weight", "classifier.weight", true);
  check("tiny-bert-classifier", "types", "bert.embeddings.token_type_embeddings.weight");
  check("tiny-roberta-classifier", "dense.weight", "classifier.dense.weight", true);
  check("tiny-roberta-classifier", "classifier.bias", "classifier.out_proj.bias");
  check("tiny-distilbert-classifier", "layer1.output.weight",
        "distilbert.transformer.layer.1.attention.out_lin.weight", true);
  check("tiny-gpt2", "layer1.qkv.weight", "h.1.attn.c_attn.weight");
  check("tiny-gpt2", "layer1.up.weight", "h.1.mlp.c_fc.weight");
  check("tiny-gpt2-classifier", "classifier.weight", "score.weight", true);
  check("tiny-gpt2-classifier", "final_norm.gamma", "transformer.ln_f.weight");
}

TEST_CASE("pretrained: what is written has the same names and bits") {
  if (!have_folders()) return;
  for (const char* name : kNames) {
    CAPTURE(name);
    const PretrainedModel model((kFolders / name).string());
    const auto values = all_values(model);
    const TemporaryFile place("README", "");
    const std::string folder = place.directory() + "/new";
    fs::create_directory(folder);
    write_pretrained(folder, model.config(), model.prefix(), from(values));
    const PretrainedModel again(folder);
    CHECK(again.config() == model.config());
    CHECK(again.prefix() == model.prefix());
    CHECK(again.unused().empty());
    CHECK(all_values(again) == values);

    std::set<std::string> expected;
    for (std::string tensor : OtherReader(kFolders / name).names()) {
      const auto is = [&](std::string_view part) { return tensor.find(part) != tensor.npos; };
      if (is("position_ids") || is(".attn.bias") || is("cls.") || is("lm_head.")) continue;
      if (is("vocab_")) continue;
      if (is(".gamma")) tensor.replace(tensor.size() - 5, 5, "weight");
      if (is(".beta")) tensor.replace(tensor.size() - 4, 4, "bias");
      expected.insert(tensor);
    }
    CHECK(OtherReader(folder).names() == expected);
    if (model.config().labels.empty()) continue;
    CHECK(usual_prefix(model.config()) == model.prefix());
  }
}

// A model made here, so that its tests need no file of others.
PretrainedConfig small(const std::string& family) {
  PretrainedConfig c;
  c.family = family;
  c.layers = 11;  // two digits
  c.width = 20, c.heads = 4, c.inner = 33, c.positions = 9, c.vocabulary = 70'000;
  c.types = family == "bert" || family == "roberta" ? 2 : 0;
  c.first_position = family == "roberta" ? 2 : 0;
  c.epsilon = family == "gpt2" ? 1e-5 : 1e-12;
  if (family == "roberta") c.pad_id = 1;
  c.labels = {"no", "yes", "äöü \"quoted\""};
  c.architecture = find_family(family)->classifier_architecture();
  return c;
}

std::map<std::string, std::vector<float>> some_values(const PretrainedConfig& config) {
  std::mt19937 random(1);  // NOLINT: the same each time
  std::map<std::string, std::vector<float>> values;
  for (const PretrainedWeight& weight : pretrained_weights(config, config.family == "bert")) {
    auto& v = values[weight.name];
    v.resize(static_cast<std::size_t>(elements_of(weight.shape)));
    // Subnormal numbers too.
    for (float& x : v) x = std::ldexp(static_cast<float>(random()), random() % 2 == 0 ? -31 : -175);
  }
  return values;
}

TEST_CASE("pretrained: a model of any size is written and read, by any number of threads") {
  for (const Family* family : all_families()) {
    CAPTURE(family->name);
    const PretrainedConfig config = small(std::string(family->name));
    const auto values = some_values(config);
    const TemporaryFile place("README", "");
    write_pretrained(place.directory(), config, usual_prefix(config), from(values));
    const PretrainedModel model(place.directory());
    CHECK(model.config() == config);
    for (const auto& [name, expected] : values) {
      CHECK(values_of(model, name) == expected);
      CHECK(values_of(model, name, 5) == expected);
    }
    auto some = values;
    some.erase("words");
    some.erase("layer10.qkv.bias");
    CHECK_THROWS_WITH_AS(write_pretrained(place.directory(), config, "", from(some)),
                         doctest::Contains("has no weight `words`"), Error);
    CHECK_THROWS_WITH_AS(write_pretrained(place.directory(), config, "", from(some)),
                         doctest::Contains("has no weight `layer10.qkv.bias`"), Error);
  }
}

// Writes a model's tensors again after `change`.
std::string message_after(const std::function<void(std::vector<OutputTensor>&)>& change) {
  PretrainedConfig config = small("bert");
  config.vocabulary = 50;
  const TemporaryFile place("README", "");
  const auto values = some_values(config);
  write_pretrained(place.directory(), config, usual_prefix(config), from(values));
  std::vector<OutputTensor> tensors;
  for (const FamilyTensor& t : tensors_of(*find_family("bert"), config, "bert.", true)) {
    tensors.push_back(
        {t.name, t.shape, [](std::span<float> into) { std::ranges::fill(into, 1.0F); }});
  }
  change(tensors);
  write_safetensors(place.directory() + "/model.safetensors", tensors);
  try {
    const PretrainedModel model(place.directory());
    CHECK(values_of(model, "classifier.weight").size() == 60);
    return fmt::format("{}", fmt::join(model.unused(), "\n"));
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("pretrained: all tensors that do not fit are named in one message") {
  const auto has = [](const std::string& text, std::string_view part) {
    INFO(text);
    CHECK(text.find(part) != text.npos);
  };
  const auto ones = [](std::span<float> into) { std::ranges::fill(into, 1.0F); };
  const auto named = [](std::vector<OutputTensor> & tensors, std::string_view name) -> auto& {
    const auto at = std::ranges::find(tensors, name, &OutputTensor::name);
    REQUIRE(at != tensors.end());
    return *at;
  };
  CHECK(message_after([](auto&) {}).empty());

  const std::string all = message_after([&](auto& tensors) {
    named(tensors, "bert.encoder.layer.3.output.dense.bias").name =
        "bert.encoder.layer.3.output.dense.bais";
    named(tensors, "bert.pooler.dense.bias").name = "something.else";
    named(tensors, "classifier.weight").shape = {2, 20};
    named(tensors, "bert.embeddings.word_embeddings.weight").shape = {20, 50};
    tensors.push_back({"bert.encoder.layer.11.output.dense.bias", {20}, ones});
  });
  has(all,
      "`bert.encoder.layer.3.output.dense.bias` is missing\n    note: the files have "
      "`bert.encoder.layer.3.output.dense.bais` instead");
  has(all, "`bert.pooler.dense.bias` is missing");
  has(all, "`something.else` belongs to no bert model of this config.json");
  has(all, "`bert.encoder.layer.11.output.dense.bias` belongs to no");
  has(all, "is it `bert.encoder.layer.3.output.dense.bias`?");
  has(all, "`classifier.weight` has the shape [2, 20]\n    note: by config.json it would be [3, 2");
  has(all, "`bert.embeddings.word_embeddings.weight` has the shape [20, 50]");

  has(message_after([&](auto& tensors) {
        tensors.push_back({"bert.embeddings.LayerNorm.gamma", {20}, ones});
      }),
      "`bert.embeddings.LayerNorm.weight` is there twice, under an old name and a new one");
  const std::string few = message_after([](auto& tensors) { tensors.resize(30); });
  has(few, "and 135 more like the last");
  CHECK(message_after([&](auto& tensors) {
          tensors.push_back({"cls.predictions.bias", {50}, ones});
          tensors.push_back({"bert.embeddings.position_ids", {1, 9}, ones});
          tensors.push_back({"cls.seq_relationship.bias", {2}, ones});
          named(tensors, "bert.embeddings.LayerNorm.bias").name = "bert.embeddings.LayerNorm.beta";
        }) == "cls.* (2 tensors): the heads of pretraining");
}

TEST_CASE("pretrained: a value that is not finite is named, by any number of threads") {
  PretrainedConfig config = small("distilbert");
  const auto values = some_values(config);
  const TemporaryFile place("README", "");
  write_pretrained(place.directory(), config, usual_prefix(config), from(values));
  std::string file = read_text_file(place.directory() + "/model.safetensors");
  const SafetensorsFolder opened(place.directory());
  const StoredTensor* const words =
      find_tensor(opened.tensors(), "distilbert.embeddings.word_embeddings.weight");
  const StoredTensor* const up =
      find_tensor(opened.tensors(), "distilbert.transformer.layer.2.ffn.lin1.weight");
  REQUIRE(words != nullptr);
  REQUIRE(up != nullptr);
  const std::byte* const begin = opened.tensors()[0].bytes.data();
  const std::size_t data = file.size();
  std::size_t total = 0;
  for (const StoredTensor& tensor : opened.tensors()) total += tensor.bytes.size();
  const float nan = NAN;
  const auto damage = [&](const StoredTensor& tensor, std::size_t element) {
    const auto at = static_cast<std::size_t>(tensor.bytes.data() - begin) + 4 * element;
    std::memcpy(file.data() + (data - total) + at, &nan, 4);
  };
  damage(*words, 1'000'003);
  damage(*up, 77);
  const TemporaryFile other("model.safetensors", file);
  std::ofstream(other.directory() + "/config.json") << to_json(config);
  const PretrainedModel model(other.directory());
  for (const int threads : {1, 4}) {
    CHECK_THROWS_WITH_AS(
        values_of(model, "words", threads),
        doctest::Contains(
            "model.safetensors: "
            "`distilbert.embeddings.word_embeddings.weight` holds a value that is not "
            "finite: element 1000003 is nan"),
        Error);
    CHECK_THROWS_WITH_AS(values_of(model, "layer2.up.weight", threads),
                         doctest::Contains("element 77 is nan"), Error);
  }
  CHECK(values_of(model, "positions") == values.at("positions"));
}

}  // namespace
}  // namespace weft
