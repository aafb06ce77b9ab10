// Training as a library call: a description, or a plan, and labelled texts become a trained plan.
//
//   weft::Corpus corpus(examples);
//   weft::FitObserver silent;
//   weft::FitResult result =
//       weft::fit(weft::read_description("my.model"), {}, {corpus}, {}, silent);
//   weft::save_plan(result.plan, "my.plan");
//
// `weft train`, cross-validation and the search are clients of this call and train by no other way.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "frontend/data/corpus.h"
#include "frontend/description/arguments.h"
#include "frontend/description/description.h"
#include "frontend/pretrained/pretrained_source.h"
#include "frontend/train/observer.h"
#include "frontend/train/trainer.h"
#include "passes/compile.h"

namespace weft {

struct FitData {
  CorpusView train;
  std::optional<CorpusView> valid = {};  // the best epoch is the best on these; none: the last
                                         // ones, as `average=` says
};

// A file from which the run can go on where it was cut short.
struct CheckpointOptions {
  std::string path;
  double seconds = 60;    // from one checkpoint to the next; 0: none is written
  bool resume = false;    // go on from the file, if there is one
  bool in_place = false;  // the trained plan will overwrite the one that was given
};

struct FitOptions {
  CompileOptions compile = {};                   // of a description
  InitialSources initial = {};                   // of a description
  int threads = 0;                               // 0: all that this process may use
  bool check_data = true;                        // look for odd data: reads all texts once more
  const std::atomic<bool>* interrupt = nullptr;  // set: end after the step under way
  std::optional<CheckpointOptions> checkpoints = {};
};

// Texts are encoded once and the description is lowered once. The observer is warned of odd data.
// Throws Error where the description, the overrides and the data do not fit, and TrainingFailed if
// training diverges.
FitResult fit(const Description&, const Overrides&, const FitData&, const FitOptions&,
              FitObserver&);

// Goes on training a plan. `overrides` change its settings of training: epochs, rate, batch …
FitResult fit(Plan, const Overrides&, const FitData&, const FitOptions&, FitObserver&);

}  // namespace weft
