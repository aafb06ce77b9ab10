// From a model description and data to an untrained plan: vocabulary, programs, first weights.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/description/description.h"
#include "frontend/description/lower.h"
#include "frontend/pretrained/pretrained_source.h"
#include "frontend/train/dataset.h"
#include "ir/aligned_bytes.h"
#include "ir/plan/plan.h"
#include "passes/compile.h"
#include "runtime/text/vocabulary.h"

namespace weft {

// The vocabulary is counted on the examples; labels are theirs too. Embeddings
// begin with the word vectors that the description or the options name; a note of the plan says
// with how many. Throws Error where the description, the data and the vectors do not fit.
Plan build_plan(const Description&, const Overrides&, const CorpusView& examples,
                const CompileOptions& = {}, const InitialSources& = {});

// The same, and the examples as the plan reads them.
struct BuiltPlan {
  Plan plan;
  Dataset data;
};
BuiltPlan build_with_data(const Description&, const Overrides&, const CorpusView& examples,
                          const CompileOptions& = {}, const InitialSources& = {});

// Of a description that begins with a pretrained model, whose vocabulary is its own: no data is
// needed. Batches of training hold 128 tokens a text on average.
Plan build_without_data(const Description&, const Overrides&, std::vector<std::string> labels,
                        const CompileOptions& = {}, const InitialSources& = {});

// A model that was trained elsewhere: its words, and its weights by the description's names.
struct ImportedModel {
  std::shared_ptr<const WordList> words;
  std::shared_ptr<const std::vector<std::int32_t>> kept_buckets;  // VocabularyView::kept_buckets
  std::vector<std::int64_t> label_counts;
  // In the bytes of their types. Those that are left out begin as the description says.
  std::map<std::string, std::shared_ptr<const AlignedBytes>, std::less<>> weights;
};

// The plan of such a model. It cannot be trained if none of its weights can.
Plan build_imported(const Description&, std::vector<std::string> labels, const ImportedModel&,
                    const CompileOptions& = {});

}  // namespace weft
