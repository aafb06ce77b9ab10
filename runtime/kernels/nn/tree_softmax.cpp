// Hierarchical softmax of whole rows: all decisions by vectors, then one pass down the tree. The
// logarithms are those of the products; only where a product is too small for a float, the sums of
// the decisions' logarithms.
#include <algorithm>
#include <functional>
#include <limits>

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
        terms_(static_cast<std::size_t>(bind.threads * shape_.slots())) {}

  void run(RunContext& run) override {
    if (checked_.stale(tree_, run)) check();
    const std::int64_t grain = std::max<std::int64_t>(1, 16384 / shape_.labels);
    parallel_for(run.threads, y_.rows(run), grain,
                 [&](std::int64_t begin, std::int64_t end, int part) {
                   float* terms = terms_.data() + part * shape_.slots();
                   for (std::int64_t b = begin; b < end; ++b) make_row(b, terms);
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

  // `terms`: by slot; the decisions, then the ways from the root.
  void make_row(std::int64_t b, float* terms) const {
    const std::int64_t labels = shape_.labels;
    const float* const scores = scores_.f32() + b * (labels - 1);
    float* const y = y_ ? y_.f32() + b * labels : nullptr;
    float* const p = p_ ? p_.f32() + b * labels : y;
    simd::decisions(scores, terms, labels - 1, epsilon_);
    descend(terms, p, std::multiplies());
    if (y == nullptr) return;
    if (simd::smallest(p, labels) >= std::numeric_limits<float>::min()) {
      return simd::log_each(p, y, labels);
    }
    simd::log_decisions(scores, terms, labels - 1, epsilon_);
    descend(terms, y, std::plus());
  }

  // Joins the decisions on the way to each label, from the root down.
  template <class Join>
  void descend(float* terms, float* of_labels, Join join) const {
    const std::int64_t labels = shape_.labels;
    const std::int32_t* const tree = tree_.i32();
    for (std::int64_t k = shape_.root() - 1; k >= 0; --k) {
      const float above = terms[tree[labels + k]];
      terms[2 * k] = join(terms[2 * k], above);
      terms[2 * k + 1] = join(terms[2 * k + 1], above);
    }
    for (std::int64_t j = 0; j < labels; ++j) of_labels[j] = terms[tree[j]];
  }

  Operand scores_, tree_, y_, p_;
  LabelTree shape_;
  float epsilon_;
  std::vector<float> terms_;  // of each thread
  Freshness checked_;
};

}  // namespace

KernelPtr make_tree_softmax(const BindContext& bind) { return std::make_unique<TreeSoftmax>(bind); }

}  // namespace weft
