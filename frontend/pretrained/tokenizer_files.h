// The tokenizer of a published model: its files read into a plan's settings, and written again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/vocabulary.h"

namespace weft {

struct TokenizerFiles {
  TextSettings text;  // max_tokens is the default: how long a text may be, the model says
  WordList words;     // by id
  std::vector<std::int32_t> merges;   // as in VocabularyView
  std::int64_t model_max_length = 0;  // 0: not stated

  VocabularyView vocabulary() const {
    return {words.bytes, std::span(words.offsets).subspan(1), merges};
  }
};

// Reads tokenizer.json; where there is none, vocab.txt, or vocab.json and merges.txt, with what
// tokenizer_config.json, special_tokens_map.json and config.json say of them. Requests for padding
// are ignored, and those for truncation, but from the left it is not supported. Error, naming all
// of it at once, if something is missing, damaged, or not supported.
TokenizerFiles read_tokenizer(const std::string& folder);

// Writes the files from which `read_tokenizer` reads the same again, and other programs too:
// tokenizer.json, vocab.txt or vocab.json and merges.txt, tokenizer_config.json,
// special_tokens_map.json. `model_max_length` 0: not stated. Error if the plan's tokenizer is not
// one of a pretrained model.
void write_tokenizer(const std::string& folder, const TextSettings& text,
                     const VocabularyView& vocabulary, std::int64_t model_max_length = 0);

}  // namespace weft
