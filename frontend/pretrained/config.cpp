// config.json read and written: every value checked, all that is wrong told at once.
#include "frontend/pretrained/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "frontend/format/suggest.h"
#include "frontend/pretrained/family.h"
#include "frontend/pretrained/published_file.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

using Json = nlohmann::json;  // keys in order: equal configs give equal text

constexpr std::int64_t kMostRows = std::int64_t{1} << 24;  // of a table
constexpr std::int64_t kWidest = std::int64_t{1} << 16;
constexpr std::int64_t kMostLayers = 1024;
constexpr std::size_t kMostLabels = 65'536;

// The names of activations in config.json. One with several names is written by the first.
struct ActivationName {
  std::string_view name;
  Activation activation;
};
constexpr auto kActivations = std::to_array<ActivationName>({
    {"gelu", Activation::gelu},
    {"gelu_python", Activation::gelu},
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu_fast", Activation::gelu_tanh},
    {"relu", Activation::relu},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"tanh", Activation::tanh},
    {"sigmoid", Activation::sigmoid},
    {"elu", Activation::elu},
});

// Options that all families share.
constexpr auto kFixedOptions = std::to_array<FixedOption>({
    {"add_cross_attention", "false", "attention also reads another text"},
    {"is_encoder_decoder", "false", "the model is a pair of encoder and decoder"},
    {"pruned_heads", "{}", "layers have different numbers of heads"},
    {"quantization_config", "null", "weights are stored quantized"},
});

constexpr std::string_view kSingleLabel = "single_label_classification";
constexpr std::string_view kMultiLabel = "multi_label_classification";

// Takes values out of the object and collects what is wrong with them.
class ConfigReader {
 public:
  explicit ConfigReader(const Json& json) : json_(json) {}

  std::vector<Diagnostic> take_diagnostics() { return std::move(diagnostics_); }

  void wrong(std::string message, std::string note = {}) {
    diagnostics_.push_back({{}, std::move(message), std::move(note)});
  }

  // Null, too, if the value is JSON's null.
  const Json* find(std::string_view key) const {
    const auto at = json_.find(std::string(key));
    return at == json_.end() || at->is_null() ? nullptr : &*at;
  }

  // 0 after a diagnostic.
  std::int64_t integer(std::string_view key, std::int64_t lowest, std::int64_t highest) {
    const Json* const value = find(key);
    if (value != nullptr && value->is_number_integer()) {
      // Unsigned numbers beyond the signed ones come out negative.
      const auto number = value->get<std::int64_t>();
      if (number >= lowest && number <= highest) return number;
    }
    wrong(fmt::format("`{}` is {}", key, shown(value)),
          fmt::format("it must be an integer from {} to {}", lowest, highest));
    return 0;
  }

  std::int64_t integer_or(std::int64_t otherwise, std::string_view key, std::int64_t lowest,
                          std::int64_t highest) {
    return find(key) == nullptr ? otherwise : integer(key, lowest, highest);
  }

  std::optional<std::int64_t> id(std::string_view key, std::int64_t vocabulary) {
    if (find(key) == nullptr) return std::nullopt;
    return integer(key, 0, vocabulary > 0 ? vocabulary - 1 : kMostRows);
  }

  double number(std::string_view key, double lowest, double highest, double otherwise) {
    const Json* const value = key.empty() ? nullptr : find(key);
    if (value == nullptr) return otherwise;
    if (value->is_number()) {
      const double number = value->get<double>();
      if (number >= lowest && number < highest) return number;
    }
    wrong(fmt::format("`{}` is {}", key, shown(value)),
          fmt::format("it must be a number from {} to below {}", lowest, highest));
    return otherwise;
  }

  std::string text(std::string_view key, std::string_view otherwise) {
    const Json* const value = find(key);
    if (value == nullptr) return std::string(otherwise);
    if (value->is_string()) return value->get<std::string>();
    wrong(fmt::format("`{}` is {}", key, shown(value)), "it must be a string");
    return std::string(otherwise);
  }

  void expect(const FixedOption& option) {
    const Json* const value = find(option.key);
    if (value == nullptr || *value == Json::parse(option.value)) return;
    wrong(fmt::format("`{}` is {}: {}", option.key, shown(value), option.otherwise),
          fmt::format("weft runs models where it is {}", option.value));
  }

  static std::string shown(const Json* value) {
    if (value == nullptr) return "missing";
    std::string text = value->dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > 60) text.replace(60, std::string::npos, "…");
    return text;
  }

 private:
  const Json& json_;
  std::vector<Diagnostic> diagnostics_;
};

// By `model_type`; old files have none, and are told by the architecture.
const Family* family_of(ConfigReader& reader, const std::string& architecture) {
  const std::string type = reader.text("model_type", "");
  std::vector<std::string> known;
  for (const Family* family : all_families()) {
    const bool named = type.empty() && architecture.starts_with(family->architectures);
    if (named || family->name == type) return family;
    known.emplace_back(family->name);
  }
  reader.wrong(type.empty() ? "`model_type` is missing, and no architecture tells it"
                            : fmt::format("`model_type` is {}, which weft does not know",
                                          ConfigReader::shown(reader.find("model_type"))),
               suggestion(type, known));
  return nullptr;
}

std::string architecture_of(ConfigReader& reader) {
  const Json* const list = reader.find("architectures");
  if (list == nullptr || (list->is_array() && list->empty())) return {};
  if (list->is_array() && list->front().is_string()) return list->front().get<std::string>();
  reader.wrong(fmt::format("`architectures` is {}", ConfigReader::shown(list)),
               "it must be a list of names");
  return {};
}

void read_sizes(ConfigReader& reader, const ConfigKeys& keys, PretrainedConfig& config) {
  config.layers = reader.integer(keys.layers, 1, kMostLayers);
  config.width = reader.integer(keys.width, 1, kWidest);
  config.heads = reader.integer(keys.heads, 1, kWidest);
  if (config.width > 0 && config.heads > 0 && config.width % config.heads != 0) {
    reader.wrong(fmt::format("`{}` = {} is not a multiple of `{}` = {}", keys.width, config.width,
                             keys.heads, config.heads),
                 "each head takes an equal share of the width");
  }
  config.inner = keys.usual_inner > 0 ? reader.integer_or(keys.usual_inner * config.width,
                                                          keys.inner, 1, kWidest * 16)
                                      : reader.integer(keys.inner, 1, kWidest * 16);
  config.positions = reader.integer(keys.positions, 1, kMostRows);
  if (!keys.types.empty()) config.types = reader.integer(keys.types, 1, kMostRows);
  config.vocabulary = reader.integer(keys.vocabulary, 1, kMostRows);
}

void read_numbers(ConfigReader& reader, const ConfigKeys& keys, PretrainedConfig& config) {
  const std::string name = reader.text(keys.activation, keys.usual_activation);
  const auto known = std::ranges::find(kActivations, name, &ActivationName::name);
  if (known == kActivations.end()) {
    std::vector<std::string> names;
    for (const ActivationName& each : kActivations) names.emplace_back(each.name);
    reader.wrong(fmt::format("`{}` is {}, an activation that weft has not", keys.activation,
                             ConfigReader::shown(reader.find(keys.activation))),
                 suggestion(name, names));
  } else {
    config.activation = known->activation;
  }
  constexpr double kUsualDropout = 0.1;
  config.epsilon = reader.number(keys.epsilon, 1e-30, 1, keys.usual_epsilon);
  config.hidden_dropout = reader.number(keys.hidden_dropout, 0, 1, kUsualDropout);
  config.embedding_dropout = keys.embedding_dropout == keys.hidden_dropout
                                 ? config.hidden_dropout
                                 : reader.number(keys.embedding_dropout, 0, 1, kUsualDropout);
  config.attention_dropout = reader.number(keys.attention_dropout, 0, 1, kUsualDropout);
  const double usual = keys.usual_classifier_dropout;
  config.classifier_dropout =
      reader.number(keys.classifier_dropout, 0, 1, usual < 0 ? config.hidden_dropout : usual);
}

void read_ids(ConfigReader& reader, const Family& family, PretrainedConfig& config) {
  config.pad_id = reader.id("pad_token_id", config.vocabulary);
  config.begin_id = reader.id("bos_token_id", kMostRows);
  config.end_id = reader.id("eos_token_id", kMostRows);
  if (!family.positions_after_padding) return;
  constexpr std::int64_t kUsualPad = 1;
  if (!config.pad_id) config.pad_id = kUsualPad;
  config.first_position = *config.pad_id + 1;
  if (config.positions > 0 && config.longest_text() < 1) {
    reader.wrong(fmt::format("`{}` = {} leaves no positions after `pad_token_id` = {}",
                             family.keys.positions, config.positions, *config.pad_id),
                 "positions begin behind the padding's");
  }
}

// {NAME: 0, NAME: 1}, the other way round. Where labels have names of their own, some files keep
// the LABEL_0 of those they were made from.
void check_label_numbers(ConfigReader& reader, const Json& names) {
  const Json* const numbers = reader.find("label2id");
  if (numbers == nullptr || !numbers->is_object()) return;
  for (const auto& [name, id] : numbers->items()) {
    if (name.starts_with("LABEL_")) continue;
    const auto at = names.find(id.is_string() ? id.get<std::string>() : id.dump());
    if (at != names.end() && *at == name) continue;
    return reader.wrong(fmt::format("`label2id` gives `{}` the number {}, but `id2label` is {}",
                                    name, ConfigReader::shown(&id), ConfigReader::shown(&names)),
                        "make the two of them say the same");
  }
}

// {"0": NAME, "1": NAME}, every number up to the last once; without it as many names as
// `num_labels` says, as transformers makes them.
void read_labels(ConfigReader& reader, PretrainedConfig& config) {
  const Json* const map = reader.find("id2label");
  if (map == nullptr) {
    const std::int64_t count = reader.integer_or(2, "num_labels", 1, kMostLabels);
    for (std::int64_t i = 0; i < count; ++i) config.labels.push_back(fmt::format("LABEL_{}", i));
    return;
  }
  std::set<std::string> names;
  bool good = map->is_object() && !map->empty() && map->size() <= kMostLabels;
  for (std::size_t i = 0; good && i < map->size(); ++i) {
    const auto at = map->find(std::to_string(i));
    good = at != map->end() && at->is_string() && !at->get_ref<const std::string&>().empty() &&
           names.insert(at->get<std::string>()).second;
    if (good) config.labels.push_back(at->get<std::string>());
  }
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  for (const std::string& label : config.labels) {
    if (std::ranges::none_of(label, control)) continue;
    reader.wrong(fmt::format("`id2label` is {}: a label holds a control character",
                             ConfigReader::shown(map)),
                 "give it a name of one line in config.json");
    return;
  }
  if (good) return check_label_numbers(reader, *map);
  config.labels.clear();
  reader.wrong(fmt::format("`id2label` is {}", ConfigReader::shown(map)),
               "it must give every number from 0 a name of its own");
}

void read_task(ConfigReader& reader, PretrainedConfig& config) {
  const std::string type = reader.text("problem_type", kSingleLabel);
  config.task = type == kMultiLabel ? Task::multi_label : Task::single_label;
  const bool one = config.labels.size() == 1 && config.task == Task::single_label;
  if ((type == kSingleLabel || type == kMultiLabel) && !one) return;
  reader.wrong(
      one ? "the classifier has one label only: it gives a number, not a class"
          : fmt::format("`problem_type` is {}", ConfigReader::shown(reader.find("problem_type"))),
      fmt::format("weft runs \"{}\" with two labels or more and \"{}\"", kSingleLabel,
                  kMultiLabel));
}

}  // namespace

PretrainedConfig parse_config(std::string_view text, const std::string& path) {
  const Json json = parse_published_json(text, path);
  ConfigReader reader(json);
  PretrainedConfig config;
  config.architecture = architecture_of(reader);
  const Family* const family = family_of(reader, config.architecture);
  for (const FixedOption& option : kFixedOptions) reader.expect(option);
  if (family != nullptr) {
    config.family = family->name;
    for (const FixedOption& option : family->options) reader.expect(option);
    read_sizes(reader, family->keys, config);
    read_numbers(reader, family->keys, config);
    read_ids(reader, *family, config);
    if (config.architecture == family->classifier_architecture()) {
      read_labels(reader, config);
      read_task(reader, config);
    }
  }
  std::vector<Diagnostic> diagnostics = reader.take_diagnostics();
  for (Diagnostic& d : diagnostics) d.message = fmt::format("{}: {}", path, d.message);
  if (!diagnostics.empty()) throw Error(std::move(diagnostics));
  return config;
}

PretrainedConfig read_config(const std::string& folder) {
  std::error_code missing;
  if (std::filesystem::is_regular_file(folder, missing)) {
    throw Error(fmt::format("{}: is a file", folder), "name the folder it is in");
  }
  const std::string path = (std::filesystem::path(folder) / "config.json").string();
  return parse_config(read_published_file(path), path);
}

std::string to_json(const PretrainedConfig& config) {
  const Family* const family = find_family(config.family);
  WEFT_CHECK(family != nullptr);
  const ConfigKeys& keys = family->keys;
  Json json;
  std::string architecture = config.architecture;
  if (!config.labels.empty()) {
    architecture = family->classifier_architecture();
  } else if (architecture == family->classifier_architecture()) {
    architecture = family->base_architecture();
  }
  if (!architecture.empty()) json["architectures"] = Json::array({architecture});
  json["model_type"] = config.family;
  const auto put = [&](std::string_view key, const auto& value) {
    if (!key.empty()) json[std::string(key)] = value;
  };
  put(keys.layers, config.layers);
  put(keys.width, config.width);
  put(keys.heads, config.heads);
  put(keys.inner, config.inner);
  put(keys.positions, config.positions);
  put(keys.types, config.types);
  put(keys.vocabulary, config.vocabulary);
  put(keys.activation,
      std::ranges::find(kActivations, config.activation, &ActivationName::activation)->name);
  put(keys.epsilon, config.epsilon);
  put(keys.embedding_dropout, config.embedding_dropout);
  put(keys.hidden_dropout, config.hidden_dropout);
  put(keys.attention_dropout, config.attention_dropout);
  put(keys.classifier_dropout, config.classifier_dropout);
  const auto put_id = [&](const char* key, std::optional<std::int64_t> id) {
    json[key] = id ? Json(*id) : Json();
  };
  put_id("pad_token_id", config.pad_id);
  put_id("bos_token_id", config.begin_id);
  put_id("eos_token_id", config.end_id);
  for (std::size_t i = 0; i < config.labels.size(); ++i) {
    json["id2label"][std::to_string(i)] = config.labels[i];
    json["label2id"][config.labels[i]] = i;
  }
  if (!config.labels.empty()) {
    json["problem_type"] = config.task == Task::multi_label ? kMultiLabel : kSingleLabel;
  }
  json["torch_dtype"] = "float32";
  return json.dump(2) + "\n";
}

}  // namespace weft
