// JSON lines: one object a line; the keys of the first object say which hold the text and the
// label.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "frontend/data/data_format.h"
#include "frontend/data/read_context.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;  // keys in file order, to name the columns in

class JsonLinesReader {
 public:
  explicit JsonLinesReader(ReadContext& context) : context_(context) {}

  void read() {
    context_.for_each_line([&](std::string_view line) { read_row(line); });
  }

 private:
  void read_row(std::string_view line) {
    const ReadReport& report = context_.report();
    if (report.examples + report.bad_rows == 0 && trim(line).starts_with('[')) {
      throw context_.error_at({line_number(), 1,
                               "the file is a JSON array; weft reads one object a line",
                               "Convert it: jq -c '.[]' FILE > FILE.jsonl"});
    }
    const Json object = parse(line);
    if (report.text_column.empty()) {
      std::vector<std::string> keys;
      for (const auto& item : object.items()) keys.push_back(item.key());
      context_.columns_of_header(keys, line_number());
    }
    context_.begin_example(line_number());
    const std::string& text = text_of(object, report.text_column);
    std::optional<std::string_view> pair;
    if (!report.pair_column.empty()) pair = text_of(object, report.pair_column);
    add_labels(member(object, report.label_column));
    context_.finish_example(text, pair);
  }

  const std::string& text_of(const Json& object, const std::string& key) const {
    const Json& text = member(object, key);
    if (!text.is_string()) {
      bad(fmt::format("`{}` is a JSON {}; the text must be a string", key, text.type_name()),
          "Put quotes around it, or give another --text-column.");
    }
    return text.get_ref<const std::string&>();
  }

  Json parse(std::string_view line) const {
    constexpr const char* kRemedy = "Each line must be one complete JSON object in UTF-8.";
    Json object;
    try {
      object = Json::parse(line);
    } catch (const Json::parse_error& error) {
      throw BadRow{line_number(), error.byte, "this is not valid JSON", kRemedy};
    } catch (const Json::exception&) {  // a number beyond double
      bad("the JSON holds a number that is out of range", kRemedy);
    }
    if (!object.is_object()) {
      bad(fmt::format("the line is a JSON {}, not an object", object.type_name()),
          R"(Write {"label": ..., "text": ...} on each line.)");
    }
    return object;
  }

  const Json& member(const Json& object, const std::string& key) const {
    const auto found = object.find(key);
    if (found == object.end()) {
      bad(fmt::format("the object has no `{}`", key), "Each object needs the keys of the first.");
    }
    return *found;
  }

  void add_labels(const Json& value) {
    if (value.is_string()) return context_.add_labels(value.get_ref<const std::string&>());
    if (value.is_number() || value.is_boolean()) return context_.add_label(value.dump());
    if (!value.is_array()) bad_label(value);
    for (const Json& one : value) {
      if (!one.is_string() && !one.is_number()) bad_label(one);
      context_.add_label(one.is_string() ? one.get_ref<const std::string&>() : one.dump());
    }
    if (value.empty() && context_.options().label_separator.empty()) {
      bad("the row has no label", kLabelRemedy);
    }
  }

  [[noreturn]] void bad_label(const Json& value) const {
    bad(fmt::format("a label is a JSON {}", value.type_name()), kLabelRemedy);
  }

  [[noreturn]] void bad(std::string message, const char* remedy) const {
    throw BadRow{line_number(), 1, std::move(message), remedy};
  }

  std::size_t line_number() const { return context_.lines().line(); }

  static constexpr const char* kLabelRemedy =
      "A label is a string, a number, or an array of these.";

  ReadContext& context_;
};

void read_json_lines(ReadContext& context) { JsonLinesReader(context).read(); }

}  // namespace

const DataFormat formats::jsonl = {
    "jsonl", "one JSON object a line", {".jsonl", ".json", ".ndjson"}, read_json_lines};

}  // namespace weft
