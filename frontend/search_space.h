// What tuning may change in a description, and by how much.
//
//   tune  width=range(100, 400)  rate=log(0.0003, 0.003)  tokenizer=choice(words, whitespace)
//
// A name is a constant of the description or one of its settings. range: evenly; log: evenly by
// ratio; choice: one of those written. Without such a line, every constant that is a number is
// searched around its value, and so are the rate, the batch and the label smoothing.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "frontend/arguments.h"
#include "frontend/model.h"

namespace weft {

struct Parameter {
  std::string path;           // as `--set` takes it
  std::vector<Attr> choices;  // if any, one of these; else a number between low and high
  double low = 0, high = 0;
  bool by_ratio = false;  // low > 0
  bool integer = false;
};

using Assignments = std::vector<std::pair<std::string, Attr>>;  // path, value

// Those that `overrides` set are left out. Throws Error, rendered against the description.
std::vector<Parameter> search_space(const Model&, const Overrides& overrides);

// The values of trial `trial`: a function of the seed, the trial's number and the parameter's path.
Assignments sample(const std::vector<Parameter>& space, std::uint64_t seed, std::uint64_t trial);

std::string to_string(const Attr&);         // as a description has it
std::string to_string(const Assignments&);  // `width=200 train.rate=0.002`

// The description's text with other values of constants and settings, put where the old ones stand.
// Throws Error where a path is neither.
std::string with_values(const Model&, const Assignments&);

}  // namespace weft
