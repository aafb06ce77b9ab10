// The description of the best trial: a file whose first line is the command that trains it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/cli/command.h"
#include "frontend/search/tune.h"

namespace weft {

struct TuneFlags : BuildFlags {
  std::string description, out, report;
  std::vector<std::string> data, valid;
  std::optional<std::string> budget;
  std::optional<std::int64_t> seed;
  double valid_fraction = 0.2;
  std::size_t splits = 0;  // of the data; 0: more than one where texts are few
  TuneSettings settings;
  bool resume = false, quiet = false;
};

// `reviews.plan` to `reviews`.
std::string stem_of(const std::string& plan);

// The best result as a description of its own, and the values that a description cannot hold.
struct Best {
  Description description;
  Overrides left;
};

// The first of the results, of that trial's description.
Best describe(const std::vector<TuneResult>& results, const Trial&, const TuneFlags&);

}  // namespace weft
