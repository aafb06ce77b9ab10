// Reports of searches as pages: the folds of a cross-validation, the trials of `weft tune`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/report/page.h"
#include "frontend/search/crossval.h"
#include "frontend/search/tune_result.h"

namespace weft {

// `title`: of the description. A dot for each fold, the mean and its interval; then a table.
std::string crossval_page(const Crossval&, const std::string& title, const Origin&);

// `results`, ranked, are not empty; `measure` names their score, measured on `texts` texts. A dot
// for each trial, in its order and by each value that was varied; then a table.
std::string tune_page(const std::vector<TuneResult>&, std::string_view measure, std::size_t texts,
                      const std::string& title, const Origin&);

}  // namespace weft
