// What a training run that has ended suggests for the next one.
#pragma once

#include "frontend/train/data_warnings.h"
#include "frontend/train/trainer.h"

namespace weft {

// A sentence with a remedy, if training was still improving when its epochs were over: the last
// epoch is the best, and its validation loss the lowest. Not where the learning rate falls towards
// the end, which makes the last epochs the best of any run.
Warnings run_remarks(const FitResult&);

}  // namespace weft
