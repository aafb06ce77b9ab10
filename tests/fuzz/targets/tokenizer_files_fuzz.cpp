// The tokenizer's files of a pretrained model: refused, or a tokenizer that encodes and whose files
// are written and read again. In an input each file follows a line `@ NAME`.
#include "frontend/pretrained/tokenizer_files.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "ir/diagnostic.h"
#include "runtime/text/tokenizers.h"
#include "tests/fuzz/targets/harness.h"

namespace weft::fuzz {
namespace {

constexpr std::array<std::string_view, 7> kNames{
    "tokenizer.json", "tokenizer_config.json",   "vocab.txt",  "vocab.json",
    "merges.txt",     "special_tokens_map.json", "config.json"};

void put_files(std::string_view input) {
  for (const std::string_view name : kNames) {
    std::filesystem::remove(std::filesystem::path(folder()) / name);
  }
  while (input.starts_with("@ ")) {
    const std::size_t line = std::min(input.find('\n'), input.size());
    const std::string_view name = input.substr(2, line - 2);
    input.remove_prefix(std::min(line + 1, input.size()));
    const std::size_t end = input.find("\n@ ");
    if (std::ranges::find(kNames, name) != kNames.end()) file_with(input.substr(0, end), name);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  }
}

void encode(const TokenizerFiles& files) {
  const VocabularyView words = files.vocabulary();
  const auto encoder = make_encoder(files.text, words);
  TokenBuffer buffer;
  std::vector<std::int32_t> ids;
  for (const char* text : {"", "films", "a 中 the [MASK]<|end|> aa", "\xFF\xE4\xB8"}) {
    encoder->encode(text, buffer, ids);
  }
  for (const std::int32_t id : ids) WEFT_CHECK(id >= 0 && id < encoder->id_count());
}

}  // namespace

void fuzz(std::string_view input) {
  put_files(input);
  const TokenizerFiles files = read_tokenizer(folder());
  encode(files);
  const std::string again = folder() + "/again";
  std::filesystem::create_directories(again);
  write_tokenizer(again, files.text, files.vocabulary(), files.model_max_length);
  const TokenizerFiles reread = read_tokenizer(again);
  WEFT_CHECK(reread.text == files.text);
  WEFT_CHECK(reread.words.bytes == files.words.bytes && reread.merges == files.merges);
}

}  // namespace weft::fuzz
