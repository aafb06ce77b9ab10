// A trial is `weft train` and `weft eval` in memory.
#include "frontend/train/trial.h"

namespace weft {

TrialOutcome run_trial(const Trial& trial, TrainObserver& observer) {
  Overrides overrides = trial.overrides;
  const DescriptionSettings description_settings = settings_of(*trial.description, overrides);
  Session session(build_plan(*trial.description, trial.overrides, *trial.corpus, trial.train, {},
                             trial.vectors),
                  {trial.threads, /*train=*/true});
  const auto encoded = [&](std::span<const std::uint32_t> rows) {
    return encode(*trial.corpus, rows, session.encoder(), session.labels());
  };
  const Dataset data = encoded(trial.train);
  std::optional<Dataset> valid;
  if (!trial.valid_rows.empty()) valid = encoded(trial.valid_rows);

  TrialOutcome outcome;
  try {
    outcome.training = train(session, data, valid ? &*valid : nullptr,
                             train_settings(description_settings), observer, trial.interrupt);
  } catch (const Error& e) {
    throw TrainingFailed(e);
  }
  if (valid && !outcome.training.interrupted) {
    outcome.chosen = measure(outcome.training.plan, *trial.corpus, trial.valid_rows);
  }
  return outcome;
}

Evaluation measure(Plan plan, const Corpus& corpus, std::span<const std::uint32_t> rows) {
  const double threshold = plan.threshold;
  Session session(std::move(plan), {/*threads=*/1});
  return evaluate(session, encode(corpus, rows, session.encoder(), session.labels()), threshold);
}

}  // namespace weft
