// Which candidates a search goes on with.
#include "frontend/search/candidate.h"

#include <algorithm>
#include <set>

#include "frontend/train/evaluate.h"

namespace weft {

std::size_t candidate_of(std::span<const Candidate> candidates, const TuneResult& result) {
  const auto at = std::ranges::find(candidates, result.starter, &Candidate::starter);
  return static_cast<std::size_t>(at - candidates.begin());
}

std::size_t chosen_on(std::span<const Split> splits) {
  std::size_t texts = 0;
  for (const Split& split : splits) texts += split.valid.size();
  return texts;
}

std::vector<std::size_t> promising(std::span<const Candidate> candidates,
                                   std::vector<TuneResult> results) {
  std::erase_if(results, [](const TuneResult& r) { return !r.failure.empty(); });
  if (results.empty()) return {0};
  rank_results(results);
  const double best = results.front().accuracy;
  const double error = standard_error(best, chosen_on(candidates.front().splits));
  std::vector<std::size_t> order;
  std::set<std::size_t> met;
  for (const TuneResult& result : results) {
    const std::size_t candidate = candidate_of(candidates, result);
    if (!met.insert(candidate).second) continue;
    if (result.accuracy >= best - error) order.push_back(candidate);
  }
  return order;
}

void keep_plain(std::span<const Candidate> candidates, std::vector<TuneResult>& ranked) {
  const auto is_plain = [](const TuneResult& r) { return r.values.empty() && r.failure.empty(); };
  const auto plain = std::ranges::find_if(ranked, is_plain);
  if (plain == ranked.end()) return;
  const TuneResult& best = ranked.front();
  const Trial& trial = candidates[candidate_of(candidates, best)].trial;
  if (settings_of(*trial.description, trial.overrides).metric == BestBy::loss) return;
  const double error = standard_error(best.accuracy, chosen_on(candidates.front().splits));
  if (best.score - plain->score <= error) std::rotate(ranked.begin(), plain, plain + 1);
}

}  // namespace weft
