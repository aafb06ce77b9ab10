// The weights at the ends of the last epochs, and their mean.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>

#include "ir/plan/plan.h"

namespace weft {

// All that a plan's predictions are computed from; not the states of its optimizer. Large weights
// wait in files, as spilled() has it.
class RecentWeights {
 public:
  // At most `max` epochs are kept; their files are in `folder`.
  explicit RecentWeights(std::size_t max = 0, std::string folder = {})
      : max_(max), folder_(std::move(folder)) {}

  void add(const Plan&);  // the oldest goes
  // The bytes of one of epochs(), end to end, of a plan like that; false if they do not fit.
  bool add(std::span<const std::byte> weights, const Plan& like);
  // The plan with the mean of each weight in place of its own. At least one epoch must be there.
  Plan mean_in(Plan) const;

  std::size_t size() const { return epochs_.size(); }
  // The oldest first: plans of nothing but the weights, in the order of the plan's tensors.
  const std::deque<Plan>& epochs() const { return epochs_; }

 private:
  void keep(const Plan& weights);

  std::size_t max_;
  std::string folder_;
  std::deque<Plan> epochs_;
};

}  // namespace weft
