// Any bytes as a text for every tokenizer: ids of the vocabulary, spans on characters of the text,
// and the same again whatever the memory was used for before.
#include "runtime/text/tokenizers.h"

#include <memory>
#include <vector>

#include "runtime/text/utf8.h"
#include "tests/fuzz/targets/harness.h"
#include "tests/support/subword_model.h"

namespace weft::fuzz {
namespace {

struct Tokenizer {
  test::SubwordModel model;
  std::unique_ptr<Encoder> encoder;
};

std::vector<std::unique_ptr<Tokenizer>> all_of_them() {
  std::vector<std::unique_ptr<Tokenizer>> all;
  const auto add = [&](test::SubwordModel model) {
    auto made = std::make_unique<Tokenizer>(Tokenizer{std::move(model), nullptr});
    made->encoder = make_encoder(made->model.text, made->model.view());
    all.push_back(std::move(made));
  };
  for (const TokenizerDef* def : all_tokenizers()) {
    if (def->split == nullptr) continue;
    for (const bool plain : {false, true}) {
      test::SubwordModel model;
      model.text.tokenizer = def->name;
      model.text.lowercase = model.text.nfkc = model.text.unify_marks = !plain;
      model.text.max_tokens = plain ? 5 : 400;
      if (model.text.tokenizer == "ngrams") model.text.buckets = 30;
      if (plain && def->looks_up_words) model.text.word_ngrams = 3;
      if (def->hashes_ngrams) {
        model.text.word_ngrams = 3, model.text.buckets = 50;
        model.text.min_letters = 1, model.text.max_letters = 3;
      }
      for (const char* word : {"<unk>", "the", "a", "电影", "电", "the a"}) model.words.add(word);
      add(std::move(model));
    }
  }
  auto pieces = test::small_wordpiece({"film", "##s", "a", "##a", "中", "e"});
  pieces.text.max_tokens = 7;
  add(pieces);
  pieces.text.subwords.clean_text = pieces.text.subwords.strip_accents = false;
  pieces.text.subwords.special_tokens.push_back({4, "film", true, true, true, false});
  pieces.text.pair = true;
  add(pieces);
  auto bytes = test::small_byte_bpe({{" ", "a"}, {"\xE4", "\xB8"}, {"a", "a"}, {"aa", "aa"}});
  add(bytes);
  bytes.text.subwords.add_prefix_space = bytes.text.subwords.trim_offsets = true;
  add(bytes);
  return all;
}

bool on_a_character(std::string_view text, std::uint32_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
}

}  // namespace

void fuzz(std::string_view input) {
  static const auto all = all_of_them();
  static TokenBuffer used;
  const bool valid = utf8::is_valid(input);
  const TextInput whole = split_pair(input);
  for (const auto& tokenizer : all) {
    const Encoder& encoder = *tokenizer->encoder;
    const TextInput text = encoder.reads_pairs() ? whole : TextInput{input};
    std::vector<std::int32_t> ids;
    std::vector<std::int32_t> types;
    std::vector<std::int32_t> ids_again;
    std::vector<TextSpan> spans;
    const std::size_t count = encoder.encode(text, used, {ids, &spans, &types});
    WEFT_CHECK(count == ids.size() && count == spans.size());
    WEFT_CHECK(static_cast<std::int64_t>(count) <= encoder.max_ids());
    for (const std::int32_t id : ids) WEFT_CHECK(id >= 0 && id < encoder.id_count());
    // Those of a pair count from the beginning of the line. What is no UTF-8 has no characters.
    for (const TextSpan& span : spans) {
      WEFT_CHECK(span.begin <= span.end && span.end <= input.size());
      WEFT_CHECK(!valid || (on_a_character(input, span.begin) && on_a_character(input, span.end)));
    }
    TokenBuffer fresh;
    encoder.encode(text, fresh, {ids_again});
    WEFT_CHECK(ids == ids_again);
  }
}

}  // namespace weft::fuzz
