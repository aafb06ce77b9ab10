// Why a label, for encoders: an approximation by gradients.
//
// Attention lets every word act on every other, so that a logit is no sum over words. Gradient x
// input (Shrikumar et al., arXiv 1605.01713, 2016) tells how the logit would change, to first
// order, if a token's vector faded to zero: sum over c of dlogit/de[t, c] * e[t, c]. The sum over
// all tokens is not the logit's real change when all fade; both are told.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "ir/plan/plan.h"

namespace weft {

struct GradientExplanation {
  std::vector<double> by_token;
  double logit = 0;     // of the text
  double baseline = 0;  // of as many tokens whose vectors are zero
};

// `predicting`: the forward graph without what only training needs, sized for as many words and
// tokens as there are ids, so that its tables of word vectors have a row for each token. `types`:
// of the tokens, if the model reads pairs. `sign`: of logit number `column`. Error if the plan
// lacks weights.
GradientExplanation explain_by_gradient(const Graph& predicting, const Plan&,
                                        std::span<const std::int32_t> ids,
                                        std::span<const std::int32_t> types, std::int64_t column,
                                        double sign);

}  // namespace weft
