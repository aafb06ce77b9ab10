// The weights at the ends of the last epochs, and their mean.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "ir/plan/plan.h"

namespace weft {

// All that a plan's predictions are computed from; not the states of its optimizer.
class RecentWeights {
 public:
  explicit RecentWeights(std::size_t max = 0) : max_(max) {}  // epochs kept

  void add(const Plan&);                           // the oldest goes
  bool add(std::vector<float>, const Plan& like);  // as epochs() had it; false if it does not fit
  // The plan with the mean of each weight in place of its own. At least one epoch must be there.
  Plan mean_in(Plan) const;

  std::size_t size() const { return epochs_.size(); }
  const std::deque<std::vector<float>>& epochs() const { return epochs_; }  // the oldest first

 private:
  void keep(std::vector<float>);

  std::size_t max_;
  std::deque<std::vector<float>> epochs_;  // the weights end to end, in the plan's order
};

}  // namespace weft
