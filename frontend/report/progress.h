// Shows the progress of training: one line that is rewritten on a terminal, a line an epoch in a
// log.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "frontend/report/step_history.h"
#include "frontend/train/trainer.h"

namespace weft {

class Progress : public FitObserver {
 public:
  // `live`: rewrite the line as training goes on. Prints nothing if `out` is null.
  Progress(std::FILE* out, bool live) : out_(out), live_(live && out != nullptr) {}

  void began(std::int64_t epochs, std::size_t examples) override;
  void start_evaluated(const Evaluation&) override;
  void stepped(std::int64_t epoch, std::size_t done, double mean_loss) override;
  void step_ended(std::int64_t step, double loss, double learning_rate) override {
    steps_.add(step, loss, learning_rate);
  }
  void epoch_ended(const EpochReport&) override;
  void warned(const std::string& message) override;

  const StepHistory& steps() const { return steps_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* out_;
  bool live_;
  std::int64_t epochs_ = 0;
  std::int64_t ended_ = 0;
  std::size_t examples_ = 0;
  StepHistory steps_;
  Clock::time_point start_, epoch_start_, drawn_;
};

// Shows how much of a file has been read, if that takes long; clears the line at the end.
class ReadProgress {
 public:
  explicit ReadProgress(std::FILE* terminal) : out_(terminal) {}  // null: prints nothing
  ~ReadProgress() { clear(); }
  ReadProgress(const ReadProgress&) = delete;
  ReadProgress& operator=(const ReadProgress&) = delete;

  void show(const std::string& file, double share);

 private:
  using Clock = std::chrono::steady_clock;

  void clear();

  std::FILE* out_;
  std::string file_;
  bool drawn_ = false;
  Clock::time_point start_, drawn_at_;
};

std::string short_text(const Evaluation&);  // loss, accuracy, macro F1

std::string duration(double seconds);  // 45s, 3m20s, 2h05m

}  // namespace weft
