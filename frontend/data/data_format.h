// Formats of data files, and the table of them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

class ReadContext;  // frontend/data/read_context.h

// A format is declared once, in the file that reads it, and named in frontend/data/formats.def.
struct DataFormat {
  std::string_view name;  // as `--format` takes it
  std::string_view doc;
  std::vector<std::string_view> extensions;  // ".tsv"; a name may end in .gz after it
  // Gives every example of the file to `context`, in order.
  void (*read)(ReadContext& context);
  // True if a file with none of the known extensions is of this format, judged by its first line
  // that is not blank; null: never.
  bool (*recognizes)(std::string_view line) = nullptr;
};

std::span<const DataFormat* const> all_data_formats();
const DataFormat* find_data_format(std::string_view name);  // null where there is none
const DataFormat* format_by_extension(std::string_view path);
const DataFormat* format_by_content(std::string_view line);

std::string data_format_names();  // "tsv, csv, jsonl or fasttext"

namespace formats {

#define WEFT_DATA_FORMAT(name) extern const DataFormat name;
#include "frontend/data/formats.def"

}  // namespace formats
}  // namespace weft
