// Counting labels and comparing texts, as a model reads them.
#include "frontend/train/data_warnings.h"

#include <fmt/format.h>

#include <unicode/uchar.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "frontend/format/format_number.h"
#include "frontend/train/evaluate.h"
#include "runtime/text/normalize.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/utf8.h"
#include "runtime/text/word_index.h"

namespace weft {
namespace {

constexpr std::size_t kNamed = 5;
constexpr std::size_t kEnoughToJudge = 20;  // texts
constexpr double kNearlyAll = 0.9;

std::string counted(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

// The labels of `a` that no text of `b` has.
std::vector<std::string> lacking(const CorpusView& a, const CorpusView& b) {
  std::unordered_map<std::string_view, std::size_t> there;
  const std::vector<std::size_t> in_b = label_counts(b);
  for (std::size_t i = 0; i < in_b.size(); ++i) there[b.corpus().label_names()[i]] = in_b[i];
  std::vector<std::string> names;
  const std::vector<std::size_t> in_a = label_counts(a);
  for (std::size_t i = 0; i < in_a.size(); ++i) {
    const std::string& name = a.corpus().label_names()[i];
    const auto found = there.find(name);
    if (in_a[i] > 0 && (found == there.end() || found->second == 0)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> sorted_labels(const CorpusView& part, std::size_t i) {
  std::vector<std::string> names;
  for (const std::uint32_t label : part.labels(i)) {
    names.push_back(part.corpus().label_names()[label]);
  }
  std::ranges::sort(names);
  return names;
}

// Tells texts apart as a model does, by 64 bits of their spelling: normalised, with one space for
// white space of any length. 0: a text of nothing else, which says nothing, so that it is no news
// that there are two.
class Spelling {
 public:
  explicit Spelling(const TextSettings& text)
      : normalization_{text.lowercase, text.nfkc, text.unify_marks} {}

  std::uint64_t operator()(std::string_view text) {
    normal_.clear();
    append_normalized(text, normalization_, normal_);
    spaced_.clear();
    for (const char c : normal_) {
      const bool space = utf8::is_ascii_space(c);
      if (space && (spaced_.empty() || spaced_.back() == ' ')) continue;
      spaced_ += space ? ' ' : c;
    }
    if (!spaced_.empty() && spaced_.back() == ' ') spaced_.pop_back();
    return spaced_.empty() ? 0 : hash_word(spaced_);
  }

 private:
  Normalization normalization_;
  std::string normal_, spaced_;
};

std::optional<std::string> duplicate_warning(const CorpusView& train, const CorpusView& valid,
                                             const TextSettings& text) {
  Spelling spelling(text);
  std::unordered_map<std::uint64_t, std::size_t> known;  // spelling -> the first such text
  known.reserve(train.size());
  for (std::size_t i = 0; i < train.size(); ++i) known.emplace(spelling(train.text(i)), i);
  known.erase(0);
  std::size_t twice = 0;
  std::size_t contradicting = 0;
  bool varied = false;
  std::string first;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto found = known.find(spelling(valid.text(i)));
    if (found == known.end()) continue;
    varied = varied || train.text(found->second) != valid.text(i);
    if (sorted_labels(train, found->second) != sorted_labels(valid, i)) ++contradicting;
    if (++twice > 1) continue;
    first =
        fmt::format("{} is {} of the training data", valid.place(i), train.place(found->second));
  }
  if (twice == 0) return {};
  return fmt::format(
      "{} of {} validation texts {} in the training data too{} ({}{}), so that they "
      "make validation look better than it is{}",
      twice, valid.size(), twice == 1 ? "is" : "are",
      varied ? ", case, width and spaces aside" : "", first, twice == 1 ? "" : ", for one",
      contradicting == 0 ? "" : fmt::format("; {} with other labels", contradicting));
}

}  // namespace

std::string listed(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names.first(std::min(kNamed, names.size()))) {
    text += fmt::format("{}`{}`", text.empty() ? "" : ", ", name);
  }
  if (names.size() > kNamed) text += fmt::format(" and {} more", names.size() - kNamed);
  return text;
}

Warnings label_warnings(const CorpusView& train, const DescriptionSettings& settings) {
  const std::size_t texts = train.size();
  const std::vector<std::size_t> counts = label_counts(train);
  if (counts.empty() || texts == 0) return {};
  const auto max = std::ranges::max_element(counts);
  const std::string& name =
      train.corpus().label_names()[static_cast<std::size_t>(max - counts.begin())];
  const auto others = std::ranges::count_if(counts, [](std::size_t n) { return n > 0; }) - 1;
  if (others == 0 && *max == texts) {
    return {fmt::format(
        "{} the label `{}` and no other: there is nothing to tell apart, and all "
        "that can be learnt is to answer `{}`",
        texts == 1 ? "the only text has" : fmt::format("all {} texts have", texts), name, name)};
  }
  const auto used = static_cast<std::size_t>(others) + 1;
  if (texts >= kEnoughToJudge && 2 * used > texts && !train.corpus().multi_label()) {
    return {
        fmt::format("{} texts have {} different labels, `{}` for one: is that column the text? See "
                    "--label-column and --text-column",
                    texts, used, name)};
  }
  const double share = static_cast<double>(*max) / static_cast<double>(texts);
  const bool alike = settings.balanced || settings.metric == BestBy::macro_f1;
  if (alike || train.corpus().multi_label() || texts < kEnoughToJudge || share < kNearlyAll) {
    return {};
  }
  return {
      fmt::format("{} of {} texts have the label `{}`: always answering that would be right "
                  "in {} %; metric=macro_f1 and class_weights=balanced on the line `train` "
                  "let every label count alike",
                  *max, texts, name, percent(share))};
}

Warnings text_warnings(const CorpusView& train, const DescriptionSettings& settings) {
  constexpr std::size_t kLooked = 1000;  // texts
  constexpr std::size_t kLongWord = 6;   // Chinese words of more are rare
  if (!tokenizer_of(settings.text).needs_spaces) return {};
  std::size_t words = 0;
  std::size_t ideographs = 0;
  for (std::size_t i = 0; i < std::min(kLooked, train.size()); ++i) {
    const std::string_view text = train.text(i);
    bool within = false;
    for (std::size_t position = 0; position < text.size();) {
      const auto scalar = static_cast<UChar32>(utf8::next(text, position));
      const bool space = u_isUWhiteSpace(scalar) != 0;
      words += !space && !within ? 1 : 0;
      within = !space;
      ideographs += u_hasBinaryProperty(scalar, UCHAR_IDEOGRAPHIC) != 0 ? 1 : 0;
    }
  }
  if (ideographs <= kLongWord * words) return {};
  std::string others;
  for (const TokenizerDef* other : all_tokenizers()) {
    if (other->needs_spaces || other->split == nullptr) continue;
    others += fmt::format("{}{}", others.empty() ? "" : " or ", other->name);
  }
  return {
      fmt::format("the texts are Chinese without spaces between words, so that tokenizer={} "
                  "takes whole sentences for words: tokenizer={} can cut them",
                  settings.text.tokenizer, others)};
}

Warnings window_warnings(const Dataset& data, const TextSettings& text) {
  if (text.max_windows == 1) return {};
  std::size_t several = 0;
  for (std::size_t i = 0; i < data.size(); ++i) several += data.length(i) > text.max_tokens ? 1 : 0;
  if (several == 0) return {};
  return {fmt::format(
      "{} of {} training texts {} longer than max_tokens={}: {} read by windows that overlap by {}",
      several, data.size(), several == 1 ? "is" : "are", text.max_tokens,
      several == 1 ? "it is" : "they are", text.overlap)};
}

Warnings split_warnings(const CorpusView& train, const CorpusView& valid,
                        const TextSettings& text) {
  Warnings warnings;
  if (const auto names = lacking(valid, train); !names.empty()) {
    warnings.push_back(
        fmt::format("the validation data has {} that training has not: {}; a plan "
                    "that has not learnt {} cannot answer {}",
                    counted(names.size(), "label"), listed(names),
                    names.size() == 1 ? "it" : "them", names.size() == 1 ? "it" : "them"));
  }
  if (const auto names = lacking(train, valid); !names.empty()) {
    warnings.push_back(fmt::format(
        "the validation data lacks {} of training: {}; it says nothing "
        "about {}",
        counted(names.size(), "label"), listed(names), names.size() == 1 ? "it" : "them"));
  }
  if (auto duplicates = duplicate_warning(train, valid, text)) {
    warnings.push_back(std::move(*duplicates));
  }
  if (valid.size() < kEnoughToValidate) {
    warnings.push_back(
        fmt::format("{} decide{} nothing, as each is {} % of the accuracy: validate on more, or "
                    "measure by `weft crossval`",
                    counted(valid.size(), "validation text"), valid.size() == 1 ? "s" : "",
                    percent(1 / static_cast<double>(valid.size()))));
  }
  return warnings;
}

Warnings fold_warnings(const Corpus& corpus, std::span<const std::uint32_t> fold_of,
                       const TextSettings& text) {
  constexpr std::uint32_t kNone = ~0U;
  constexpr std::uint32_t kSeveral = ~0U - 1;
  const auto join = [](std::uint32_t& seen, std::uint32_t fold) {
    seen = seen == kNone || seen == fold ? fold : kSeveral;
  };
  Spelling spelling(text);
  std::vector<std::uint64_t> spelled;  // by row
  std::unordered_map<std::uint64_t, std::uint32_t> of_text;
  std::vector<std::uint32_t> of_label(corpus.label_names().size(), kNone);
  for (std::uint32_t row = 0; row < corpus.size(); ++row) {
    spelled.push_back(spelling(corpus.text(row)));
    join(of_text.try_emplace(spelled.back(), kNone).first->second, fold_of[row]);
    for (const std::uint32_t label : corpus.labels(row)) join(of_label[label], fold_of[row]);
  }
  Warnings warnings;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < of_label.size(); ++i) {
    if (of_label[i] < kSeveral) names.push_back(corpus.label_names()[i]);
  }
  if (!names.empty()) {
    warnings.push_back(
        fmt::format("all texts of {} fall into one fold: {}; where {} tested, it was "
                    "not learnt, and counts as wrong",
                    counted(names.size(), "label"), listed(names),
                    names.size() == 1 ? "it is" : "such a label is"));
  }
  std::size_t twice = 0;
  for (const std::uint64_t known : spelled) {
    twice += known != 0 && of_text.at(known) == kSeveral ? 1 : 0;
  }
  if (twice > 0) {
    warnings.push_back(
        fmt::format("{} of {} texts are in two folds or more, so that models are "
                    "tested on texts which they have learnt, and look better than "
                    "they are",
                    twice, corpus.size()));
  }
  return warnings;
}

Warnings unknown_label_warnings(std::span<const std::string> names) {
  if (names.empty()) return {};
  return {fmt::format(
      "the plan does not know {} of the data: {}; what it answers to texts that "
      "have {} counts as wrong",
      counted(names.size(), "label"), listed(names), names.size() == 1 ? "it" : "them")};
}

}  // namespace weft
