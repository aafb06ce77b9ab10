// Small tokenizers of the kinds that pretrained models have.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/vocabulary.h"

namespace weft::test {

struct SubwordModel {
  TextSettings text;
  WordList words;
  std::vector<std::int32_t> merges = {};

  VocabularyView view() const { return {words.bytes, std::span(words.offsets).subspan(1), merges}; }
};

// Ids: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, then these.
inline SubwordModel small_wordpiece(const std::vector<std::string>& pieces) {
  SubwordModel model;
  model.text.tokenizer = "wordpiece";
  model.text.nfkc = false;
  SubwordSettings& subwords = model.text.subwords;
  subwords.unknown_id = 1;
  subwords.prefix = "##";
  subwords.clean_text = subwords.split_chinese = subwords.strip_accents = true;
  for (const char* special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]"}) {
    subwords.special_tokens.push_back({static_cast<std::int32_t>(model.words.size()), special});
    model.words.add(special);
  }
  for (const std::string& piece : pieces) model.words.add(piece);
  subwords.single = {{2, 0, 0}, {-1, 0, 0}, {3, 0, 0}};
  subwords.pair = {{2, 0, 0}, {-1, 0, 0}, {3, 0, 0}, {-1, 1, 1}, {3, 0, 1}};
  return model;
}

// Ids: bytes 0 to 255, then the results of these merges, then <|end|>.
inline SubwordModel small_byte_bpe(const std::vector<std::pair<std::string, std::string>>& merges) {
  SubwordModel model;
  model.text.tokenizer = "byte_bpe";
  model.text.lowercase = model.text.nfkc = false;
  std::vector<std::string> words;
  for (int byte = 0; byte < 256; ++byte) words.emplace_back(1, static_cast<char>(byte));
  const auto id = [&](const std::string& word) {
    return static_cast<std::int32_t>(std::ranges::find(words, word) - words.begin());
  };
  for (const auto& [first, second] : merges) {
    model.merges.insert(model.merges.end(), {id(first), id(second)});
    words.push_back(first + second);
  }
  words.emplace_back("<|end|>");
  for (const std::string& word : words) model.words.add(word);
  SubwordSettings& subwords = model.text.subwords;
  subwords.special_tokens = {{id("<|end|>"), "<|end|>"}};
  subwords.single = {{-1, 0, 0}};
  subwords.pair = {{-1, 0, 0}, {-1, 1, 1}};
  return model;
}

}  // namespace weft::test
