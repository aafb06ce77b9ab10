// Formats of data files, and the table of them.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

class ReadContext;  // frontend/data/read_context.h

// The rows of one file in one format.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // Reads a row and gives its example, if it holds one, to the context; false at the end. Throws
  // BadRow, after which it may be called again.
  virtual bool next() = 0;
};

// A format is declared once, in the file that reads it, and named in frontend/data/formats.def.
struct DataFormat {
  std::string_view name;  // as `--format` takes it
  std::string_view doc;
  // In lower case: ".tsv"; a name may end in .gz, .bz2 or .zst after it, or in longer forms of
  // these.
  std::vector<std::string_view> extensions;
  // The context outlives the rows.
  std::unique_ptr<RowSource> (*open)(ReadContext& context);
  // True if a file with none of the known extensions is of this format, judged by its first line
  // that is not blank; null: never.
  bool (*recognizes)(std::string_view line) = nullptr;
  bool delimited = false;  // has a delimiter, and may have a header
};

// What a packed file has after the extension of its format.
inline constexpr std::array<std::string_view, 6> kPackedExtensions{".gz",    ".gzip", ".bz2",
                                                                   ".bzip2", ".zst",  ".zstd"};

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
