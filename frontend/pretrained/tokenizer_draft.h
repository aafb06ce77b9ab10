// A tokenizer while its files are read: what they have said so far, and what is wrong with them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "frontend/pretrained/tokenizer_files.h"
#include "ir/diagnostic.h"

namespace weft {

using Json = nlohmann::json;

class TokenizerDraft {
 public:
  explicit TokenizerDraft(std::filesystem::path folder) : folder_(std::move(folder)) {}

  TokenizerFiles files;
  SubwordSettings& subwords() { return files.text.subwords; }
  bool is_bpe() const { return files.text.tokenizer == "byte_bpe"; }

  const std::filesystem::path& folder() const { return folder_; }
  bool has(const char* name) const;
  // Problems are collected, and thrown together at the end. A broken file is thrown at once.
  void problem(std::string message, std::string remedy);
  void unsupported(std::string_view what);
  void throw_problems() const;

  std::string read_text(const char* name) const;
  // An object in which no name is twice. Error if the file holds no such.
  Json read_json(const char* name) const;
  Json read_json_if_there(const char* name) const;  // else an empty object

  // Vocabulary, as the files spell it.
  void add_word(std::string_view word, std::int64_t id);
  void add_vocabulary(const Json& vocabulary, const char* name);
  std::optional<std::int32_t> find(std::string_view word) const;
  // The id of a word that must be there; -1, and a problem, if it is not.
  std::int32_t need(std::string_view word, std::string_view role);

  void add_merge(std::string_view first, std::string_view second);
  // Adds a special token; one whose id is there already replaces it.
  void add_special(SpecialToken token);

  void bert_templates(std::int32_t cls, std::int32_t sep);     // `[CLS] A [SEP]`, `… B [SEP]`
  void roberta_templates(std::int32_t cls, std::int32_t sep);  // `<s> A </s>`, `… </s> B </s>`
  void plain_templates();                                      // `A`, `A B`

  // The tokenizer, if there is no problem.
  TokenizerFiles finish();

 private:
  std::filesystem::path folder_;
  std::vector<Diagnostic> problems_;
  std::unordered_map<std::string, std::int32_t> ids_;
  std::map<std::int64_t, std::string> words_;
  std::map<std::int32_t, SpecialToken> specials_;
};

// A member of an object: of the given default where it is missing or null; a problem where it is of
// another type.
bool flag_of(TokenizerDraft& draft, const Json& object, const char* name, bool otherwise);
std::string text_of(TokenizerDraft& draft, const Json& object, const char* name,
                    const std::string& otherwise = {});
std::optional<std::int64_t> integer_of(TokenizerDraft& draft, const Json& object, const char* name);
// The member, if it is an object; else an empty one.
const Json& object_of(const Json& object, const char* name);

void read_tokenizer_json(TokenizerDraft& draft);
void read_vocabulary_files(TokenizerDraft& draft);

}  // namespace weft
