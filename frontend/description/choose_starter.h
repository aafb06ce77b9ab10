// The starters that fit labelled texts which come without a description: `weft train` takes the
// first of them, `weft tune` compares them all. The rule stands here and nowhere else.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/description/description.h"
#include "frontend/pretrained/pretrained_source.h"

namespace weft {

struct FittedStarter {
  std::string_view name;
  std::vector<std::string> changes;  // to its text: `width=300`, `output sigmoid(logits)`
  Description description;           // the starter with these changes
  InitialSources initial;            // what it begins with, of those that were given
};

// The facts about the data on which the choice depends.
struct DataProfile {
  std::size_t texts = 0, labels = 0;
  std::size_t bytes = 0;     // of all texts
  bool chinese = false;      // most letters are Han characters
  bool multi_label = false;  // some text has no label, or several
  bool pairs = false;        // each row has two texts
};

DataProfile profile_of(const Corpus&);

// `Chinese, 9,900 texts of 10 labels`.
std::string to_string(const DataProfile&);

// The best first; at least one. Error if the files of `initial` cannot be read, or are of
// both kinds.
std::vector<FittedStarter> fitting_starters(const DataProfile&, const InitialSources& initial);

}  // namespace weft
