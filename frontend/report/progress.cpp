// Draws at most ten times a second; a finished epoch leaves one line, or, of very many, every n-th.
#include "frontend/report/progress.h"

#include <fmt/format.h>

#include <cmath>

#include "frontend/format/format_number.h"
#include "frontend/format/message.h"

namespace weft {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string bar(double share) {
  constexpr int kWidth = 20;
  const int full = static_cast<int>(share * kWidth);
  std::string cells;
  for (int i = 0; i < kWidth; ++i) cells += i < full ? "#" : "-";
  return cells;
}

std::string to_text(const Evaluation& valid) { return "  valid " + short_text(valid); }

// From so many epochs on, a line for each would be more than anybody reads.
constexpr std::int64_t kManyEpochs = 60;

}  // namespace

std::string short_text(const Evaluation& valid) {
  return fmt::format("loss {}  accuracy {:.4f}  macro F1 {:.4f}",
                     valid.loss ? rounded(*valid.loss) : "–", valid.metrics.accuracy,
                     valid.metrics.macro.f1);
}

std::string duration(double seconds) {
  const auto s = std::llround(seconds);
  if (seconds < 9.95) return fmt::format("{:.1f}s", seconds);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
}

void Progress::began(std::int64_t epochs, std::size_t examples) {
  epochs_ = epochs;
  examples_ = examples;
  start_ = epoch_start_ = drawn_ = Clock::now();
}

void Progress::stepped(std::int64_t epoch, std::size_t done, double mean_loss) {
  if (!live_ || seconds_since(drawn_) < 0.1) return;
  drawn_ = Clock::now();
  const double share = static_cast<double>(done) / static_cast<double>(examples_);
  const double finished = static_cast<double>(ended_) + share;
  const double left = seconds_since(start_) / finished * (static_cast<double>(epochs_) - finished);
  const double speed = static_cast<double>(done) / seconds_since(epoch_start_);
  print_message(out_, "\r\x1b[Kepoch {:2} {} {:3.0f}%  loss {}  {:.0f} texts/s  {} left", epoch,
                bar(share), 100 * share, rounded(mean_loss), speed, duration(left));
}

void Progress::warned(const std::string& message) {
  print_message(stderr, "{}weft: {}\n", live_ ? "\r\x1b[K" : "", message);
}

void Progress::start_evaluated(const Evaluation& evaluation) {
  if (out_ == nullptr) return;
  print_message(out_, "as given{}\n", to_text(evaluation));
  epoch_start_ = Clock::now();
}

void Progress::epoch_ended(const EpochReport& report) {
  ++ended_;
  if (out_ == nullptr) return;
  if (epochs_ > kManyEpochs && ended_ % (epochs_ / (kManyEpochs / 2)) != 0 && ended_ != epochs_) {
    epoch_start_ = Clock::now();
    return;
  }
  std::string line = fmt::format("epoch {:2}  loss {}", report.epoch, rounded(report.train_loss));
  if (report.valid) line += to_text(*report.valid);
  line += fmt::format("  {}", duration(seconds_since(epoch_start_)));
  if (report.valid && report.best) line += "  best so far";
  print_message(out_, "{}{}\n", live_ ? "\r\x1b[K" : "", line);
  epoch_start_ = Clock::now();
}

void ReadProgress::show(const std::string& file, double share) {
  if (out_ == nullptr || share <= 0) return;
  if (file != file_) {
    file_ = file;
    start_ = drawn_at_ = Clock::now();
  }
  if (share >= 1) return clear();
  if (seconds_since(drawn_at_) < (drawn_ ? 0.1 : 0.5)) return;
  drawn_at_ = Clock::now();
  drawn_ = true;
  const double left = seconds_since(start_) * (1 - share) / share;
  print_message(out_, "\r\x1b[Kreading {} {} {:3.0f}%  {} left", file, bar(share), 100 * share,
                duration(left));
}

void ReadProgress::clear() {
  if (drawn_) print_message(out_, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace weft
