// Tensors for what a graph declares: read from JSON, or filled from a seed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "ir/interpret.h"

namespace weft {

struct ValueSources {
  // One JSON object of nested lists, row-major: {"ids": [0, 2], "table": [[0.5, 1], [2, -1]]}.
  // Empty text: nothing is given.
  std::string inputs = {};
  std::string inputs_name = "the inputs";          // the text's name in messages
  std::map<std::string, std::int64_t> sizes = {};  // of symbols
  // Fills what `inputs` leave out, the same for the same seed and name, whatever the graph:
  //
  // * sizes that nothing fixes: 3, of the rows of sequences 4 for each sequence; the capacity where
  //   that is less;
  // * f32: uniform in [-1, 1); optimizer states and statistics in [0.5, 1.5); `targets` in [0, 1);
  //   learning rates 0.01;
  // * offsets: sequences of random lengths, some of them empty;
  // * ids: rows of the tables that they are looked up in, distinct where an optimizer updates those
  //   rows; labels: classes of the logits, or leaves of the tree; trees of labels: balanced; steps
  //   3, also the last step of rows, which have missed none; other integers 0;
  // * i16, i8: whole numbers from -100 to 100.
  std::optional<std::uint64_t> random = {};
  // Tensors of another program: they stand for what `inputs` do not give, where this program
  // declares those names.
  Bindings known = {};
};

// A tensor for each input, param and state; the numbers as their types hold them. Error, naming the
// value, for JSON that is none, a name that the graph lacks, a shape that contradicts the type,
// --size or another's shape, a number out of its type's range, offsets that do not cut rows into
// sequences; one for all values that are neither given nor to be filled.
Bindings bind_values(const Graph&, const ValueSources&);

}  // namespace weft
