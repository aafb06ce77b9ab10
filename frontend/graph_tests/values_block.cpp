// Reads the keys one by one, so that each has its own message.
#include "frontend/graph_tests/values_block.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "frontend/format/suggest.h"
#include "frontend/graph_tests/json_tensor.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

Json parse_object(std::string_view text) {
  check_depth(text);
  try {
    Json json = Json::parse(text, nullptr, true, /*ignore_comments=*/true);
    if (json.is_object()) return json;
  } catch (const Json::exception& error) {
    throw Error(fmt::format("the values are no JSON: {}", json_problem(error.what())));
  }
  throw Error("the values are no JSON object", "write {\"random\": 1}");
}

void expect(bool holds, std::string_view key, std::string_view what) {
  if (!holds) throw Error(fmt::format("`{}` must be {}", key, what));
}

std::map<std::string, std::string> texts_of(std::string_view key, const Json& json) {
  expect(json.is_object(), key, "an object: numbers by names");
  std::map<std::string, std::string> texts;
  for (const auto& [name, list] : json.items()) texts[name] = list.dump();
  return texts;
}

void read_key(ValuesBlock& block, const std::string& key, const Json& json) {
  if (key == "inputs") {
    block.inputs = texts_of(key, json);
  } else if (key == "results") {
    block.results = texts_of(key, json);
  } else if (key == "random") {
    expect(json.is_number_unsigned(), key, "a whole number from 0");
    block.random = json.get<std::uint64_t>();
  } else if (key == "tolerance") {
    expect(json.is_number() && json.get<double>() >= 0, key, "a number from 0");
    block.tolerance = json.get<double>();
  } else if (key == "program") {
    expect(json.is_string(), key, "a name");
    block.program = json.get<std::string>();
  } else if (key == "sizes") {
    expect(json.is_object(), key, "an object: {\"T\": 5}");
    for (const auto& [symbol, size] : json.items()) {
      expect(size.is_number_unsigned(), key, "of whole numbers from 0");
      block.sizes[symbol] = size.get<std::int64_t>();
    }
  } else {
    const std::array<std::string, 6> known{"inputs",  "random",    "sizes",
                                           "results", "tolerance", "program"};
    throw Error(fmt::format("the values have no key `{}`", key), suggestion(key, known));
  }
}

}  // namespace

ValuesBlock parse_values(std::string_view json) {
  ValuesBlock block;
  const Json object = parse_object(json);
  for (const auto& [key, value] : object.items()) read_key(block, key, value);
  return block;
}

std::string with_results(std::string_view json, const std::vector<NamedTensor>& results) {
  Json keys = parse_object(json);
  keys["results"] = nullptr;
  std::string text = "{";
  for (const auto& [key, value] : keys.items()) {
    text += fmt::format("{}\n  {}: ", text.size() > 1 ? "," : "", json_string(key));
    text += key == "results" ? tensors_json(results) : value.dump();
  }
  return text + "\n}\n";
}

}  // namespace weft
