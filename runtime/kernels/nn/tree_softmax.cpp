// Hierarchical softmax of whole rows: all decisions by vectors, then one pass down the tree.
#include <algorithm>

#include <fmt/core.h>

#include "ir/ops/nn/label_tree.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/tree_softmax.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// scores[B, L-1]  tree[2L-2]  ->  y[B, L]  p[B, L]
class TreeSoftmax final : public Kernel {
 public:
  explicit TreeSoftmax(const BindContext& bind)
      : scores_(bind.x[0]),
        tree_(bind.x[1]),
        y_(bind.y[0]),
        p_(bind.y[1]),
        shape_(LabelTree::of_size(tree_.columns())),
        epsilon_(bind.number("epsilon")),
        sums_(static_cast<std::size_t>(bind.threads * shape_.slots())) {}

  void run(RunContext& run) override {
    if (checked_.stale(tree_, run)) check();
    const std::int64_t grain = std::max<std::int64_t>(1, 16384 / shape_.labels);
    parallel_for(run.threads, y_.rows(run), grain,
                 [&](std::int64_t begin, std::int64_t end, int part) {
                   float* sums = sums_.data() + part * shape_.slots();
                   for (std::int64_t b = begin; b < end; ++b) make_row(b, sums);
                 });
  }

 private:
  // The tree comes from outside: a slot that is none must not become an address.
  void check() const {
    for (std::int64_t i = 0; i < shape_.slots(); ++i) {
      const std::int32_t slot = tree_.i32()[i];
      if (shape_.is_slot(i, slot)) continue;
      throw Error(fmt::format("tree_softmax: tree[{}] is {}, but must be at least {} and below {}",
                              i, slot, shape_.first_slot(i), shape_.slots()),
                  "the plan is damaged: train it anew");
    }
  }

  // `sums`: by slot, the logarithm of the probability of the way that leads there.
  void make_row(std::int64_t b, float* sums) const {
    const std::int64_t labels = shape_.labels;
    const std::int32_t* const tree = tree_.i32();
    simd::log_decisions(scores_.f32() + b * (labels - 1), sums, labels - 1, epsilon_);
    for (std::int64_t k = shape_.root() - 1; k >= 0; --k) {
      const float above = sums[tree[labels + k]];
      sums[2 * k] += above;
      sums[2 * k + 1] += above;
    }
    float* const y = y_.f32() + b * labels;
    for (std::int64_t j = 0; j < labels; ++j) y[j] = sums[tree[j]];
    if (p_) simd::exp_each(y, p_.f32() + b * labels, labels);
  }

  Operand scores_, tree_, y_, p_;
  LabelTree shape_;
  float epsilon_;
  std::vector<float> sums_;  // of each thread
  Freshness checked_;
};

}  // namespace

KernelPtr make_tree_softmax(const BindContext& bind) { return std::make_unique<TreeSoftmax>(bind); }

}  // namespace weft
