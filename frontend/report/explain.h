// Why a label: what each n-gram of a text adds to the label's logit, exactly; or, of an encoder,
// what each token does, by gradients (explain_gradient.h): an approximation, and said to be one.
//
// After convolutions of any depth and pooling over the text, a linear head makes of the logit a
// sum: over filters, of (weight x activation), and a constant. A max-pooled activation stands at
// one place and sees only the words of its window there, an n-gram; a mean is a sum over all
// places. So contributions by n-gram add up to the logit and nothing is approximated.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"

namespace weft {

struct NGram {
  std::size_t first = 0, last = 0;  // words of the text, both included
  TextSpan bytes{};                 // of the text, from its first word to the end of its last
  double contribution = 0;
  std::size_t activations = 0;  // filters (and places, of means) that make it up
};

void sort_by_size(std::vector<NGram>&);  // of contributions

struct Explanation {
  std::vector<TextSpan> words;  // those that count: at most max_tokens, or those of all windows
  std::vector<bool> known;      // of each word: whether it is in the vocabulary
  // For each word: the spelling of a token without bytes in the text, as `</s>`, which is part of
  // the bias; empty for all others. The list is empty for a text of several windows: each has its
  // own.
  std::vector<std::string> special;
  std::vector<NGram> ngrams;  // by size of contribution, then by place; none of them 0
  double bias = 0;            // what does not depend on the words
  double logit = 0;           // the model's, computed forward in double
  // False: contributions are gradient x input, and `bias` is the logit of as many tokens without
  // vectors, with what special tokens add; the total is not the logit.
  bool exact = true;
  // True, of hierarchical softmax after a linear model: `logit` is not the label's, which is no sum
  // over words, but the log-odds of the decisions that lead to the label, added up.
  bool decisions = false;

  double total() const;  // bias and contributions; the logit, but for rounding
  // The contributions, each shared out evenly among the words of its n-gram.
  std::vector<double> by_word() const;
  // For each of `words`, the bytes of the whole word of the text: a group of letters has those of
  // the word that it is part of. A token for several words, or for none, has its own bytes.
  std::vector<TextSpan> words_around() const;
};

// Explanation::special of these tokens.
std::vector<std::string> special_tokens(const VocabularyView&, std::span<const std::int32_t> ids,
                                        std::span<const TextSpan> words);

class Explainer {
 public:
  // Both must outlive it. Error, saying which layer is in the way, where logits are no such sum and
  // no encoder's; or if the plan lacks the weights.
  Explainer(const Plan& plan, const Encoder& encoder);
  ~Explainer();

  // Explains the label's logit. In a text of several windows, a word's contribution is the mean of
  // what it adds to the logits of the windows. Where one number tells two labels apart it is the
  // second's logit, and the first's is its negative.
  Explanation explain(const TextInput& input, std::size_t label) const;
  // The same of a line: for a plan that reads pairs, both texts with a tab between them.
  Explanation explain(std::string_view line, std::size_t label) const;

 private:
  Explanation explain_window(std::span<const std::int32_t> ids, std::span<const std::int32_t> types,
                             std::span<const TextSpan> words, std::size_t label) const;
  Explanation explain_encoder(Explanation explanation, std::span<const std::int32_t> ids,
                              std::span<const std::int32_t> types, std::size_t label) const;
  struct Description;
  const Plan& plan_;
  const Encoder& encoder_;
  std::unique_ptr<Description> description_;
};

}  // namespace weft
