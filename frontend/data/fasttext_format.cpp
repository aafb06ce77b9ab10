// fastText's format: `__label__x __label__y text`, labels first.
#include "frontend/data/data_format.h"
#include "frontend/data/read_context.h"

namespace weft {
namespace {

constexpr std::string_view kLabelPrefix = "__label__";

bool begins_with_label(std::string_view line) { return trim(line).starts_with(kLabelPrefix); }

void read_line(ReadContext& context, std::string_view line) {
  const std::size_t number = context.lines().line();
  if (!begins_with_label(line)) {
    throw BadRow{number, 1, "the line does not begin with `__label__`",
                 "Begin it with `__label__` and the label, or give another --format."};
  }
  context.begin_example(number);
  std::string_view rest = trim(line);
  while (rest.starts_with(kLabelPrefix)) {
    const std::size_t end = rest.find_first_of(" \t");
    context.add_label(rest.substr(0, end).substr(kLabelPrefix.size()));
    rest = end == std::string_view::npos ? std::string_view{} : trim(rest.substr(end));
  }
  context.finish_example(rest);
}

void read_fasttext(ReadContext& context) {
  context.for_each_line([&](std::string_view line) { read_line(context, line); });
}

}  // namespace

// Its files have no extension of their own.
const DataFormat formats::fasttext = {
    "fasttext", "`__label__x __label__y text`", {}, read_fasttext, begins_with_label};

}  // namespace weft
