// Every epoch of a trial takes about the same time: a few epochs tell how long more will take.
#include "frontend/search/search_time.h"

#include <algorithm>
#include <cmath>

namespace weft {
namespace {

constexpr double kFinalShare = 0.2;  // of the time, for the final training, until it is known
constexpr double kMaxFinalShare = 0.5;
constexpr double kLonger = 1.5;  // the final training, on all texts, than on those not held out

}  // namespace

double SearchTime::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void SearchTime::took(std::int64_t trial, std::int64_t epochs, double seconds) {
  Training& longest = longest_.try_emplace(trial, Training{0, 0}).first->second;
  if (epochs >= longest.epochs) longest = {epochs, seconds};
}

std::optional<double> SearchTime::expected(std::int64_t trial, std::int64_t epochs) const {
  const auto at = longest_.find(trial);
  if (at == longest_.end() || at->second.epochs == 0) return std::nullopt;
  return at->second.seconds * static_cast<double>(epochs) / static_cast<double>(at->second.epochs);
}

double SearchTime::end(std::int64_t best, std::int64_t epochs) const {
  const std::optional<double> once = expected(best, epochs);
  if (!once || std::isinf(limit_)) return end();
  return limit_ - std::min(kMaxFinalShare * limit_, kLonger * *once);
}

double SearchTime::end() const { return std::isinf(limit_) ? limit_ : (1 - kFinalShare) * limit_; }

}  // namespace weft
