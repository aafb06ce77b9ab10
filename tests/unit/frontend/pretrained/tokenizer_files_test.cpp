// Tokenizer files: written and read again, from either kind of files; and bad ones.
#include "frontend/pretrained/tokenizer_files.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "frontend/pretrained/tokenizer_bytes.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "runtime/text/tokenizers.h"
#include "tests/support/source_folder.h"
#include "tests/support/subword_model.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

// A folder of files for the length of a test.
class Folder {
 public:
  Folder() : place_("place", "") {}
  std::string path() const { return place_.directory(); }
  const Folder& put(const std::string& name, std::string_view content) const {
    std::ofstream(fs::path(path()) / name, std::ios::binary) << content;
    return *this;
  }
  void drop(const char* name) const { fs::remove(fs::path(path()) / name); }

 private:
  TemporaryFile place_;
};

void check_equal(const TokenizerFiles& a, const TextSettings& text, const VocabularyView& words) {
  CHECK(a.text == text);
  CHECK(a.words.bytes == words.words);
  CHECK(std::ranges::equal(a.vocabulary().ends, words.ends));
  CHECK(std::ranges::equal(a.merges, words.merges));
}

// By tokenizer.json and, where the other files can say as much, by those.
void check_round_trip(const TextSettings& text, const VocabularyView& words, bool plain) {
  const Folder folder;
  write_tokenizer(folder.path(), text, words, 99);
  const TokenizerFiles read = read_tokenizer(folder.path());
  check_equal(read, text, words);
  CHECK(read.model_max_length == 99);
  if (!plain) return;
  folder.drop("tokenizer.json");
  check_equal(read_tokenizer(folder.path()), text, words);
}

TEST_CASE("tokenizer files: what is written reads the same") {
  const auto pieces = test::small_wordpiece({"film", "##s", "\xE4\xB8\xAD"});
  check_round_trip(pieces.text, pieces.view(), true);
  auto unusual = pieces;
  unusual.text.lowercase = false;
  SubwordSettings& subwords = unusual.text.subwords;
  subwords.prefix = "@@";
  subwords.clean_text = subwords.split_chinese = false;
  subwords.max_word = 7;
  subwords.special_tokens.push_back({4, "film", true, true, true, false});
  subwords.pair = {{-1, 1, 3}, {2, 0, 4}, {-1, 0, 5}};
  check_round_trip(unusual.text, unusual.view(), false);

  auto bytes = test::small_byte_bpe({{" ", "a"}, {"\xE4", "\xB8"}});
  check_round_trip(bytes.text, bytes.view(), true);
  bytes.text.subwords.add_prefix_space = bytes.text.subwords.trim_offsets = true;
  bytes.text.subwords.special_tokens[0].normalized = true;
  check_round_trip(bytes.text, bytes.view(), false);

  CHECK_THROWS_WITH_AS(write_tokenizer("/nowhere", TextSettings{}, {}),
                       doctest::Contains("tokenizer=words has no files"), Error);
}

TEST_CASE("tokenizer files: those of nine published models go home") {
  const fs::path models = test::source_folder() / "../shared/data/pretrained";
  if (!fs::exists(models / "README.md")) {
    MESSAGE("skipped: there are no pretrained models: they belong in ../shared/data/pretrained");
    return;
  }
  int count = 0;
  for (const auto& entry : fs::directory_iterator(models)) {
    if (!entry.is_directory()) continue;
    CAPTURE(entry.path().string());
    const TokenizerFiles files = read_tokenizer(entry.path().string());
    check_round_trip(files.text, files.vocabulary(), true);
    ++count;
    // The plain files beside a tokenizer.json say the same as it does.
    const Folder plain;
    for (const auto& file : fs::directory_iterator(entry)) {
      const std::string name = file.path().filename().string();
      if (file.is_directory() || name == "tokenizer.json" || name.starts_with("model")) continue;
      fs::copy(file.path(), fs::path(plain.path()) / name);
    }
    check_equal(read_tokenizer(plain.path()), files.text, files.vocabulary());
  }
  CHECK(count == 9);
}

TEST_CASE("tokenizer files: bytes as characters, both ways") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(bytes_of_token(token_of_bytes(all)) == all);
  CHECK(token_of_bytes(" a\n") ==
        "\xC4\xA0"
        "a\xC4\x8A");
  CHECK_FALSE(bytes_of_token("\xE4\xB8\xAD").has_value());
  CHECK_FALSE(bytes_of_token(" ").has_value());
}

constexpr const char* kVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nfilm\n##s\n";

TEST_CASE("tokenizer files: vocab.txt alone is BERT's, with its defaults") {
  const Folder folder;
  folder.put("vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\nfilm\r\n##s");
  const TokenizerFiles files = read_tokenizer(folder.path());
  const test::SubwordModel same = test::small_wordpiece({"film", "##s"});
  check_equal(files, same.text, same.view());
  CHECK(files.model_max_length == 0);
}

TEST_CASE("tokenizer files: added tokens behind the vocabulary, with their flags") {
  const Folder folder;
  folder.put("vocab.txt", kVocabulary);
  folder.put("tokenizer_config.json",
             R"({"do_lower_case": false, "model_max_length": 1e30, "added_tokens_decoder":
                {"6": {"content": "[E]", "lstrip": true, "normalized": false}}})");
  const TokenizerFiles files = read_tokenizer(folder.path());
  CHECK(files.words.size() == 7);
  CHECK(files.text.subwords.special_tokens.back() == SpecialToken{6, "[E]", true});
  CHECK_FALSE(files.text.lowercase);
  CHECK(files.model_max_length == 0);
}

void fails(const Folder& folder, std::initializer_list<const char*> messages) {
  try {
    make_encoder(read_tokenizer(folder.path()).text, {});
    FAIL("it was read");
  } catch (const Error& error) {
    const std::string whole = error.what();
    for (const char* message : messages) {
      CAPTURE(whole);
      CAPTURE(std::string(message));
      CHECK(whole.find(message) != std::string::npos);
    }
  }
}

TEST_CASE("tokenizer files: what is missing, damaged or contradicts itself") {
  fails(Folder(), {"there is no tokenizer", "vocab.txt"});
  fails(Folder().put("tokenizer.json", R"({"model": {"type": )"), {"not valid JSON"});
  fails(Folder().put("tokenizer.json", "[]"), {"no JSON object"});
  fails(Folder().put("tokenizer.json", std::string(100000, '[')), {"nested too deep"});
  fails(Folder().put("tokenizer.json", "{\"a\": \"\xC3\"}"), {"not valid JSON"});
  fails(Folder().put("tokenizer.json", R"({"model": {"vocab": {"a": 0, "a": 1}}})"),
        {"it has `a` twice"});
  fails(Folder().put("vocab.txt", "[UNK]\n\xFF\n"), {"not UTF-8"});
  fails(Folder().put("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\na\n"), {"`a` has two ids, 3 and 4"});
  fails(Folder().put("vocab.txt", "a\nb\n"), {"`[UNK]` is not in the vocabulary", "`[CLS]`"});
  fails(Folder().put("vocab.json", "{}").put("merges.txt", ""), {"no tokenizer_class"});
  const Folder gpt2;
  gpt2.put("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  gpt2.put("merges.txt", "#version: 0.2\na b\nab\n");
  fails(gpt2.put("vocab.json", R"({"a": 0, "b": 1})"),
        {"merge of `a` and `b`", "the line `ab`, which is no pair"});
  fails(gpt2.put("vocab.json", R"({"a": 0, "b": 18446744073709551615, "ab": 1})"),
        {"id 18446744073709551615, which is out of range"});
  fails(gpt2.put("vocab.json", R"({"a": 0, "b": 1099511627776, "ab": 1})"),
        {"id 1099511627776, which is out of range"});
  fails(gpt2.put("vocab.json", R"({"a": 0, "b": -1, "ab": 1})"), {"id -1, which is out of range"});
  fails(gpt2.put("vocab.json", R"({"a": 0, "b": 1000000, "ab": 1})"), {"no token has the id 2"});
  const Folder linked;
  linked.put("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n[PAD]\na\n");
  for (const char* target : {"nowhere", "tokenizer_config.json"}) {  // a link to itself
    const fs::path link = fs::path(linked.path()) / "tokenizer_config.json";
    fs::create_symlink(target, link);
    fails(linked, {"tokenizer_config.json: cannot be opened"});
    fs::remove(link);
  }
  fails(gpt2.put("vocab.json", R"({"a": 0, "b": 0.5, "ab": 1})"), {"id of the token `b`"});
  fails(gpt2.put("vocab.json", R"({"a": 0, "b": 0, "ab": 1})"), {"the same id 0"});
  std::string words = R"({"<|endoftext|>": 0)";
  for (int i = 1; i <= 300; ++i) words += fmt::format(R"(, "w{}": {})", i, i);
  fails(gpt2.put("merges.txt", "#version: 0.2\n").put("vocab.json", words + "}"),
        {"merges.txt has no merges, but the vocabulary has 300 tokens beside the special ones"});
}

TEST_CASE("tokenizer files: all that is not supported is named at once") {
  fails(Folder().put("tokenizer.json", R"({
          "model": {"type": "BPE", "byte_fallback": true, "dropout": 0.1,
                    "end_of_word_suffix": "</w>", "vocab": {"a": 0}, "merges": []},
          "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]},
          "pre_tokenizer": {"type": "Metaspace"},
          "post_processor": {"type": "TemplateProcessing", "single": [], "pair": []}})"),
        {"byte_fallback", "dropout of merges", "end_of_word_suffix", "the normalizer NFC",
         "the pre-tokenizer Metaspace", "does not take each text once"});
  fails(Folder().put("tokenizer.json", R"({"model": {"type": "Unigram"}})"), {"the model Unigram"});
  fails(Folder()
            .put("vocab.txt", kVocabulary)
            .put("tokenizer_config.json", R"({"tokenizer_class": "XLNetTokenizer"})"),
        {"tokenizer_class XLNetTokenizer"});
  fails(Folder()
            .put("vocab.txt", kVocabulary)
            .put("tokenizer_config.json", R"({"truncation_side": "left"})"),
        {"truncation from the left (truncation_side in tokenizer_config.json)"});
  fails(Folder().put("tokenizer.json", R"({
          "model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 1},
                    "continuing_subword_prefix": ")" +
                                           std::string(65, '#') + R"("},
          "truncation": {"direction": "Left", "max_length": 8}})"),
        {"truncation from the left", "has 65 bytes, above the limit of 64"});
  fails(Folder().put("vocab.txt", kVocabulary).put("config.json", R"({"model_type": "t5"})"),
        {"model_type t5"});
  fails(Folder()
            .put("vocab.txt", kVocabulary)
            .put("tokenizer_config.json",
                 R"({"do_basic_tokenize": false,
                                                       "do_lower_case": "yes"})"),
        {"do_basic_tokenize=false", "`do_lower_case` of the tokenizer's files is not a boolean"});
}

}  // namespace
}  // namespace weft
