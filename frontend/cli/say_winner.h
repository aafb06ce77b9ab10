// Prints the result of a search.
#pragma once

#include <string_view>
#include <vector>

#include "frontend/search/candidate.h"

namespace weft {

// `results`: of tune(). `score`: what the scores are, for people.
void say_best(const std::vector<TuneResult>& results, const std::vector<Candidate>& candidates,
              std::string_view score);

}  // namespace weft
