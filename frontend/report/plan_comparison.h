// Two plans on the same labelled texts: which answers differ, which plan is right more often, and
// whether that may be chance.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/report/page.h"
#include "frontend/train/evaluate.h"
#include "runtime/session.h"

namespace weft {

// A text that the plans answer differently. Several labels are joined by `|`; none: empty.
struct ChangedText {
  std::size_t row = 0;
  std::string text, truth;
  std::array<std::string, 2> answers;
  std::array<bool, 2> right{};
};

struct PlanComparison {
  std::array<std::string, 2> plans;  // their names
  std::array<Evaluation, 2> measured;
  // Texts by who is right: with several labels per text, about all of them.
  std::uint64_t both = 0, only_first = 0, only_second = 0, neither = 0;
  std::vector<ChangedText> changed;  // all, in the order of the data
  double p_value = 1;                // McNemar's exact test

  std::uint64_t texts() const { return both + only_first + only_second + neither; }
};

// The two-sided exact test of McNemar, from the texts about which one plan alone is right: how
// probable so uneven a split is, or one more uneven, if each were as probably of the one as of the
// other. 1 without such texts.
double mcnemar(std::uint64_t only_first, std::uint64_t only_second);

// Labels are compared by name. Error if one plan gives one label per text and the other several.
PlanComparison compare_plans(Session& first, Session& second, const CorpusView& examples);

// The first `count` of the changed texts, then the sums.
std::string to_text(const PlanComparison&, std::size_t count);
std::string to_json(const PlanComparison&);  // one object, with all changed texts
std::string comparison_page(const PlanComparison&, const Origin&);

}  // namespace weft
