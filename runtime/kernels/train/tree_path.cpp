// The loss of hierarchical softmax along the paths of a batch: what a step costs does not depend on
// the number of labels. Texts are added up in their order, in double.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/core.h>

#include "ir/ops/nn/label_tree.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/kernels/simd/taps.h"
#include "runtime/kernels/simd/tree_softmax.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// labels[B]  tree[2L-2]  ->  nodes[P]  offsets[B+1]  codes[P], and with them the extent of P.
// Labels and tree come from outside: each step of a walk is checked.
class TreePath final : public Kernel {
 public:
  explicit TreePath(const BindContext& bind)
      : labels_(bind.x[0]),
        tree_(bind.x[1]),
        nodes_(bind.y[0]),
        offsets_(bind.y[1]),
        codes_(bind.y[2]),
        shape_(LabelTree::of_size(tree_.columns())),
        depth_(bind.integer("depth")),
        symbol_(bind.row_symbol(0)) {}

  void run(RunContext& run) override {
    const std::int64_t texts = labels_.size(run);
    std::int64_t end = 0;
    offsets_.i32()[0] = 0;
    for (std::int64_t b = 0; b < texts; ++b) {
      end = walk(labels_.i32()[b], end);
      offsets_.i32()[b + 1] = static_cast<std::int32_t>(end);
    }
    run.extents[symbol_] = end;
  }

 private:
  // Writes the path of a label from place `at` on; returns where it ends.
  std::int64_t walk(std::int32_t label, std::int64_t at) {
    if (label < 0 || label >= shape_.labels) {
      throw Error(
          fmt::format("tree_path: label {} is not one of the {} labels", label, shape_.labels));
    }
    const std::int64_t last = at + depth_;
    std::int64_t entry = label;
    for (std::int64_t node = -1; node != shape_.root(); entry = shape_.labels + node) {
      const std::int32_t slot = tree_.i32()[entry];
      if (at == last || !shape_.is_slot(entry, slot)) {
        throw Error(fmt::format("tree_path: there is no path of at most {} nodes from label {}",
                                depth_, label),
                    "the plan is damaged: train it anew");
      }
      node = slot / 2;
      nodes_.i32()[at] = static_cast<std::int32_t>(node);
      codes_.i32()[at++] = slot % 2;
    }
    return at;
  }

  Operand labels_, tree_, nodes_, offsets_, codes_;
  LabelTree shape_;
  std::int64_t depth_;
  std::size_t symbol_;
};

// x[B, C]  rows[P, C]  codes[P]  offsets[B+1]
struct Paths {
  Operand x, rows, codes, offsets;
  std::vector<float> scores;  // P

  explicit Paths(const BindContext& bind)
      : x(bind.x[0]),
        rows(bind.x[1]),
        codes(bind.x[2]),
        offsets(bind.x[3]),
        scores(static_cast<std::size_t>(
            capacity_elements(bind.graph, bind.graph[bind.node.inputs[2]].type))) {}

  std::int64_t begin(std::int64_t b) const { return offsets.i32()[b]; }
  std::int64_t end(std::int64_t b) const { return offsets.i32()[b + 1]; }
  void score(std::int64_t b) {
    const std::int64_t width = x.columns();
    simd::dot_each(x.f32() + b * width, rows.f32() + begin(b) * width, end(b) - begin(b), width,
                   scores.data() + begin(b));
  }
  double score_of(std::int64_t p) const {
    return static_cast<double>(scores[static_cast<std::size_t>(p)]);
  }
  double code_of(std::int64_t p) const { return static_cast<double>(codes.i32()[p]); }
};

constexpr std::int64_t kGrain = 16;  // texts worth a thread of their own

class PathCrossEntropy final : public Kernel {
 public:
  explicit PathCrossEntropy(const BindContext& bind)
      : paths_(bind),
        loss_(bind.y[0]),
        losses_(static_cast<std::size_t>(capacity_elements(
            bind.graph, {DType::f32, {bind.graph[bind.node.inputs[0]].type.shape[0]}, {}}))) {}

  void run(RunContext& run) override {
    const std::int64_t texts = paths_.x.rows(run);
    parallel_for(run.threads, texts, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = begin; b < end; ++b) losses_[static_cast<std::size_t>(b)] = loss_of(b);
    });
    double sum = 0;
    for (std::int64_t b = 0; b < texts; ++b) sum += losses_[static_cast<std::size_t>(b)];
    *loss_.f32() = texts > 0 ? static_cast<float>(sum / static_cast<double>(texts)) : 0.0F;
  }

 private:
  double loss_of(std::int64_t b) {
    paths_.score(b);
    double loss = 0;
    for (std::int64_t p = paths_.begin(b); p < paths_.end(b); ++p) {
      const double score = paths_.score_of(p);
      loss +=
          std::max(score, 0.0) + std::log1p(std::exp(-std::abs(score))) - paths_.code_of(p) * score;
    }
    return loss;
  }

  Paths paths_;
  Operand loss_;
  std::vector<double> losses_;  // of each text
};

// dloss[]  ->  dx[B, C]  drows[P, C]
class PathCrossEntropyGrad final : public Kernel {
 public:
  explicit PathCrossEntropyGrad(const BindContext& bind)
      : paths_(bind),
        dloss_(bind.x[4]),
        dx_(bind.y[0]),
        drows_(bind.y[1]),
        errors_(paths_.scores.size()) {}

  void run(RunContext& run) override {
    const std::int64_t texts = paths_.x.rows(run);
    const double factor = static_cast<double>(*dloss_.f32()) / static_cast<double>(texts);
    parallel_for(run.threads, texts, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = begin; b < end; ++b) differentiate(b, factor);
    });
  }

 private:
  void differentiate(std::int64_t b, double factor) {
    paths_.score(b);
    const std::int64_t width = dx_.columns(), begin = paths_.begin(b), end = paths_.end(b);
    for (std::int64_t p = begin; p < end; ++p) {
      const double sigmoid = 1.0 / (1.0 + std::exp(-paths_.score_of(p)));
      const auto error = static_cast<float>(factor * (sigmoid - paths_.code_of(p)));
      errors_[static_cast<std::size_t>(p)] = {static_cast<std::int32_t>(p), error};
      simd::scale(error, paths_.x.f32() + b * width, drows_.f32() + p * width, width);
    }
    const std::array<std::int64_t, 2> starts{begin, end};
    simd::sum_scaled_rows({errors_, starts}, width, paths_.rows.f32(), width, dx_.f32() + b * width,
                          width);
  }

  Paths paths_;
  Operand dloss_, dx_, drows_;
  std::vector<simd::ScaledRow> errors_;  // P
};

}  // namespace

KernelPtr make_tree_path(const BindContext& bind) { return std::make_unique<TreePath>(bind); }
KernelPtr make_path_cross_entropy(const BindContext& bind) {
  return std::make_unique<PathCrossEntropy>(bind);
}
KernelPtr make_path_cross_entropy_grad(const BindContext& bind) {
  return std::make_unique<PathCrossEntropyGrad>(bind);
}

}  // namespace weft
