// Counts the ids of encoded texts: in how many texts each stands, and which stand in none.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "frontend/train/dataset.h"
#include "ir/graph.h"
#include "ir/plan/plan.h"

namespace weft {

// In how many texts each of `ids` ids stands.
std::vector<std::int64_t> document_counts(const Dataset&, std::int64_t ids);

// Whether rows of tables are looked up only to be added up by the weights of their terms.
bool weighs_all_rows(const Graph&);

// The buckets behind `words` words that a text has, ascending, at least one; the ids of the data
// become the words and these buckets, without gaps.
std::vector<std::int32_t> keep_seen_buckets(Dataset&, std::int64_t words);

// importance[V, 2]: 1 + ln((1 + texts) / (1 + count)) for an id that is met (its inverse document
// frequency, smoothed: Salton and Buckley 1988), else 0; that of a word, or of an n-gram of words,
// in the first column, that of a bucket in the second.
void term_importance(std::span<const std::int64_t> document_counts, std::int64_t texts,
                     std::int64_t words, std::span<float> importance);

// logits[L] of texts of which nothing is known: softmax or sigmoid of them is each label's share of
// the examples. Zeros where there is not one for each label.
void label_logits(std::span<const std::int64_t> label_counts, std::int64_t texts, Task,
                  std::span<float> logits);

}  // namespace weft
