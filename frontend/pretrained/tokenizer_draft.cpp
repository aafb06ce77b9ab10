// The parts that readers of all kinds of tokenizer files share.
#include "frontend/pretrained/tokenizer_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "frontend/pretrained/published_file.h"
#include "frontend/pretrained/tokenizer_bytes.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr const char* kCopyAgain = "copy the folder again, with its tokenizer's files as published";
constexpr std::size_t kMostProblems = 20;

void wrong_type(TokenizerDraft& draft, const char* name, const char* type) {
  draft.problem(fmt::format("`{}` of the tokenizer's files is not a {}", name, type), kCopyAgain);
}

void out_of_range(TokenizerDraft& draft, std::string_view word, const std::string& id) {
  draft.problem(fmt::format("the token `{}` has the id {}, which is out of range", word, id),
                kCopyAgain);
}

bool is_beyond_64_bits(const Json& number) {
  return number.is_number_unsigned() &&
         number.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max();
}

}  // namespace

bool TokenizerDraft::has(const char* name) const { return is_there(folder_ / name); }

void TokenizerDraft::problem(std::string message, std::string remedy) {
  if (problems_.size() < kMostProblems) {
    problems_.push_back({{}, std::move(message), std::move(remedy)});
  }
}

void TokenizerDraft::unsupported(std::string_view what) {
  problem(fmt::format("the tokenizer has {}, which is not supported", what),
          "weft reads the tokenizers of BERT, DistilBERT, RoBERTa and GPT-2");
}

void TokenizerDraft::throw_problems() const {
  if (!problems_.empty()) throw Error(problems_, folder_.string());
}

std::string TokenizerDraft::read_text(const char* name) const {
  const std::string path = (folder_ / name).string();
  std::string text = read_published_file(path);
  if (!utf8::is_valid(text)) {
    throw Error(fmt::format("{}: it is not UTF-8", path), kCopyAgain);
  }
  return text;
}

Json TokenizerDraft::read_json(const char* name) const {
  const std::string path = (folder_ / name).string();
  return parse_published_json(read_published_file(path), path);
}

Json TokenizerDraft::read_json_if_there(const char* name) const {
  return has(name) ? read_json(name) : Json::object();
}

void TokenizerDraft::add_word(std::string_view word, std::int64_t id) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max() - 1;
  if (id < 0 || id >= kMost) {
    return out_of_range(*this, word, std::to_string(id));
  }
  const auto [there, is_new] = ids_.emplace(word, static_cast<std::int32_t>(id));
  if (!is_new && there->second != id) {
    return problem(fmt::format("the token `{}` has two ids, {} and {}", word, there->second, id),
                   kCopyAgain);
  }
  const auto [at, is_free] = words_.emplace(id, word);
  if (!is_free && at->second != word) {
    problem(fmt::format("the tokens `{}` and `{}` have the same id {}", at->second, word, id),
            kCopyAgain);
  }
}

void TokenizerDraft::add_vocabulary(const Json& vocabulary, const char* name) {
  if (!vocabulary.is_object() || vocabulary.empty()) {
    return problem(fmt::format("{} has no vocabulary", name), kCopyAgain);
  }
  for (const auto& [word, id] : vocabulary.items()) {
    if (id.is_number_integer()) {
      if (is_beyond_64_bits(id)) {
        out_of_range(*this, word, id.dump());
      } else {
        add_word(word, id.get<std::int64_t>());
      }
    } else {
      problem(fmt::format("the id of the token `{}` is no integer", word), kCopyAgain);
    }
  }
}

std::optional<std::int32_t> TokenizerDraft::find(std::string_view word) const {
  const auto found = ids_.find(std::string(word));
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::int32_t TokenizerDraft::need(std::string_view word, std::string_view role) {
  if (const auto id = find(word)) return *id;
  problem(fmt::format("the {} `{}` is not in the vocabulary", role, word), kCopyAgain);
  return -1;
}

void TokenizerDraft::add_merge(std::string_view first, std::string_view second) {
  const auto a = find(first);
  const auto b = find(second);
  if (a && b && find(fmt::format("{}{}", first, second))) {
    files.merges.insert(files.merges.end(), {*a, *b});
  } else {
    problem(fmt::format("the merge of `{}` and `{}` is of tokens that are not in the vocabulary",
                        first, second),
            kCopyAgain);
  }
}

void TokenizerDraft::add_special(SpecialToken token) {
  if (token.id < 0) return;  // a problem already
  if (token.normalized && !is_bpe()) {
    unsupported(fmt::format("the token `{}`, looked for in normalised text,", token.text));
  }
  specials_[token.id] = std::move(token);
}

void TokenizerDraft::bert_templates(std::int32_t cls, std::int32_t sep) {
  subwords().single = {{cls, 0, 0}, {-1, 0, 0}, {sep, 0, 0}};
  subwords().pair = {{cls, 0, 0}, {-1, 0, 0}, {sep, 0, 0}, {-1, 1, 1}, {sep, 0, 1}};
}

// RoBERTa has one type only.
void TokenizerDraft::roberta_templates(std::int32_t cls, std::int32_t sep) {
  subwords().single = {{cls, 0, 0}, {-1, 0, 0}, {sep, 0, 0}};
  subwords().pair = {{cls, 0, 0}, {-1, 0, 0}, {sep, 0, 0}, {sep, 0, 0}, {-1, 1, 0}, {sep, 0, 0}};
}

void TokenizerDraft::plain_templates() {
  subwords().single = {{-1, 0, 0}};
  subwords().pair = {{-1, 0, 0}, {-1, 1, 1}};
}

TokenizerFiles TokenizerDraft::finish() {
  std::int64_t next = 0;
  for (const auto& [id, word] : words_) {
    if (id != next) {
      problem(fmt::format("no token has the id {}", next), kCopyAgain);
      break;
    }
    ++next;
  }
  for (const auto* parts : {&subwords().single, &subwords().pair}) {
    for (const TemplatePart& part : *parts) {
      if (part.id >= next || part.type < 0 || part.type > 0xFFFF) {
        problem(fmt::format("a template has the token {} of type {}", part.id, part.type),
                kCopyAgain);
      }
    }
  }
  constexpr std::size_t kBytes = 256;
  if (is_bpe() && files.merges.empty() && words_.size() > kBytes + specials_.size()) {
    problem(
        fmt::format("{} has no merges, but the vocabulary has {} tokens beside the special ones",
                    has("tokenizer.json") ? "tokenizer.json" : "merges.txt",
                    words_.size() - specials_.size()),
        kCopyAgain);
  }
  throw_problems();
  for (const auto& [id, word] : words_) {
    const auto special = specials_.find(static_cast<std::int32_t>(id));
    // What is cut from the text as it is written is no token of bytes.
    const bool bytes = is_bpe() && special == specials_.end();
    files.words.add(bytes ? bytes_of_token(word).value_or(word) : word);
  }
  for (auto& [id, token] : specials_) subwords().special_tokens.push_back(std::move(token));
  files.text.nfkc = false;
  return std::move(files);
}

bool flag_of(TokenizerDraft& draft, const Json& object, const char* name, bool otherwise) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return otherwise;
  if (found->is_boolean()) return found->get<bool>();
  wrong_type(draft, name, "boolean");
  return otherwise;
}

std::string text_of(TokenizerDraft& draft, const Json& object, const char* name,
                    const std::string& otherwise) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return otherwise;
  if (found->is_string()) return found->get<std::string>();
  wrong_type(draft, name, "string");
  return otherwise;
}

std::optional<std::int64_t> integer_of(TokenizerDraft& draft, const Json& object,
                                       const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (is_beyond_64_bits(*found)) {
    draft.problem(fmt::format("`{}` is {}, which is out of range", name, found->dump()),
                  kCopyAgain);
    return std::nullopt;
  }
  if (found->is_number_integer()) return found->get<std::int64_t>();
  wrong_type(draft, name, "integer");
  return std::nullopt;
}

const Json& object_of(const Json& object, const char* name) {
  static const Json kEmpty = Json::object();
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : kEmpty;
}

}  // namespace weft
