// The time of a search: how much is left, and how long a training takes, by those that have ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace weft {

// Seconds count from the construction.
class SearchTime {
 public:
  // `limit`: seconds of the search and of the final training on all of the data.
  explicit SearchTime(double limit) : limit_(limit) {}

  double seconds() const;
  // To be told of each training: of which trial, for how many epochs, on one split of the data.
  void took(std::int64_t trial, std::int64_t epochs, double seconds);
  // The expected seconds of so many epochs of a trial; none if it has not been trained yet.
  std::optional<double> expected(std::int64_t trial, std::int64_t epochs) const;
  // When the search must be over, so that `best` can still be trained for so many epochs on all of
  // the data. At most half of the time is kept for that.
  double end(std::int64_t best, std::int64_t epochs) const;
  double end() const;  // where nothing is known of the best

 private:
  using Clock = std::chrono::steady_clock;
  struct Training {
    std::int64_t epochs;
    double seconds;
  };

  double limit_;
  std::map<std::int64_t, Training> longest_;  // by trial
  Clock::time_point start_ = Clock::now();
};

}  // namespace weft
