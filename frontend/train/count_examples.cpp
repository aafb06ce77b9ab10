// One pass over the texts, and one over the labels.
#include "frontend/train/count_examples.h"

#include <algorithm>

#include "frontend/data/vocabulary_builder.h"
#include "frontend/train/dataset.h"
#include "frontend/train/metrics.h"
#include "ir/diagnostic.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/windows.h"

namespace weft {
namespace {

// Turns the numbers of words and n-grams, as they were counted, into ids; n-grams that the
// vocabulary lacks are left out.
void number_to_id(const std::vector<std::int32_t>& ids, CountedTexts& texts) {
  std::size_t kept = 0;
  for (std::size_t text = 0, i = 0; text + 1 < texts.offsets.size(); ++text) {
    for (; i < static_cast<std::size_t>(texts.offsets[text + 1]); ++i) {
      const std::int32_t number = texts.ids[i];
      const bool is_ngram = number < 0;
      const std::int32_t id = ids[static_cast<std::size_t>(is_ngram ? ~number : number)];
      if (!is_ngram || id != kUnknownWord) texts.ids[kept++] = id;
    }
    texts.offsets[text + 1] = static_cast<std::int64_t>(kept);
  }
  texts.ids.resize(kept);
}

}  // namespace

bool keeps_ids(const TextSettings& text) {
  return tokenizer_of(text).looks_up_words && text.max_windows == 1;
}

CountedTexts count_words(const DescriptionSettings& settings, const CorpusView& examples,
                         InitialVectors& initial_vectors) {
  CountedTexts counted;
  VocabularyBuilder builder(settings.text);
  const Windows windows(settings.text);
  const bool keep = keeps_ids(settings.text);
  const std::size_t longest = windows.max_tokens();
  for (std::size_t i = 0; i < examples.size(); ++i) {
    builder.add(examples.text(i), longest, keep ? &counted.ids : nullptr);
    counted.offsets.push_back(static_cast<std::int64_t>(counted.ids.size()));
  }
  VocabularyOptions options;
  options.max_size = static_cast<std::size_t>(settings.vocabulary);
  options.min_count = static_cast<std::uint64_t>(settings.min_count);
  std::vector<std::uint64_t> counts;
  WordList words = builder.build(options, &counts);
  if (!initial_vectors.empty()) {
    const std::size_t room = options.max_size - std::min(options.max_size, words.size());
    words = initial_vectors.read(std::move(words), counts, settings.text,
                                 std::min(room, static_cast<std::size_t>(settings.added_words)));
  }
  counted.words = std::make_shared<const WordList>(std::move(words));
  if (!keep) return counted;
  number_to_id(builder.ids(Vocabulary(*counted.words)), counted);
  return counted;
}

std::vector<std::string> labels_of(const CorpusView& examples) {
  const std::vector<std::size_t> counts = label_counts(examples);
  std::vector<Example> one_each;
  for (std::size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] > 0) one_each.push_back({"", {examples.corpus().label_names()[label]}});
  }
  if (one_each.empty()) {
    throw Error("no example has a label", "label some texts, or name another --label-column");
  }
  return Corpus(one_each).label_names();
}

std::vector<std::int64_t> counts_of(const CorpusView& examples,
                                    const std::vector<std::string>& labels) {
  const std::vector<std::uint32_t> number = LabelSpace(labels).align(examples);
  const std::vector<std::size_t> counts = label_counts(examples);
  std::vector<std::int64_t> by_label(labels.size());
  for (std::size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] > 0) by_label[number[label]] = static_cast<std::int64_t>(counts[label]);
  }
  return by_label;
}

}  // namespace weft
