// A search's progress: trials that ended, the best score, the time that is left.
#include "frontend/cli/tune_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "frontend/cli/command.h"
#include "frontend/format/message.h"
#include "frontend/report/progress.h"

namespace weft {

TuneProgress::TuneProgress(TrialsFile& file, const TuneSettings& settings, std::string_view score,
                           bool quiet)
    : file_(file),
      settings_(settings),
      score_(score),
      quiet_(quiet),
      live_(is_terminal(STDERR_FILENO)) {
  for (const TuneResult& result : file.known()) known_.insert({result.trial, result.step});
}

TuneProgress::~TuneProgress() {
  if (live_ && !quiet_) print_message(stderr, "\r\x1b[K");
}

void TuneProgress::ended(const TuneResult& result) {
  if (!known_.contains({result.trial, result.step})) file_.add(result);
  ++ended_;
  best_ = std::max(best_, result.score);
  if (quiet_) return;
  if (!live_) {
    print_message(stderr, "trial {:3}  {:2} epoch{}  {} {}  {}\n", result.trial, result.epochs,
                  result.epochs == 1 ? " " : "s", score_, score_text(result), tried_text(result));
    return;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double left = settings_.trials > 0 ? seconds / share() - seconds
                                           : std::max(0.0, settings_.seconds - seconds);
  print_message(stderr, "\r\x1b[Ktrial {}  best {} {:.4f}  {} left", result.trial, score_, best_,
                duration(left));
}

// A group of nine trials gives thirteen or fourteen results; those of several seeds come at the
// end.
double TuneProgress::share() const {
  const double all = static_cast<double>(settings_.trials) * 13.5 / 9 + 4;
  return std::min(1.0, static_cast<double>(ended_) / all);
}

}  // namespace weft
