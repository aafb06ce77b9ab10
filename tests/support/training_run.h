// Training runs of the small model, watched.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "frontend/train/trainer.h"
#include "tests/support/small_model.h"

namespace weft::test {

class Recorder : public FitObserver {
 public:
  void began(std::int64_t, std::size_t) override {}
  void stepped(std::int64_t, std::size_t, double) override {
    if (++steps == interrupt_after) stop = true;
  }
  void epoch_ended(const EpochReport& report) override { epochs.push_back(report); }
  void warned(const std::string& message) override { warnings.push_back(message); }

  std::vector<EpochReport> epochs;
  std::vector<std::string> warnings;
  std::int64_t steps = 0;
  std::int64_t interrupt_after = -1;
  std::atomic<bool> stop{false};
};

inline FitResult run(Plan plan, const TrainSettings& settings, Recorder& recorder,
                     bool validate = false, const Checkpointing* checkpoints = nullptr) {
  Session session(std::move(plan), {.threads = 1, .train = true});
  const Dataset data = encode(small_corpus(), session.encoder(), session.labels());
  return train(session, data, validate ? &data : nullptr, settings, recorder, &recorder.stop,
               checkpoints);
}

inline FitResult run(Plan plan, const TrainSettings& settings, bool validate = false) {
  Recorder recorder;
  return run(std::move(plan), settings, recorder, validate);
}

}  // namespace weft::test
