// Texts with the tokens that the original tokenizers make of them, as ../shared/data/pretrained has
// them.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/text/encoder.h"
#include "tests/support/source_folder.h"

namespace weft::test {

struct TokenLine {
  std::string text;
  std::optional<std::string> pair;
  std::optional<std::int64_t> max_length;
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> types;  // empty: not told
  std::vector<TextSpan> spans;
};

inline std::filesystem::path pretrained_models() {
  return source_folder() / "../shared/data/pretrained";
}

inline std::vector<TokenLine> read_token_lines(const std::filesystem::path& model) {
  std::string content;
  const gzFile file = gzopen((model / "golden/tokens.jsonl.gz").c_str(), "rb");
  char block[1 << 16];
  for (int size = 0; file != nullptr && (size = gzread(file, block, sizeof block)) > 0;) {
    content.append(block, static_cast<std::size_t>(size));
  }
  gzclose(file);
  std::vector<TokenLine> lines;
  for (std::size_t begin = 0, end = 0; begin < content.size(); begin = end + 1) {
    end = std::min(content.find('\n', begin), content.size());
    const auto json = nlohmann::json::parse(content.substr(begin, end - begin));
    TokenLine& line = lines.emplace_back();
    line.text = json.at("text");
    line.ids = json.at("ids").get<std::vector<std::int32_t>>();
    if (json.contains("pair")) line.pair = json["pair"].get<std::string>();
    if (json.contains("max_length")) line.max_length = json["max_length"].get<std::int64_t>();
    if (json.contains("type_ids")) {
      line.types = json["type_ids"].get<std::vector<std::int32_t>>();
    }
    for (const auto& span : json.at("offsets")) line.spans.push_back({span.at(0), span.at(1)});
  }
  return lines;
}

}  // namespace weft::test
