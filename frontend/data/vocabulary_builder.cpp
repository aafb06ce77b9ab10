// Counting words and choosing which to keep.
#include "frontend/data/vocabulary_builder.h"

#include <algorithm>
#include <numeric>

namespace weft {

void VocabularyBuilder::add(std::string_view text, std::size_t max_tokens,
                            std::vector<std::int32_t>* numbers) {
  splitter_.split(text, buffer_, max_tokens == 0 ? WordSplitter::kNoLimit : max_tokens);
  const auto spelling = [this](std::uint32_t number) { return words_[number]; };
  const auto hash_of = [this](std::uint32_t number) { return hash_word(words_[number]); };
  for (std::size_t i = 0; i < buffer_.tokens().size(); ++i) {
    const std::string_view word = buffer_.text(buffer_.tokens()[i]);
    const std::uint64_t hash = hash_word(word);
    std::uint32_t number = index_.find(word, hash, spelling);
    if (number == WordIndex::kAbsent) {
      number = static_cast<std::uint32_t>(counts_.size());
      words_.add(word);
      counts_.push_back(0);
      index_.insert(hash, number, hash_of);
    }
    ++counts_[number];
    if (numbers == nullptr) continue;
    const auto signed_number = static_cast<std::int32_t>(number);
    numbers->push_back(i < buffer_.words() ? signed_number : ~signed_number);
  }
  tokens_ += buffer_.tokens().size();
}

std::vector<std::int32_t> VocabularyBuilder::ids(const Vocabulary& vocabulary) const {
  std::vector<std::int32_t> ids(counts_.size());
  for (std::size_t number = 0; number < ids.size(); ++number) {
    ids[number] = vocabulary.find(words_[number]);
  }
  return ids;
}

WordList VocabularyBuilder::build(const VocabularyOptions& options,
                                  std::vector<std::uint64_t>* counts) const {
  std::vector<std::uint32_t> order(counts_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::erase_if(order, [&](std::uint32_t number) {
    return counts_[number] < options.min_count || words_[number] == kUnknownWordSpelling;
  });
  std::stable_sort(order.begin(), order.end(),
                   [this](std::uint32_t a, std::uint32_t b) { return counts_[a] > counts_[b]; });
  if (options.max_size != 0) order.resize(std::min(order.size(), options.max_size - 1));

  WordList chosen;
  chosen.add(kUnknownWordSpelling);
  std::uint64_t kept = 0;
  for (const std::uint32_t number : order) {
    chosen.add(words_[number]);
    kept += counts_[number];
  }
  if (counts != nullptr) {
    counts->assign(1, tokens_ - kept);
    for (const std::uint32_t number : order) counts->push_back(counts_[number]);
  }
  return chosen;
}

}  // namespace weft
