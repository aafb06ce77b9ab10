// Sums of contributions, by n-gram and by word.
#include <algorithm>
#include <cmath>

#include "frontend/report/explain.h"

namespace weft {

void sort_by_size(std::vector<NGram>& ngrams) {
  std::ranges::stable_sort(ngrams, [](const NGram& a, const NGram& b) {
    return std::abs(a.contribution) > std::abs(b.contribution);
  });
}

double Explanation::total() const {
  double sum = bias;
  for (const NGram& ngram : ngrams) sum += ngram.contribution;
  return sum;
}

std::vector<double> Explanation::by_word() const {
  std::vector<double> shares(words.size(), 0.0);
  for (const NGram& ngram : ngrams) {
    const auto length = static_cast<double>(ngram.last - ngram.first + 1);
    for (std::size_t i = ngram.first; i <= ngram.last; ++i) {
      shares[i] += ngram.contribution / length;
    }
  }
  return shares;
}

std::vector<std::string> special_tokens(const VocabularyView& vocabulary,
                                        std::span<const std::int32_t> ids,
                                        std::span<const TextSpan> words) {
  std::vector<std::string> names(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto id = static_cast<std::size_t>(ids[i]);
    if (words[i].begin < words[i].end || id >= vocabulary.ends.size()) continue;
    const std::size_t begin = id == 0 ? 0 : vocabulary.ends[id - 1];
    names[i] = vocabulary.words.substr(begin, vocabulary.ends[id] - begin);
  }
  return names;
}

// Tokenizers give a word and then its groups of letters, which overlap, and after all words of a
// text those that stand for several, which begin further ahead.
std::vector<TextSpan> Explanation::words_around() const {
  std::vector<TextSpan> around = words;
  std::vector<std::size_t> parts;  // of the word at hand
  TextSpan word{0, 0};
  const auto finish = [&] {
    for (const std::size_t part : parts) around[part] = word;
    parts.clear();
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const TextSpan& token = words[i];
    if (token.begin == token.end || token.begin < word.begin) continue;
    if (token.begin >= word.end) {
      finish();
      word = token;
    }
    word.end = std::max(word.end, token.end);
    parts.push_back(i);
  }
  finish();
  return around;
}

}  // namespace weft
