// How far two plans' predictions lie apart on labelled data.
#pragma once

#include <cstddef>
#include <string>

#include "frontend/data/corpus.h"
#include "ir/plan/plan.h"

namespace weft {

struct Comparison {
  std::size_t texts = 0;
  double accuracy[2] = {0, 0};  // of the one, of the other
  std::size_t same_labels = 0;  // texts of which both say the same
  double logit_difference = 0;  // the greatest
};

// The plans have the same vocabulary and labels, `corpus` may have more.
Comparison compare(const Plan& one, const Plan& other, const Corpus& corpus, int threads);

// "accuracy 0.7612 -> 0.7610 on 1066 texts; 1065 labels the same; logits within 2.1e-04".
std::string to_text(const Comparison&);

}  // namespace weft
