// The table of the best trials, and why the winner won.
#include "frontend/cli/say_winner.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "frontend/cli/command.h"
#include "frontend/train/evaluate.h"

namespace weft {
namespace {

// Why the description as it stands was kept.
std::string less_than_error(const TuneResult& highest, const TuneResult& plain, std::size_t texts) {
  return fmt::format(
      ", which is kept: trial {} scored {:.4f}, it {:.4f}, and {} validation texts measure "
      "within {:.4f}",
      highest.trial, highest.score, plain.score, texts, standard_error(highest.accuracy, texts));
}

}  // namespace

void say_best(const std::vector<TuneResult>& results, const std::vector<Candidate>& candidates,
              std::string_view score) {
  const std::vector<Split>& splits = candidates.front().splits;
  const std::size_t texts = chosen_on(splits);
  print_out(leaderboard(results, 10));
  print_out(fmt::format(
      "score: {} on the validation texts{}; first comes the winner, then trials of several "
      "seeds\n",
      score, splits.size() == 1 ? "" : fmt::format(", the mean of {} splits", splits.size())));
  const TuneResult& best = results.front();
  if (!best.starter.empty()) print_out(fmt::format("the starter `{}` won\n", best.starter));
  for (const Candidate& candidate : candidates) {
    if (std::ranges::find(results, candidate.starter, &TuneResult::starter) != results.end()) {
      continue;
    }
    print_out(fmt::format("the starter `{}` was not trained: too few trials, or too little time\n",
                          candidate.starter));
  }
  const auto plain =
      std::ranges::find_if(results, [](const TuneResult& result) { return result.values.empty(); });
  if (plain == results.end()) return;
  const TuneResult& highest = *std::ranges::min_element(results, is_better);
  if (plain == results.begin()) {
    print_out(fmt::format("no trial was {}better than {}{}\n",
                          highest.values.empty() ? "" : "clearly ", tried_text(*plain),
                          highest.values.empty() ? "" : less_than_error(highest, *plain, texts)));
    return;
  }
  print_out(
      fmt::format("best score {:.4f}; {} {:.4f}\n", best.score, tried_text(*plain), plain->score));
}

}  // namespace weft
