// Reads vocab.txt, or vocab.json and merges.txt. They hold no more than the vocabulary: the rest
// follows from the class of the tokenizer, its defaults, and what tokenizer_config.json changes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

#include "frontend/pretrained/tokenizer_draft.h"

namespace weft {
namespace {

constexpr const char* kRemedy = "copy the folder again, with its tokenizer's files as published";

enum class Kind { bert, roberta, gpt2 };

struct Role {
  const char* name;
  const char* otherwise;  // the token, if the files name none
  bool needed;
};
constexpr std::array<Role, 5> kBertRoles = {{{"unk_token", "[UNK]", true},
                                             {"cls_token", "[CLS]", true},
                                             {"sep_token", "[SEP]", true},
                                             {"pad_token", "[PAD]", false},
                                             {"mask_token", "[MASK]", false}}};
constexpr std::array<Role, 7> kRobertaRoles = {{{"unk_token", "<unk>", false},
                                                {"cls_token", "<s>", true},
                                                {"sep_token", "</s>", true},
                                                {"bos_token", "<s>", false},
                                                {"eos_token", "</s>", false},
                                                {"pad_token", "<pad>", false},
                                                {"mask_token", "<mask>", false}}};
constexpr std::array<Role, 4> kGpt2Roles = {{{"unk_token", "<|endoftext|>", false},
                                             {"bos_token", "<|endoftext|>", false},
                                             {"eos_token", "<|endoftext|>", false},
                                             {"pad_token", "", false}}};

std::string_view without_fast(std::string_view name) {
  constexpr std::string_view kFast = "Fast";
  return name.ends_with(kFast) ? name.substr(0, name.size() - kFast.size()) : name;
}

class VocabularyFiles {
 public:
  explicit VocabularyFiles(TokenizerDraft& draft)
      : draft_(draft),
        config_(draft.read_json_if_there("tokenizer_config.json")),
        map_(draft.read_json_if_there("special_tokens_map.json")) {}

  void read() {
    const Kind kind = kind_of_folder();
    draft_.files.text.lowercase = false;
    if (kind == Kind::bert) {
      bert();
    } else {
      byte_level(kind);
    }
  }

 private:
  Kind kind_of_folder() {
    const std::string name = text_of(draft_, config_, "tokenizer_class");
    const std::string_view plain = without_fast(name);
    if (plain == "BertTokenizer" || plain == "DistilBertTokenizer") return Kind::bert;
    if (plain == "RobertaTokenizer") return Kind::roberta;
    if (plain == "GPT2Tokenizer") return Kind::gpt2;
    if (name.empty() || plain == "PreTrainedTokenizer") {
      const std::string model =
          text_of(draft_, draft_.read_json_if_there("config.json"), "model_type");
      if (model == "bert" || model == "distilbert") return Kind::bert;
      if (model == "roberta") return Kind::roberta;
      if (model == "gpt2") return Kind::gpt2;
      if (model.empty() && draft_.has("vocab.txt")) return Kind::bert;
      draft_.unsupported(model.empty() ? std::string("no tokenizer_class, and no model_type")
                                       : fmt::format("the model_type {}", model));
    } else {
      draft_.unsupported(fmt::format("the tokenizer_class {}", name));
    }
    draft_.throw_problems();
    return Kind::bert;
  }

  void bert() {
    draft_.files.text.tokenizer = "wordpiece";
    std::int64_t id = 0;
    each_line("vocab.txt", [&](std::string_view line) { draft_.add_word(line, id++); });
    SubwordSettings& subwords = draft_.subwords();
    bool& lowercase = draft_.files.text.lowercase;
    lowercase = flag_of(draft_, config_, "do_lower_case", true);
    subwords.clean_text = true;
    subwords.split_chinese = flag_of(draft_, config_, "tokenize_chinese_chars", true);
    subwords.strip_accents = flag_of(draft_, config_, "strip_accents", lowercase);
    subwords.prefix = "##";
    if (!flag_of(draft_, config_, "do_basic_tokenize", true)) {
      draft_.unsupported("do_basic_tokenize=false");
    }
    specials(kBertRoles);
    subwords.unknown_id = id_of("unk_token");
    draft_.bert_templates(id_of("cls_token"), id_of("sep_token"));
  }

  void byte_level(Kind kind) {
    draft_.files.text.tokenizer = "byte_bpe";
    draft_.add_vocabulary(draft_.read_json("vocab.json"), "vocab.json");
    bool first = true;
    each_line("merges.txt", [&](std::string_view line) {
      const bool version = first && line.starts_with("#version");
      first = false;
      if (!version && !line.empty()) merge(line);
    });
    SubwordSettings& subwords = draft_.subwords();
    subwords.add_prefix_space = flag_of(draft_, config_, "add_prefix_space", false);
    if (kind == Kind::roberta) {
      subwords.trim_offsets = flag_of(draft_, config_, "trim_offsets", true);
      specials(kRobertaRoles);
      draft_.roberta_templates(id_of("cls_token"), id_of("sep_token"));
      return;
    }
    specials(kGpt2Roles);
    draft_.plain_templates();
    if (!flag_of(draft_, config_, "add_bos_token", false)) return;
    const TemplatePart bos{id_of("bos_token"), 0, 0};
    subwords.single.insert(subwords.single.begin(), bos);
    subwords.pair.insert(subwords.pair.begin(), bos);
  }

  void merge(std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) {
      return draft_.problem(fmt::format("merges.txt has the line `{}`, which is no pair", line),
                            kRemedy);
    }
    draft_.add_merge(line.substr(0, space), line.substr(space + 1));
  }

  // Lines end at `\n` or `\r\n`; behind the last one there is none.
  void each_line(const char* name, auto use) {
    const std::string text = draft_.read_text(name);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      std::string_view line = std::string_view(text).substr(begin, end - begin);
      if (line.ends_with('\r')) line.remove_suffix(1);
      use(line);
      begin = end + 1;
    }
  }

  // Null, if neither of the files names the token.
  const Json& named(const char* role) const {
    static const Json kNull;
    const auto in_config = config_.find(role);
    if (in_config != config_.end() && !in_config->is_null()) return *in_config;
    const auto in_map = map_.find(role);
    return in_map == map_.end() ? kNull : *in_map;
  }

  // Roles whose tokens are to be special; those behind the vocabulary come with their ids.
  void specials(std::span<const Role> roles) {
    const Json& added = object_of(config_, "added_tokens_decoder");
    for (const auto& [id, token] : added.items()) added_token(id, token);
    if (added.empty()) added_tokens_file();
    for (const Role& role : roles) special(role);
    for (const Json* file : {&config_, &map_}) {
      const auto more = file->find("additional_special_tokens");
      if (more == file->end() || !more->is_array()) continue;
      for (const Json& token : *more) add(token, "additional special token", false);
    }
  }

  void added_token(const std::string& number, const Json& token) {
    const std::string text = token.is_object() ? text_of(draft_, token, "content") : "";
    const bool digits = !number.empty() && number.size() < 10 &&
                        number.find_first_not_of("0123456789") == std::string::npos;
    if (text.empty() || !digits) {
      return draft_.problem(
          fmt::format("the added token `{}` lacks its text or its number", number), kRemedy);
    }
    draft_.add_word(text, std::stoll(number));
    add(token, "added token", false);
    decoded_.insert(text);
  }

  // Of older tokenizers: the ids of tokens behind the vocabulary.
  void added_tokens_file() {
    const Json added = draft_.read_json_if_there("added_tokens.json");
    if (added.empty()) return;
    draft_.add_vocabulary(added, "added_tokens.json");
    for (const auto& [text, id] : added.items()) add(Json(text), "added token", false);
  }

  void special(const Role& role) {
    const Json& token = named(role.name);
    const bool takes_space = std::string_view(role.otherwise) == "<mask>";
    if (!token.is_null()) {
      ids_[role.name] = add(token, role.name, takes_space);
    } else if (role.needed || (*role.otherwise != 0 && draft_.find(role.otherwise))) {
      ids_[role.name] = add(Json(role.otherwise), role.name, takes_space);
    }
  }

  // A string, or an object with flags. Flags that are in added_tokens_decoder stand.
  std::int32_t add(const Json& token, std::string_view role, bool takes_space_before) {
    SpecialToken out;
    if (token.is_object()) {
      out.text = text_of(draft_, token, "content");
      out.takes_space_before = flag_of(draft_, token, "lstrip", false);
      out.takes_space_after = flag_of(draft_, token, "rstrip", false);
      out.whole_word = flag_of(draft_, token, "single_word", false);
      out.normalized = flag_of(draft_, token, "normalized", false);
    } else if (token.is_string()) {
      out.text = token.get<std::string>();
      out.takes_space_before = takes_space_before;
    }
    if (out.text.empty()) {
      draft_.problem(fmt::format("the {} is no token", role), kRemedy);
      return -1;
    }
    out.id = draft_.need(out.text, role);
    const std::int32_t id = out.id;
    if (!decoded_.contains(out.text)) draft_.add_special(std::move(out));
    return id;
  }

  std::int32_t id_of(const char* role) const {
    const auto found = ids_.find(role);
    return found == ids_.end() ? -1 : found->second;
  }

  TokenizerDraft& draft_;
  Json config_, map_;
  std::map<std::string, std::int32_t> ids_;  // by role
  std::set<std::string> decoded_;            // texts in added_tokens_decoder
};

}  // namespace

void read_vocabulary_files(TokenizerDraft& draft) { VocabularyFiles(draft).read(); }

}  // namespace weft
