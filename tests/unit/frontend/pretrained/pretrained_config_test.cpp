// config.json of every family: what is read, what is refused, what is written.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "frontend/pretrained/config.h"
#include "frontend/pretrained/family.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "tests/support/source_folder.h"

namespace weft {
namespace {

using Json = nlohmann::json;

Json bert() {
  return Json::parse(R"({"model_type": "bert", "architectures": ["BertForSequenceClassification"],
    "num_hidden_layers": 2, "hidden_size": 12, "num_attention_heads": 3, "intermediate_size": 40,
    "max_position_embeddings": 10, "type_vocab_size": 2, "vocab_size": 100,
    "hidden_act": "gelu", "layer_norm_eps": 1e-7, "hidden_dropout_prob": 0.2,
    "attention_probs_dropout_prob": 0.3, "classifier_dropout": null, "pad_token_id": 0,
    "id2label": {"1": "b", "0": "a", "2": "c"}})");
}

Json gpt2() {
  return Json::parse(R"({"model_type": "gpt2", "n_layer": 1, "n_embd": 8, "n_head": 2,
    "n_positions": 16, "vocab_size": 50, "n_inner": null, "eos_token_id": 49})");
}

PretrainedConfig read(const Json& json) { return parse_config(json.dump(), "config.json"); }

std::vector<Diagnostic> wrong(const Json& json) {
  try {
    read(json);
    return {};
  } catch (const Error& error) {
    return error.diagnostics();
  }
}

// The one complaint about the config with this key changed.
std::string complaint(Json json, const char* key, const char* value) {
  json[key] = Json::parse(value);
  const std::vector<Diagnostic> found = wrong(json);
  if (found.empty()) return {};
  CHECK(found.size() == 1);
  CHECK(found[0].message.starts_with("config.json: "));
  CHECK_FALSE(found[0].note.empty());
  return found[0].message.substr(13) + " | " + found[0].note;
}

TEST_CASE("pretrained config: what is read") {
  const PretrainedConfig c = read(bert());
  CHECK(c.family == "bert");
  CHECK(c.architecture == "BertForSequenceClassification");
  CHECK(std::vector{c.layers, c.width, c.heads, c.inner, c.positions, c.types, c.vocabulary} ==
        std::vector<std::int64_t>{2, 12, 3, 40, 10, 2, 100});
  CHECK(c.activation == Activation::gelu);
  CHECK(std::vector{c.epsilon, c.embedding_dropout, c.hidden_dropout, c.attention_dropout,
                    c.classifier_dropout} == std::vector{1e-7, 0.2, 0.2, 0.3, 0.2});
  CHECK(c.labels == std::vector<std::string>{"a", "b", "c"});
  CHECK(c.task == Task::single_label);
  CHECK(c.first_position == 0);
  CHECK(c.longest_text() == 10);
  CHECK(c.pad_id == 0);

  const PretrainedConfig g = read(gpt2());
  CHECK(g.inner == 32);
  CHECK(g.activation == Activation::gelu_tanh);
  CHECK(g.epsilon == 1e-5);
  CHECK(g.types == 0);
  CHECK(g.labels.empty());
  CHECK_FALSE(g.pad_id.has_value());
  CHECK(g.end_id == 49);

  Json r = bert();
  r["model_type"] = "roberta";
  r["architectures"] = {"RobertaForSequenceClassification"};
  r["pad_token_id"] = 1;
  r["problem_type"] = "multi_label_classification";
  r["classifier_dropout"] = 0.25;
  r.erase("id2label");
  CHECK(read(r).first_position == 2);
  CHECK(read(r).longest_text() == 8);
  CHECK(read(r).task == Task::multi_label);
  CHECK(read(r).classifier_dropout == 0.25);
  CHECK(read(r).labels == std::vector<std::string>{"LABEL_0", "LABEL_1"});
  r["num_labels"] = 3;
  CHECK(read(r).labels.size() == 3);

  // Without a model type the architecture tells the family; other heads are no classifiers.
  Json old = bert();
  old.erase("model_type");
  CHECK(read(old).family == "bert");
  old["architectures"] = {"BertForTokenClassification"};
  CHECK(read(old).labels.empty());
  for (const auto& [name, expected] :
       std::map<std::string, Activation>{{"gelu_new", Activation::gelu_tanh},
                                         {"gelu_pytorch_tanh", Activation::gelu_tanh},
                                         {"gelu_fast", Activation::gelu_tanh},
                                         {"relu", Activation::relu},
                                         {"silu", Activation::silu},
                                         {"swish", Activation::silu}}) {
    Json with = bert();
    with["hidden_act"] = name;
    CHECK(read(with).activation == expected);
  }
}

TEST_CASE("pretrained config: what is refused") {
  const auto refused = [](const char* key, const char* value) {
    return complaint(bert(), key, value);
  };
  const auto gpt2_refused = [](const char* key, const char* value) {
    return complaint(gpt2(), key, value);
  };
  CHECK(refused("num_hidden_layers", "0").starts_with("`num_hidden_layers` is 0 | it must be"));
  CHECK(refused("num_hidden_layers", "-1").find("from 1 to 1024") != std::string::npos);
  CHECK(refused("num_hidden_layers", "1025").starts_with("`num_hidden_layers` is 1025"));
  CHECK(refused("num_hidden_layers", "2.5").starts_with("`num_hidden_layers` is 2.5"));
  CHECK(refused("num_hidden_layers", "\"2\"").starts_with("`num_hidden_layers` is \"2\""));
  CHECK(refused("num_hidden_layers", "null").starts_with("`num_hidden_layers` is missing"));
  CHECK(refused("hidden_size", "18446744073709551615").starts_with("`hidden_size` is 18446"));
  CHECK(refused("hidden_size", "13").starts_with("`hidden_size` = 13 is not a multiple of"));
  CHECK(refused("vocab_size", "99999999999").starts_with("`vocab_size` is"));
  CHECK(refused("type_vocab_size", "0").starts_with("`type_vocab_size` is 0"));
  CHECK(refused("pad_token_id", "100").find("from 0 to 99") != std::string::npos);
  CHECK(refused("layer_norm_eps", "0").starts_with("`layer_norm_eps` is 0"));
  CHECK(refused("layer_norm_eps", "1").starts_with("`layer_norm_eps` is 1"));
  CHECK(refused("hidden_dropout_prob", "1.0").starts_with("`hidden_dropout_prob` is 1.0"));
  CHECK(refused("classifier_dropout", "-0.1").starts_with("`classifier_dropout` is -0.1"));
  CHECK(refused("hidden_act", "\"quick_gelu\"").starts_with("`hidden_act` is \"quick_gelu\""));
  CHECK(refused("hidden_act", "\"rellu\"").find("did you mean `relu`?") != std::string::npos);
  CHECK(refused("position_embedding_type", "\"relative_key\"").find("positions are relative") !=
        std::string::npos);
  CHECK(refused("position_embedding_type", "\"absolute\"").empty());
  CHECK(refused("is_decoder", "true").find("attention is causal") != std::string::npos);
  CHECK(refused("add_cross_attention", "true").starts_with("`add_cross_attention` is true"));
  CHECK(refused("is_encoder_decoder", "true").starts_with("`is_encoder_decoder` is true"));
  CHECK(refused("pruned_heads", R"({"1":[2]})").starts_with("`pruned_heads` is {\"1\":[2]}"));
  CHECK(refused("pruned_heads", "{}").empty());
  CHECK(refused("quantization_config", "{}").starts_with("`quantization_config` is {}"));
  CHECK(gpt2_refused("scale_attn_weights", "false").starts_with("`scale_attn_weights` is false"));
  CHECK(gpt2_refused("scale_attn_by_inverse_layer_idx", "true").find("layers scale") != 0);
  CHECK(gpt2_refused("scale_attn_by_inverse_layer_idx", "true").starts_with("`scale_attn_by"));
  CHECK(gpt2_refused("reorder_and_upcast_attn", "true").starts_with("`reorder_and_upcast_attn`"));
  CHECK(refused("model_type", "\"t5\"").find("known: bert, roberta, distilbert, gpt2") !=
        std::string::npos);
  CHECK(refused("model_type", "\"distilbret\"").find("did you mean `distilbert`?") !=
        std::string::npos);
  CHECK(refused("architectures", "\"BertModel\"").starts_with("`architectures` is \"BertModel\""));
  CHECK(refused("problem_type", "\"regression\"").starts_with("`problem_type` is \"regression\""));
  CHECK(refused("problem_type", "7").starts_with("`problem_type` is 7"));
  CHECK(refused("id2label", R"({"0":"a"})").starts_with("the classifier has one label only"));
  for (const char* map :
       {R"({"0":"a","2":"b"})", R"({"0":"a","1":"a"})", R"({"0":"a","1":""})", R"({"0":"a","1":3})",
        R"({"1":"a","2":"b"})", R"({"0":"a","01":"b"})", "3", R"(["a","b"])"}) {
    CHECK(refused("id2label", map).starts_with("`id2label` is "));
  }
  CHECK(refused("id2label", R"({"0":"a","1":"b\u001b[2J"})").find("a control character") !=
        std::string::npos);
  for (const char* text : {"", "[]", "3", "{", "{\"a\":1e999}", R"({"a":1,"a":2})"}) {
    CHECK_THROWS_AS(parse_config(text, "config.json"), Error);
  }
  Json roberta = bert();
  roberta["model_type"] = "roberta";
  roberta["pad_token_id"] = 9;
  CHECK(wrong(roberta).at(0).message.find("leaves no positions") != std::string::npos);
}

TEST_CASE("pretrained config: label2id says the same as id2label, or nothing") {
  Json json = bert();
  json["id2label"] = Json::parse(R"({"0":"bad","1":"good"})");
  const auto refused = [&](const char* map) { return complaint(json, "label2id", map); };
  CHECK(refused(R"({"bad":0,"good":1})").empty());
  CHECK(refused(R"({"good":1})").empty());
  CHECK(refused(R"({"LABEL_0":0,"LABEL_1":1})").empty());
  CHECK(refused(R"({"bad":1,"good":0})").starts_with("`label2id` gives `bad` the number 1"));
  CHECK(refused(R"({"worse":0})").starts_with("`label2id` gives `worse` the number 0"));
  CHECK(refused(R"({"bad":0,"good":2})").starts_with("`label2id` gives `good` the number 2"));
}

TEST_CASE("pretrained config: all that is wrong is said at once") {
  Json json = bert();
  json.update(Json::parse(R"({"is_decoder": true, "position_embedding_type": "relative_key_query",
    "hidden_act": "mish", "hidden_size": 13, "vocab_size": -4, "problem_type": "regression",
    "add_cross_attention": true})"));
  CHECK(wrong(json).size() == 7);
  Json empty = Json::object();
  CHECK(wrong(empty).size() == 1);
  empty["model_type"] = "distilbert";
  CHECK(wrong(empty).size() == 6);
}

TEST_CASE("pretrained config: what is written is read back") {
  std::vector<Json> configs = {bert(), gpt2()};
  const auto folders = test::source_folder() / "../shared/data/pretrained";
  if (std::filesystem::exists(folders)) {
    for (const auto& folder : std::filesystem::directory_iterator(folders)) {
      if (!folder.is_directory()) continue;
      const PretrainedConfig config = read_config(folder.path().string());
      CHECK(parse_config(to_json(config), "x") == config);
      const Json written = Json::parse(to_json(config));
      const Json original = Json::parse(read_text_file((folder.path() / "config.json").string()));
      for (const auto& item : written.items()) {
        const std::string& key = item.key();
        const bool known = original.contains(key) && !original[key].is_null();
        if (known && key != "torch_dtype") CHECK_MESSAGE(original[key] == item.value(), key);
      }
    }
  }
  configs[0]["problem_type"] = "multi_label_classification";
  configs[0]["hidden_act"] = "gelu_pytorch_tanh";
  for (const Json& json : configs) {
    CHECK(parse_config(to_json(read(json)), "x") == read(json));
    CHECK(to_json(read(json)) == to_json(parse_config(to_json(read(json)), "x")));
  }
  // A head may come and go.
  PretrainedConfig config = read(gpt2());
  config.labels = {"x", "y"};
  CHECK(Json::parse(to_json(config))["architectures"][0] == "GPT2ForSequenceClassification");
  config.architecture = "GPT2ForSequenceClassification";
  CHECK(parse_config(to_json(config), "x") == config);
  config.labels.clear();
  CHECK(Json::parse(to_json(config))["architectures"][0] == "GPT2Model");
}

}  // namespace
}  // namespace weft
