// JSON lines: one object a line; the keys of the first object say which hold the text and the
// label.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "frontend/data/data_format.h"
#include "frontend/data/json_repair.h"
#include "frontend/data/read_context.h"

namespace weft {
namespace {

using Json = nlohmann::json;

// The value of a key, which may be a path: `review.text`. Null where there is none.
const Json* find_value(const Json& object, std::string_view path) {
  if (object.is_object()) {
    if (const auto whole = object.find(path); whole != object.end()) return &*whole;
  }
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
       dot = path.find('.', dot + 1)) {
    const std::string_view first = path.substr(0, dot), rest = path.substr(dot + 1);
    const Json* inner = nullptr;
    if (object.is_object()) {
      if (const auto found = object.find(first); found != object.end()) inner = &*found;
    }
    if (inner == nullptr) continue;
    if (const Json* value = find_value(*inner, rest)) return value;
  }
  return nullptr;
}

// The reason in a parser's message, without the parser's name before it and the text after it.
std::string reason_of(const std::string& message) {
  std::size_t begin = message.find(" - ");
  begin = begin == std::string::npos ? message.find("] ") + 2 : begin + 3;
  return message.substr(begin, message.find("; last read") - begin);
}

class JsonRows : public RowSource {
 public:
  explicit JsonRows(ReadContext& context) : context_(context) {}

  bool next() override {
    std::string_view line;
    if (!context_.next_line(line)) {
      finish();
      return false;
    }
    read_row(line);
    return true;
  }

 private:
  void finish() {
    if (halves_.count == 0) return;
    context_.remark(
        fmt::format("{} line{} half a surrogate pair, which is read as an unknown character ({})",
                    halves_.count, halves_.count == 1 ? " holds" : "s hold", halves_.where()));
  }

  void read_row(std::string_view line) {
    const ReadReport& report = context_.report();
    if (report.examples + report.bad_rows == 0 && trim(line).starts_with('[')) {
      throw context_.error_at({line_number(), 1,
                               "the file is a JSON array; weft reads one object a line",
                               "Convert it: jq -c '.[]' FILE > FILE.jsonl"});
    }
    std::vector<std::string> header;
    const Json object = keys_.empty() ? parse_first(line, header) : parse(line);
    if (keys_.empty()) choose_columns(object, std::move(header));
    context_.begin_example(line_number());
    for (const std::size_t i : columns_.labels) {
      const Json& value = member(object, keys_[i]);
      if (columns_.labels.size() == 1) {
        add_labels(value);
      } else {
        context_.add_label_if(value.is_null() ? "" : written(value, keys_[i]), keys_[i]);
      }
    }
    if (columns_.id) {
      const std::string& key = keys_[*columns_.id];
      context_.set_id(written(member(object, key), key));
    }
    for (const std::size_t i : columns_.texts) add_text(member(object, keys_[i]), keys_[i]);
    context_.finish_example();
  }

  // The keys of the first object are a header. Nested ones count if they are asked for.
  void choose_columns(const Json& object, std::vector<std::string> keys) {
    const ReadOptions& options = context_.options();
    for (const std::string* asked :
         {&options.text_column, &options.label_column, &options.id_column}) {
      if (asked->find('.') == std::string::npos) continue;
      for (const std::string& path : split_at_commas(*asked)) {
        if (std::ranges::find(keys, path) == keys.end() && find_value(object, path) != nullptr) {
          keys.push_back(path);
        }
      }
    }
    columns_ = context_.columns_of_header(keys, line_number());
    keys_ = std::move(keys);
  }

  // Also `keys`, in the order in which they stand there, which the object forgets.
  Json parse_first(std::string_view line, std::vector<std::string>& keys) {
    Json object = parse(line, &keys);
    std::unordered_set<std::string_view> seen;
    for (const std::string& key : keys) {
      if (seen.insert(key).second) continue;
      bad(fmt::format("the object has the key `{}` twice", key), "Give each key another name.");
    }
    return object;
  }

  Json parse(std::string_view line, std::vector<std::string>* keys = nullptr) {
    const auto read = [&](std::string_view text) {
      if (keys == nullptr) return Json::parse(text);
      keys->clear();
      return Json::parse(text, [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth == 1 && event == Json::parse_event_t::key) keys->push_back(parsed);
        return true;
      });
    };
    constexpr const char* kRemedy =
        "Each line must be one complete JSON object in UTF-8; `jq -c . FILE` makes them.";
    Json object;
    no_number_.clear();
    try {
      object = read(line);
    } catch (const Json::exception& first) {
      try {
        JsonRepairs repairs;
        object = read(repaired_json(line, repairs));
        if (repairs.surrogates > 0) halves_.at(line_number());
        no_number_ = repairs.no_number;
      } catch (const Json::exception&) {
        const auto* place = dynamic_cast<const Json::parse_error*>(&first);
        throw BadRow{line_number(), place == nullptr ? 1 : place->byte,
                     "this is not valid JSON: " + reason_of(first.what()), kRemedy};
      }
    }
    if (!object.is_object()) {
      bad(fmt::format("the line is a JSON {}, not an object", object.type_name()),
          R"(Write {"label": ..., "text": ...} on each line.)");
    }
    return object;
  }

  const Json& member(const Json& object, const std::string& key) const {
    const Json* value = find_value(object, key);
    if (value == nullptr) {
      bad(fmt::format("the object has no `{}`", key), "Each object needs the keys of the first.");
    }
    return *value;
  }

  // A value as the file has it, a string without its quotes.
  std::string written(const Json& value, const std::string& key) const {
    if (value.is_structured()) {
      bad(fmt::format("`{}` is a JSON {}; it must be a string or a number", key, value.type_name()),
          "Give another key, or a path such as `a.b` to a value inside.");
    }
    return value.is_string() ? value.get<std::string>() : value.dump();
  }

  void add_text(const Json& text, const std::string& key) {
    if (!text.is_string()) {
      bad(fmt::format("`{}` is {}; the text must be a string", key, kind_of(text)),
          "Put quotes around it, or give another --text-column.");
    }
    context_.add_text(text.get_ref<const std::string&>());
  }

  void add_labels(const Json& value) {
    if (value.is_string()) return context_.add_labels(value.get_ref<const std::string&>());
    if (value.is_number() || value.is_boolean()) return context_.add_label(value.dump());
    if (!value.is_array()) bad_label(value);
    for (const Json& one : value) {
      if (!one.is_string() && !one.is_number()) bad_label(one);
      context_.add_label(one.is_string() ? one.get_ref<const std::string&>() : one.dump());
    }
  }

  [[noreturn]] void bad_label(const Json& value) const {
    bad(fmt::format("a label is {}", kind_of(value)), kLabelRemedy);
  }

  std::string kind_of(const Json& value) const {
    std::string kind = fmt::format("a JSON {}", value.type_name());
    if (value.is_null() && !no_number_.empty()) {
      kind += fmt::format(" (`{}` on this line counts as one: it is no finite number of 64 bits)",
                          no_number_);
    }
    return kind;
  }

  [[noreturn]] void bad(std::string message, const char* remedy) const {
    throw BadRow{line_number(), 1, std::move(message), remedy};
  }

  std::size_t line_number() const { return context_.lines().line(); }

  static constexpr const char* kLabelRemedy =
      "A label is a string, a number, or an array of these.";

  ReadContext& context_;
  std::vector<std::string> keys_;
  Columns columns_;
  Sighting halves_;
  std::string no_number_;  // of the line at hand: what was read as null, if anything was
};

bool is_object(std::string_view line) {
  return trim(line).starts_with("{\"") && trim(line).ends_with('}');
}

std::unique_ptr<RowSource> open_json_lines(ReadContext& context) {
  return std::make_unique<JsonRows>(context);
}

}  // namespace

const DataFormat formats::jsonl = {
    "jsonl", "one JSON object a line", {".jsonl", ".json", ".ndjson"}, open_json_lines, is_object};

}  // namespace weft
