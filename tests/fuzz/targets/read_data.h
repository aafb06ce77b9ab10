// Reads an input as data of a format, with the options that its first byte chooses.
#pragma once

#include "frontend/data/readers.h"
#include "runtime/text/utf8.h"
#include "tests/fuzz/targets/harness.h"

namespace weft::fuzz {

inline void read_data(std::string_view input, const DataFormat& format) {
  if (input.empty()) return;
  const auto choice = static_cast<unsigned char>(input.front());
  const auto chosen = [&](unsigned bit) { return (choice >> bit & 1U) != 0; };
  ReadOptions options;
  options.format = &format;
  options.skip_bad = chosen(0);
  options.labels = !chosen(1);
  if (chosen(2)) options.label_separator = ",";
  if (chosen(3)) options.text_column = "1,2";
  if (chosen(4)) options.escape = '\\';
  if (chosen(5)) options.encoding = "gbk";
  std::size_t count = 0;
  const auto report =
      read_examples(file_with(input.substr(1)), options, [&](const Example& example) {
        ++count;
        WEFT_CHECK(example.line > 0);
        for (const std::string& label : example.labels) {
          WEFT_CHECK(!label.empty() && utf8::is_valid(label));
        }
      });
  WEFT_CHECK(report.examples == count);
}

}  // namespace weft::fuzz
