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

}  // namespace weft
