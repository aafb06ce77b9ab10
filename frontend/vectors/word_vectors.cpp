// Words of a file against those of a vocabulary, by spelling and, failing that, without case.
#include "frontend/vectors/word_vectors.h"

#include <algorithm>
#include <cmath>

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
                         const TextSettings& text, std::size_t max_added, std::size_t width)
    : words_(std::move(words)),
      counts_(std::move(counts)),
      given_words_(words_.size()),
      max_words_(words_.size() + max_added),
      width_(width),
      splitter_(text),
      match_(words_.size(), WordMatch::none),
      slot_(words_.size(), kNoSlot),
      fold_index_(words_.size()) {
  for (std::uint32_t id = 0; id < words_.size(); ++id) {
    folded_.clear();
    append_folded(words_[id], folded_);
    index(id);
  }
}

// In lower case, and in NFKC where the tokenizer has it so.
void WordVectors::append_folded(std::string_view word, std::string& out) const {
  Normalization folded = splitter_.normalization();
  folded.lowercase = true;
  append_normalized(word, folded, out);
}

std::uint32_t WordVectors::find(std::string_view spelling) const {
  std::string folded;
  append_folded(spelling, folded);
  const std::uint32_t group = find_folded(folded);
  std::uint32_t id = group == WordIndex::kAbsent ? group : first_[group];
  while (id != WordIndex::kAbsent && words_[id] != spelling) id = next_[id];
  return id;
}

std::uint32_t WordVectors::find_folded(std::string_view folded) const {
  return fold_index_.find(folded, hash_word(folded),
                          [this](std::uint32_t group) { return folds_[group]; });
}

// Indexes a word whose folded spelling is in folded_.
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
  append_folded(word, folded_);
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
  if (!spelled && words_.size() < max_words_) consider_adding(word);
  const bool wanted = !ids_.empty() || !added_.empty();
  if (!wanted && !utf8::is_valid(word)) ++broken_;
  return wanted;
}

// A word that the tokenizer makes of this one, where the vocabulary does not have it.
void WordVectors::consider_adding(std::string_view word) {
  if (word.empty() || word.size() > kLongestAdded || !utf8::is_valid(word)) return;
  splitter_.split(word, buffer_, 3);
  const auto tokens = buffer_.tokens();
  const auto of_text = [](const TextToken& token) {
    return token.begin < token.end;
  };  // not `</s>`
  if (std::ranges::count_if(tokens, of_text) != 1) return;
  const TextToken& token = tokens.front();
  if (token.begin != 0 || token.end != word.size()) return;
  const std::string_view spelling = buffer_.text(token);
  if (find(spelling) != WordIndex::kAbsent) return;
  added_ = spelling;
  ids_.push_back(static_cast<std::uint32_t>(words_.size()));
  degrees_.push_back(degree_of(word, spelling, folded_));
}

std::span<const std::uint32_t> WordVectors::take() {
  if (!added_.empty()) {
    add(added_);
    in_file_order_.push_back(ids_.back());
    added_.clear();
  }
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const std::uint32_t id = ids_[i];
    // From where on the tokenizer makes this word of one of the file.
    const bool first = splitter_.normalization().lowercase ? match_[id] == WordMatch::none
                                                           : degrees_[i] == WordMatch::exact;
    if (first && (in_file_order_.empty() || in_file_order_.back() != id)) {
      in_file_order_.push_back(id);
    }
    found(id, degrees_[i]);
  }
  return ids_;
}

// Folded spelling in folded_.
void WordVectors::add(std::string_view word) {
  words_.add(word);
  index(static_cast<std::uint32_t>(words_.size() - 1));
  match_.push_back(WordMatch::none);
  slot_.push_back(kNoSlot);
}

void WordVectors::found(std::uint32_t id, WordMatch degree) {
  match_[id] = degree;
  if (slot_[id] != kNoSlot) return;
  slot_[id] = slots_++;
  rows_.resize(slots_ * width_);
}

std::span<const float> WordVectors::row(std::uint32_t id) const {
  if (slot_[id] == kNoSlot) return {};
  return std::span(rows_).subspan(slot_[id] * width_, width_);
}

std::span<float> WordVectors::row(std::uint32_t id) {
  if (slot_[id] == kNoSlot) return {};
  return std::span(rows_).subspan(slot_[id] * width_, width_);
}

void WordVectors::take_from(const WordVectors& more) {
  broken_ = more.broken_;
  const auto copy = [&](std::uint32_t id, std::uint32_t from) {
    if (more.match_[from] == WordMatch::none) return;
    found(id, more.match_[from]);
    std::ranges::copy(more.row(from), row(id).begin());
  };
  for (std::uint32_t id = 0; id < words_.size(); ++id) {
    const std::uint32_t from = more.find(words_[id]);
    if (from != WordIndex::kAbsent) copy(id, from);
  }
  for (const std::uint32_t from : more.in_file_order_) {
    if (words_.size() >= max_words_) break;
    const std::string_view word = more.words_[from];
    if (find(word) != WordIndex::kAbsent) continue;
    folded_.clear();
    append_folded(word, folded_);
    add(word);
    copy(static_cast<std::uint32_t>(words_.size() - 1), from);
  }
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
  coverage.broken = broken_;
  coverage.occurrences = all == 0 ? 0.0 : static_cast<double>(found) / static_cast<double>(all);
  return coverage;
}

void WordVectors::fill(std::uint64_t seed, std::string_view name, std::span<float> table) const {
  for (std::uint32_t id = 0; id < slot_.size(); ++id) {
    std::ranges::copy(row(id), table.begin() + static_cast<std::ptrdiff_t>(id * width_));
  }
  std::vector<double> mean(width_), scale(width_);
  double found = 0;
  const auto each_found = [&](auto use) {
    for (std::uint32_t id = 0; id < match_.size(); ++id) {
      const std::span<const float> vector = row(id);
      for (std::size_t i = 0; i < vector.size(); ++i) use(i, vector[i]);
    }
  };
  for (const WordMatch match : match_) found += match == WordMatch::none ? 0 : 1;
  each_found([&](std::size_t i, double x) { mean[i] += x / found; });
  each_found([&](std::size_t i, double x) { scale[i] += (x - mean[i]) * (x - mean[i]) / found; });
  // Uniform in [-s, s] has the variance s^2 / 3.
  for (double& s : scale) s = std::sqrt(3 * s);

  const RandomKey key =
      random_key(static_cast<std::int64_t>(seed), 0, static_cast<std::int64_t>(hash_name(name)));
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
