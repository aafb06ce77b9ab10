// Writes a tokenizer's files: tokenizer.json says all of it; the others are for programs that read
// those.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "frontend/pretrained/tokenizer_bytes.h"
#include "frontend/pretrained/tokenizer_files.h"
#include "ir/diagnostic.h"
#include "ir/file.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

class TokenizerWriter {
 public:
  TokenizerWriter(std::string folder, const TextSettings& text, const VocabularyView& vocabulary)
      : folder_(std::move(folder)),
        text_(text),
        subwords_(text.subwords),
        merges_(vocabulary.merges),
        bpe_(text.tokenizer == "byte_bpe") {
    std::vector<bool> special(vocabulary.ends.size());
    for (const SpecialToken& token : subwords_.special_tokens) {
      special[static_cast<std::size_t>(token.id)] = true;
    }
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < vocabulary.ends.size(); ++i) {
      const std::string_view word = vocabulary.words.substr(begin, vocabulary.ends[i] - begin);
      words_.push_back(bpe_ && !special[i] ? token_of_bytes(word) : std::string(word));
      begin = vocabulary.ends[i];
    }
  }

  void write(std::int64_t model_max_length) const {
    put("tokenizer.json", tokenizer());
    if (bpe_) {
      put("vocab.json", vocabulary());
      std::string merges = "#version: 0.2\n";
      each_merge([&](const std::string& a, const std::string& b) {
        merges += fmt::format("{} {}\n", a, b);
      });
      write_file(path("merges.txt"), merges);
    } else {
      std::string lines;
      for (const std::string& word : words_) lines += word + '\n';
      write_file(path("vocab.txt"), lines);
    }
    put("tokenizer_config.json", config(model_max_length));
    put("special_tokens_map.json", roles());
  }

 private:
  std::string path(const char* name) const {
    return (std::filesystem::path(folder_) / name).string();
  }
  void put(const char* name, const Json& json) const {
    write_file(path(name), json.dump(2) + '\n');
  }

  const std::string& word(std::int32_t id) const { return words_[static_cast<std::size_t>(id)]; }

  Json vocabulary() const {
    Json out = Json::object();
    auto& members = out.get_ref<Json::object_t&>();  // a list: to look names up would be quadratic
    for (std::size_t id = 0; id < words_.size(); ++id) members.emplace_back(words_[id], id);
    return out;
  }

  void each_merge(auto use) const {
    for (std::size_t i = 0; i + 1 < merges_.size(); i += 2) {
      use(word(merges_[i]), word(merges_[i + 1]));
    }
  }

  static Json flags_of(const SpecialToken& token) {
    return {{"content", token.text},
            {"single_word", token.whole_word},
            {"lstrip", token.takes_space_before},
            {"rstrip", token.takes_space_after},
            {"normalized", token.normalized},
            {"special", true}};
  }

  Json tokenizer() const {
    Json added = Json::array();
    for (const SpecialToken& token : subwords_.special_tokens) {
      Json one = {{"id", token.id}};
      one.update(flags_of(token));
      added.push_back(std::move(one));
    }
    return {{"version", "1.0"},
            {"truncation", nullptr},
            {"padding", nullptr},
            {"added_tokens", std::move(added)},
            {"normalizer", normalizer()},
            {"pre_tokenizer", pre_tokenizer()},
            {"post_processor", post_processor()},
            {"decoder", decoder()},
            {"model", model()}};
  }

  Json normalizer() const {
    if (bpe_) return nullptr;
    return {{"type", "BertNormalizer"},
            {"clean_text", subwords_.clean_text},
            {"handle_chinese_chars", subwords_.split_chinese},
            {"strip_accents", subwords_.strip_accents},
            {"lowercase", text_.lowercase}};
  }

  Json byte_level() const {
    return {{"type", "ByteLevel"},
            {"add_prefix_space", subwords_.add_prefix_space},
            {"trim_offsets", subwords_.trim_offsets},
            {"use_regex", true}};
  }

  Json pre_tokenizer() const { return bpe_ ? byte_level() : Json{{"type", "BertPreTokenizer"}}; }

  Json decoder() const {
    if (bpe_) return byte_level();
    return {{"type", "WordPiece"}, {"prefix", subwords_.prefix}, {"cleanup", true}};
  }

  Json post_processor() const {
    Json tokens = Json::object();
    const auto parts = [&](const std::vector<TemplatePart>& of) {
      Json out = Json::array();
      for (const TemplatePart& part : of) {
        const bool text = part.id < 0;
        const std::string name = text ? (part.which == 0 ? "A" : "B") : word(part.id);
        out.push_back(
            {{text ? "Sequence" : "SpecialToken", {{"id", name}, {"type_id", part.type}}}});
        if (text) continue;
        tokens[name] = {{"id", name}, {"ids", {part.id}}, {"tokens", {name}}};
      }
      return out;
    };
    Json single = parts(subwords_.single);
    Json pair = parts(subwords_.pair);
    Json by_template = {{"type", "TemplateProcessing"},
                        {"single", std::move(single)},
                        {"pair", std::move(pair)},
                        {"special_tokens", std::move(tokens)}};
    if (!subwords_.trim_offsets) return by_template;
    Json steps = Json::array();
    steps.push_back(byte_level());
    steps.push_back(std::move(by_template));
    return {{"type", "Sequence"}, {"processors", std::move(steps)}};
  }

  Json model() const {
    const Json unknown = subwords_.unknown_id < 0 ? Json() : Json(word(subwords_.unknown_id));
    if (!bpe_) {
      return {{"type", "WordPiece"},
              {"unk_token", unknown},
              {"continuing_subword_prefix", subwords_.prefix},
              {"max_input_chars_per_word", subwords_.max_word},
              {"vocab", vocabulary()}};
    }
    Json merges = Json::array();
    each_merge([&](const std::string& a, const std::string& b) {
      Json pair = Json::array();
      pair.push_back(a);
      pair.push_back(b);
      merges.push_back(std::move(pair));
    });
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", unknown},
            {"continuing_subword_prefix", ""},
            {"end_of_word_suffix", ""},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", vocabulary()},
            {"merges", std::move(merges)}};
  }

  // RoBERTa's texts stand between special tokens, GPT-2's do not.
  bool roberta() const { return bpe_ && subwords_.single.size() > 2; }

  // Which special token is what, by the templates and the names that are customary.
  Json roles() const {
    Json out = Json::object();
    const auto put = [&](const char* role, std::initializer_list<const char*> names) {
      for (const SpecialToken& token : subwords_.special_tokens) {
        if (std::ranges::find(names, token.text) != names.end()) out[role] = token.text;
      }
    };
    if (bpe_ && !roberta()) {
      for (const char* role : {"bos_token", "eos_token", "unk_token"}) {
        put(role, {"<|endoftext|>"});
      }
      return out;
    }
    put("unk_token", {"<unk>"});
    if (!bpe_) out["unk_token"] = word(subwords_.unknown_id);
    out["cls_token"] = word(std::max(subwords_.single.front().id, 0));
    out["sep_token"] = word(std::max(subwords_.single.back().id, 0));
    if (bpe_) out["bos_token"] = out["cls_token"];
    if (bpe_) out["eos_token"] = out["sep_token"];
    put("pad_token", {"[PAD]", "<pad>"});
    put("mask_token", {"[MASK]", "<mask>"});
    return out;
  }

  Json config(std::int64_t model_max_length) const {
    Json out = {{"tokenizer_class", !bpe_       ? "BertTokenizer"
                                    : roberta() ? "RobertaTokenizer"
                                                : "GPT2Tokenizer"}};
    if (model_max_length > 0) out["model_max_length"] = model_max_length;
    if (bpe_) {
      out["add_prefix_space"] = subwords_.add_prefix_space;
      if (roberta()) out["trim_offsets"] = subwords_.trim_offsets;
      if (!roberta() && subwords_.single.front().id >= 0) out["add_bos_token"] = true;
    } else {
      out["do_lower_case"] = text_.lowercase;
      out["strip_accents"] = subwords_.strip_accents;
      out["tokenize_chinese_chars"] = subwords_.split_chinese;
    }
    out.update(roles());
    Json added = Json::object();
    for (const SpecialToken& token : subwords_.special_tokens) {
      added[std::to_string(token.id)] = flags_of(token);
    }
    out["added_tokens_decoder"] = std::move(added);
    return out;
  }

  std::string folder_;
  const TextSettings& text_;
  const SubwordSettings& subwords_;
  std::span<const std::int32_t> merges_;
  bool bpe_;
  std::vector<std::string> words_;  // as the files spell them
};

}  // namespace

void write_tokenizer(const std::string& folder, const TextSettings& text,
                     const VocabularyView& vocabulary, std::int64_t model_max_length) {
  if (text.tokenizer != "wordpiece" && text.tokenizer != "byte_bpe") {
    throw Error(fmt::format("tokenizer={} has no files of its own", text.tokenizer),
                "only plans of pretrained models can be written as a folder");
  }
  TokenizerWriter(folder, text, vocabulary).write(model_max_length);
}

}  // namespace weft
