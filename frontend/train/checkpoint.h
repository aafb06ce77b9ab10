// How far a training run has come, and the file that it goes on from after it was cut short.
//
// On disk: a line `weft checkpoint 1 SIZE CHECKSUM`, so many bytes of JSON, then segments at
// multiples of 64 bytes, each with a checksum: the plan as training is at it, the best plan so far,
// the weights of recent epochs. A checkpoint changes nothing: a run that goes on from one ends with
// the same bytes as one that was never cut short.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frontend/train/averaging.h"
#include "frontend/train/dataset.h"
#include "ir/plan/plan.h"

namespace weft {

// All that decides what training does next, besides the weights, the data and the settings.
struct TrainState {
  std::int64_t ended = 0;             // epochs of this run
  std::int64_t step = 0;              // of the plan's whole history
  std::int64_t seen = 0;              // examples of the epoch under way
  double loss_sum = 0;                // over those
  double learning_rate = 0;           // of the last step
  std::int64_t worse = 0;             // epochs in a row without a better validation
  std::int64_t best_epoch = 0;        // 0: the start
  std::optional<double> best_score;   // of that epoch, on the validation data
  std::vector<HistoryEntry> history;  // of the plan, with this run's epochs
  std::optional<Plan> best;           // of that epoch; its history is not kept up
  RecentWeights recent;
};

// Identifies a run by its inputs: with other data or settings it would be another run.
struct Fingerprint {
  std::string description, data, valid;  // checksums
  std::string settings;                  // in words
};
// `start`: the plan before training. `in_place`: it is overwritten by what comes of it, and so is
// known by its description only.
Fingerprint fingerprint_of(const Plan& start, bool in_place, const Dataset& data,
                           const Dataset* valid, std::string settings);

// Replaces the file in one step. `now` is the plan of a session that trains. Error if it cannot be
// written.
void save_checkpoint(const std::string& path, const Fingerprint&, int threads, const Plan& now,
                     const TrainState&);

struct Checkpoint {
  Fingerprint fingerprint;
  int threads = 0;              // another number gives other last bits
  std::string instruction_set;  // another one, too; empty: from before it was kept
  Plan now;
  TrainState state;
};

// True if there is a checkpoint, damaged or not: by its first bytes. Error if there is anything
// else, which would be lost.
bool finds_checkpoint(const std::string& path);
// None if there is no such file. Error if it is damaged; `max_recent` is what `recent` is to hold.
std::optional<Checkpoint> load_checkpoint(const std::string& path, std::size_t max_recent);
// Error, naming the file and what differs, unless both are of one run, which began with `start`, or
// if `start`, which the run was to overwrite, has learnt what that run has not.
void expect_same_run(const Checkpoint&, const Fingerprint& wanted, const Plan& start,
                     const std::string& path);
// Error unless a run of so many epochs of so many examples can have come as far as that.
void expect_within(const Checkpoint&, std::int64_t epochs, std::size_t examples,
                   const std::string& path);

// The file that a run saves itself to, and how often; `from` is the state that it goes on from.
struct Checkpointing {
  std::string path;  // empty: it goes on from one, but writes none
  double seconds = 60;
  Fingerprint fingerprint;
  std::optional<TrainState> from = {};
};

}  // namespace weft
