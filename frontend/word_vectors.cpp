// Words of a file against those of a vocabulary, by spelling and, failing that, without case.
#include "frontend/word_vectors.h"

#include <algorithm>
#include <cmath>

#include "frontend/initialize.h"
#include "ir/random.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr std::size_t kLongestAdded = 256;  // bytes

WordMatch degree_of(std::string_view word, std::string_view wanted, std::string_view folded) {
  if (word == wanted) return WordMatch::exact;
  return word == folded ? WordMatch::lower_case : WordMatch::other_case;
}

}  // namespace

WordVectors::WordVectors(WordList words, std::vector<std::uint64_t> counts,
                         TokenizerConfig tokenizer, std::size_t most_added, std::size_t width)
    : words_(std::move(words)),
      counts_(std::move(counts)),
      given_words_(words_.size()),
      most_words_(words_.size() + most_added),
      width_(width),
      tokenizer_(tokenizer),
      match_(words_.size(), WordMatch::none),
      rows_(words_.size() * width),
      fold_index_(words_.size()) {
  for (std::uint32_t id = 0; id < words_.size(); ++id) {
    folded_.clear();
    append_normalized(words_[id], {true, tokenizer.normalization.nfkc}, folded_);
    index(id);
  }
}

std::uint32_t WordVectors::find_folded(std::string_view folded) const {
  return fold_index_.find(folded, hash_word(folded),
                          [this](std::uint32_t group) { return folds_[group]; });
}

// Of a word whose folded spelling is in folded_.
void WordVectors::index(std::uint32_t id) {
  const std::uint32_t group = find_folded(folded_);
  if (group != WordIndex::kAbsent) {
    next_.push_back(first_[group]);
    first_[group] = id;
    return;
  }
  next_.push_back(WordIndex::kAbsent);
  first_.push_back(id);
  folds_.add(folded_);
  fold_index_.insert(hash_word(folded_), static_cast<std::uint32_t>(folds_.size() - 1),
                     [this](std::uint32_t g) { return hash_word(folds_[g]); });
}

bool WordVectors::wants(std::string_view word) {
  folded_.clear();
  ids_.clear();
  degrees_.clear();
  added_.clear();
  append_normalized(word, {true, tokenizer_.config().normalization.nfkc}, folded_);
  const std::uint32_t group = find_folded(folded_);
  bool spelled = false;  // whether the vocabulary has exactly this word
  for (std::uint32_t id = group == WordIndex::kAbsent ? group : first_[group];
       id != WordIndex::kAbsent; id = next_[id]) {
    const WordMatch degree = degree_of(word, words_[id], folded_);
    spelled = spelled || degree == WordMatch::exact;
    if (degree >= match_[id]) continue;
    ids_.push_back(id);
    degrees_.push_back(degree);
  }
  if (!spelled && words_.size() < most_words_) consider_adding(word);
  return !ids_.empty() || !added_.empty();
}

// A word that the tokenizer makes of this one, where the vocabulary does not have it.
void WordVectors::consider_adding(std::string_view word) {
  if (word.empty() || word.size() > kLongestAdded || !utf8::is_valid(word)) return;
  tokenizer_.tokenize(word, buffer_, 2);
  if (buffer_.tokens().size() != 1) return;
  const TextToken& token = buffer_.tokens().front();
  if (token.begin != 0 || token.end != word.size()) return;
  const std::string_view spelling = buffer_.text(token);
  const std::uint32_t group = find_folded(folded_);
  for (std::uint32_t id = group == WordIndex::kAbsent ? group : first_[group];
       id != WordIndex::kAbsent; id = next_[id]) {
    if (words_[id] == spelling) return;
  }
  added_ = spelling;
  ids_.push_back(static_cast<std::uint32_t>(words_.size()));
  degrees_.push_back(degree_of(word, spelling, folded_));
}

std::span<const std::uint32_t> WordVectors::take() {
  if (!added_.empty()) {
    words_.add(added_);
    index(ids_.back());
    match_.push_back(WordMatch::none);
    rows_.resize(words_.size() * width_);
    added_.clear();
  }
  for (std::size_t i = 0; i < ids_.size(); ++i) match_[ids_[i]] = degrees_[i];
  return ids_;
}

VectorCoverage WordVectors::coverage() const {
  VectorCoverage coverage;
  std::uint64_t found = 0;
  std::uint64_t all = counts_.empty() ? 0 : counts_.front();
  for (std::uint32_t id = 1; id < counts_.size(); ++id) {
    all += counts_[id];
    if (match_[id] == WordMatch::none) continue;
    found += counts_[id];
    const bool cased = match_[id] == WordMatch::lower_case || match_[id] == WordMatch::other_case;
    ++(cased                            ? coverage.other_case
       : match_[id] == WordMatch::exact ? coverage.exact
                                        : coverage.composed);
  }
  coverage.words = counts_.empty() ? 0 : counts_.size() - 1;
  coverage.added = words_.size() - given_words_;
  coverage.occurrences = all == 0 ? 0.0 : static_cast<double>(found) / static_cast<double>(all);
  return coverage;
}

void WordVectors::fill(std::uint64_t seed, std::string_view name, std::span<float> table) const {
  std::copy(rows_.begin(), rows_.end(), table.begin());
  std::vector<double> mean(width_), scale(width_);
  double found = 0;
  const auto each_found = [&](auto use) {
    for (std::size_t id = 0; id < match_.size(); ++id) {
      if (match_[id] == WordMatch::none) continue;
      for (std::size_t i = 0; i < width_; ++i) use(i, rows_[id * width_ + i]);
    }
  };
  for (const WordMatch match : match_) found += match == WordMatch::none ? 0 : 1;
  each_found([&](std::size_t i, double x) { mean[i] += x / found; });
  each_found([&](std::size_t i, double x) { scale[i] += (x - mean[i]) * (x - mean[i]) / found; });
  // Uniform in [-s, s] has the variance s^2 / 3.
  for (double& s : scale) s = std::sqrt(3 * s);

  const RandomKey key = random_key(seed, 0, hash_name(name));
  for (std::size_t id = 0; id < table.size() / width_; ++id) {
    if (id < match_.size() && match_[id] != WordMatch::none) continue;
    for (std::size_t i = 0; i < width_; ++i) {
      const std::size_t at = id * width_ + i;
      const double u = 2.0 * random_uniform(key, static_cast<std::uint32_t>(at)) - 1.0;
      table[at] = static_cast<float>(mean[i] + (id == kUnknownWord ? 0 : u * scale[i]));
    }
  }
}

}  // namespace weft
