// The values of a description that tuning may change, and their ranges.
//
//   tune  width=range(100, 400)  rate=log(0.0003, 0.003)  tokenizer=choice(words, whitespace)
//
// A name is a constant of the description, one of its settings or a layer's argument
// (`a.conv1d.kernel`). range: evenly; log: evenly by ratio; choice: one of those written. Without
// such a line, every constant that is a number is searched around its value, and so are the rate,
// the batch, the label smoothing, the schedule, the dropout of words, the widths of filters and
// their number where numbers say them; and, except beside `pretrained`, whose model decides, the
// tokenizer, whether case is ignored, how often a word must occur and, where pairs of words are
// terms, of how many words terms are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frontend/description/arguments.h"
#include "frontend/description/description.h"
#include "frontend/description/edit_description.h"
#include "frontend/pretrained/pretrained_source.h"

namespace weft {

struct Parameter {
  std::string path;           // as `--set` takes it
  std::vector<Attr> choices;  // if any, one of these; else a number between low and high
  double low = 0, high = 0;
  bool by_ratio = false;  // low > 0
  bool integer = false;
};

// Parameters that `overrides` set are left out. Throws Error, rendered against the description, if
// the line `tune` has an error, or if one of its choices or ends makes a description with errors.
std::vector<Parameter> search_space(const Description&, const Overrides& overrides,
                                    const InitialSources& = {});

// The values of trial `trial`: a function of the seed, the trial's number and the parameter's path.
Assignments sample(const std::vector<Parameter>& space, std::uint64_t seed, std::uint64_t trial);

// Throws what is wrong with the description where it has these values.
void check_values(const Description&, Overrides, const Assignments&, const InitialSources&);

}  // namespace weft
