// Reads tokenizer.json: one file that says all of a tokenizer, step by step.
#include <fmt/format.h>

#include "frontend/pretrained/tokenizer_draft.h"

namespace weft {
namespace {

constexpr const char* kFile = "tokenizer.json";
constexpr const char* kRemedy = "copy the folder again, with its tokenizer's files as published";

class TokenizerJson {
 public:
  explicit TokenizerJson(TokenizerDraft& draft) : draft_(draft), json_(draft.read_json(kFile)) {}

  void read() {
    model(object_of(json_, "model"));
    if (text_of(draft_, object_of(json_, "truncation"), "direction", "Right") != "Right") {
      draft_.unsupported("truncation from the left");
    }
    added_tokens();
    normalizer();
    pre_tokenizer();
    draft_.plain_templates();
    for (const Json& step : steps("post_processor", "processors")) post_processor(step);
  }

 private:
  static std::string type_of(const Json& step) {
    const auto type = step.find("type");
    return type != step.end() && type->is_string() ? type->get<std::string>() : "(no type)";
  }

  // The steps of one kind, a sequence of them taken apart.
  std::vector<Json> steps(const char* name, const char* list) {
    const Json& step = object_of(json_, name);
    if (step.empty()) return {};
    if (type_of(step) != "Sequence") return {step};
    const auto found = step.find(list);
    if (found == step.end() || !found->is_array()) return {step};
    std::vector<Json> out;
    for (const Json& one : *found) {
      out.push_back(one.is_object() ? one : Json::object());
    }
    return out;
  }

  void unsupported(const char* kind, const Json& step) {
    draft_.unsupported(fmt::format("the {} {}", kind, type_of(step)));
  }

  void model(const Json& model) {
    std::string type = type_of(model);
    if (!model.contains("type")) type = model.contains("merges") ? "BPE" : "WordPiece";
    if (type == "WordPiece") {
      word_piece(model);
    } else if (type == "BPE") {
      bpe(model);
    } else {
      draft_.unsupported(fmt::format("the model {}", type));
      draft_.throw_problems();  // nothing else would make sense
    }
  }

  void word_piece(const Json& model) {
    draft_.files.text.tokenizer = "wordpiece";
    draft_.files.text.lowercase = false;
    draft_.add_vocabulary(object_of(model, "vocab"), kFile);
    SubwordSettings& subwords = draft_.subwords();
    subwords.unknown_id =
        draft_.need(text_of(draft_, model, "unk_token", "[UNK]"), "unknown token");
    subwords.prefix = text_of(draft_, model, "continuing_subword_prefix", "##");
    constexpr std::size_t kLongestPrefix = 64;
    if (subwords.prefix.size() > kLongestPrefix) {
      draft_.problem(fmt::format("`continuing_subword_prefix` of {} has {} bytes, above the limit "
                                 "of {}",
                                 kFile, subwords.prefix.size(), kLongestPrefix),
                     kRemedy);
    }
    subwords.max_word = integer_of(draft_, model, "max_input_chars_per_word").value_or(100);
    if (subwords.max_word < 1 || subwords.max_word > 1000) {
      draft_.unsupported(fmt::format("max_input_chars_per_word {}", subwords.max_word));
    }
  }

  void bpe(const Json& model) {
    draft_.files.text.tokenizer = "byte_bpe";
    draft_.files.text.lowercase = false;
    draft_.add_vocabulary(object_of(model, "vocab"), kFile);
    const std::string unknown = text_of(draft_, model, "unk_token");
    if (!unknown.empty()) {
      draft_.subwords().unknown_id = draft_.need(unknown, "unknown token");
    }
    for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!text_of(draft_, model, name).empty()) draft_.unsupported(name);
    }
    for (const char* name : {"fuse_unk", "byte_fallback", "ignore_merges"}) {
      if (flag_of(draft_, model, name, false)) draft_.unsupported(name);
    }
    const auto dropout = model.find("dropout");
    if (dropout != model.end() && !dropout->is_null() && *dropout != 0) {
      draft_.unsupported("dropout of merges");
    }
    const auto merges = model.find("merges");
    if (merges == model.end() || !merges->is_array()) {
      return draft_.problem(fmt::format("{} has no merges", kFile), kRemedy);
    }
    for (const Json& one : *merges) merge(one);
  }

  // `["a", "b"]`, formerly `"a b"`.
  void merge(const Json& merge) {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      return draft_.add_merge(merge[0].get_ref<const std::string&>(),
                              merge[1].get_ref<const std::string&>());
    }
    const std::string text = merge.is_string() ? merge.get<std::string>() : "";
    const std::size_t space = text.find(' ');
    if (space == std::string::npos) {
      return draft_.problem(fmt::format("{} has a merge that is no pair", kFile), kRemedy);
    }
    draft_.add_merge(std::string_view(text).substr(0, space),
                     std::string_view(text).substr(space + 1));
  }

  void added_tokens() {
    const auto tokens = json_.find("added_tokens");
    if (tokens == json_.end() || !tokens->is_array()) return;
    for (const Json& token : *tokens) {
      const std::string text =
          token.is_object() ? text_of(draft_, token, "content") : std::string();
      const auto id = token.is_object() ? integer_of(draft_, token, "id") : std::nullopt;
      if (text.empty() || !id) {
        draft_.problem("an added token lacks its text or its id", kRemedy);
        continue;
      }
      draft_.add_word(text, *id);
      draft_.add_special(
          {draft_.find(text).value_or(-1), text, flag_of(draft_, token, "lstrip", false),
           flag_of(draft_, token, "rstrip", false), flag_of(draft_, token, "single_word", false),
           flag_of(draft_, token, "normalized", false)});
    }
  }

  void normalizer() {
    const std::vector<Json> all = steps("normalizer", "normalizers");
    if (all.empty()) return;
    if (draft_.is_bpe() || all.size() > 1 || type_of(all[0]) != "BertNormalizer") {
      for (const Json& step : all) unsupported("normalizer", step);
      return;
    }
    SubwordSettings& subwords = draft_.subwords();
    bool& lowercase = draft_.files.text.lowercase;
    lowercase = flag_of(draft_, all[0], "lowercase", true);
    subwords.clean_text = flag_of(draft_, all[0], "clean_text", true);
    subwords.split_chinese = flag_of(draft_, all[0], "handle_chinese_chars", true);
    subwords.strip_accents = flag_of(draft_, all[0], "strip_accents", lowercase);
  }

  void pre_tokenizer() {
    const std::vector<Json> all = steps("pre_tokenizer", "pretokenizers");
    const char* const wanted = draft_.is_bpe() ? "ByteLevel" : "BertPreTokenizer";
    if (all.size() != 1 || type_of(all[0]) != wanted) {
      for (const Json& step : all) unsupported("pre-tokenizer", step);
      if (all.empty()) draft_.unsupported("no pre-tokenizer");
      return;
    }
    if (!draft_.is_bpe()) return;
    draft_.subwords().add_prefix_space = flag_of(draft_, all[0], "add_prefix_space", true);
    if (!flag_of(draft_, all[0], "use_regex", true)) draft_.unsupported("use_regex=false");
  }

  void post_processor(const Json& step) {
    const std::string type = type_of(step);
    if (type == "TemplateProcessing") {
      draft_.subwords().single = parts(step, "single");
      draft_.subwords().pair = parts(step, "pair");
    } else if (type == "BertProcessing") {
      const std::int32_t cls = named(step, "cls");
      draft_.bert_templates(cls, named(step, "sep"));
    } else if (type == "RobertaProcessing") {
      const std::int32_t cls = named(step, "cls");
      draft_.roberta_templates(cls, named(step, "sep"));
      trim(step);
    } else if (type == "ByteLevel") {
      trim(step);
    } else {
      unsupported("post-processor", step);
    }
  }

  void trim(const Json& step) {
    if (!flag_of(draft_, step, "trim_offsets", true)) return;
    SubwordSettings& subwords = draft_.subwords();
    subwords.trim_offsets = true;
    if (flag_of(draft_, step, "add_prefix_space", true) != subwords.add_prefix_space) {
      draft_.unsupported("two different values of add_prefix_space");
    }
  }

  // `["[SEP]", 102]`
  std::int32_t named(const Json& step, const char* name) {
    const auto found = step.find(name);
    if (found == step.end() || !found->is_array() || found->size() != 2 ||
        !found->front().is_string()) {
      draft_.problem(fmt::format("the post-processor has no `{}`", name), kRemedy);
      return -1;
    }
    return draft_.need(found->front().get_ref<const std::string&>(), "special token");
  }

  std::vector<TemplatePart> parts(const Json& step, const char* name) {
    std::vector<TemplatePart> out;
    const auto list = step.find(name);
    if (list == step.end() || !list->is_array()) {
      draft_.problem(fmt::format("the post-processor has no template `{}`", name), kRemedy);
      return out;
    }
    for (const Json& part : *list) {
      const Json& text = object_of(part, "Sequence");
      const Json& token = object_of(part, "SpecialToken");
      const Json& body = text.empty() ? token : text;
      const auto type = static_cast<std::int32_t>(integer_of(draft_, body, "type_id").value_or(0));
      const std::string id = text_of(draft_, body, "id");
      if (!text.empty()) {
        out.push_back({-1, id == "B" ? 1 : 0, type});
      } else {
        special(step, id, type, out);
      }
    }
    check(out, name);
    return out;
  }

  // A name in a template may stand for several ids.
  void special(const Json& step, const std::string& name, std::int32_t type,
               std::vector<TemplatePart>& out) {
    const Json& token = object_of(object_of(step, "special_tokens"), name.c_str());
    const auto ids = token.find("ids");
    if (ids == token.end() || !ids->is_array() || ids->empty()) {
      out.push_back({draft_.need(name, "special token"), 0, type});
      return;
    }
    for (const Json& id : *ids) {
      const bool fits = id.is_number_unsigned() && id.get<std::uint64_t>() < 0x7FFFFFFF;
      out.push_back({fits ? id.get<std::int32_t>() : 0x7FFFFFFF, 0, type});
    }
  }

  void check(const std::vector<TemplatePart>& parts, const char* name) {
    int first = 0;
    int second = 0;
    for (const TemplatePart& part : parts) {
      first += part.id < 0 && part.which == 0 ? 1 : 0;
      second += part.id < 0 && part.which == 1 ? 1 : 0;
    }
    if (first != 1 || second != (std::string_view(name) == "pair" ? 1 : 0)) {
      draft_.unsupported(fmt::format("a template `{}` that does not take each text once", name));
    }
  }

  TokenizerDraft& draft_;
  Json json_;
};

}  // namespace

void read_tokenizer_json(TokenizerDraft& draft) { TokenizerJson(draft).read(); }

}  // namespace weft
