// Shows a search's progress on standard error, and writes the result of each trial to a file.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "frontend/search/trials_file.h"
#include "frontend/search/tune.h"

namespace weft {

// On a terminal one line that changes; else a line for each result. Results that the file did not
// have are added to it.
class TuneProgress : public TuneObserver {
 public:
  // `score`: what the scores are. The file and the settings must outlive this.
  TuneProgress(TrialsFile& file, const TuneSettings& settings, std::string_view score, bool quiet);
  ~TuneProgress() override;
  TuneProgress(const TuneProgress&) = delete;
  TuneProgress& operator=(const TuneProgress&) = delete;

  void ended(const TuneResult& result) override;

 private:
  using Clock = std::chrono::steady_clock;

  double share() const;

  TrialsFile& file_;
  const TuneSettings& settings_;
  std::string_view score_;
  bool quiet_, live_;
  std::set<std::pair<std::int64_t, std::int64_t>> known_;
  std::int64_t ended_ = 0;
  double best_ = -1e300;
  Clock::time_point start_ = Clock::now();
};

}  // namespace weft
