// Losses and their gradients; sums in double, in the order of the examples.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"

namespace weft {
namespace {

// The targets of cross_entropy: `on(label)` at the label, plus off[c] at every class.
struct Targets {
  std::vector<double> weights;  // per class
  std::vector<double> off;
  double off_sum = 0;
  double smoothing = 0;

  Targets(const BindContext& bind, std::int64_t classes)
      : weights(floats_attr(bind.node.attrs, "class_weights")),
        smoothing(float_attr(bind.node.attrs, "label_smoothing")) {
    weights.resize(static_cast<std::size_t>(classes), 1.0);
    if (smoothing == 0) return;
    for (const double weight : weights) {
      off.push_back(smoothing * weight / static_cast<double>(classes));
      off_sum += off.back();
    }
  }

  double weight(std::int32_t label) const { return weights[static_cast<std::size_t>(label)]; }
  double on(std::int32_t label) const { return (1.0 - smoothing) * weight(label); }

  // The examples' weights added up. Error if a label is none of the classes.
  double total(const std::int32_t* labels, std::int64_t count) const {
    double sum = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      if (labels[i] < 0 || static_cast<std::size_t>(labels[i]) >= weights.size()) {
        throw Error(fmt::format("cross_entropy: label {} is not one of the {} classes", labels[i],
                                weights.size()));
      }
      sum += weight(labels[i]);
    }
    return sum;
  }
};

double as_double(float x) { return static_cast<double>(x); }

// Calls visit(i, logit, weight of "yes", weight of "no") for every element.
struct BinaryTargets {
  std::vector<double> weights;
  double smoothing;

  explicit BinaryTargets(const BindContext& bind)
      : weights(floats_attr(bind.node.attrs, "class_weights")),
        smoothing(float_attr(bind.node.attrs, "label_smoothing")) {}

  template <typename Visit>
  void visit(const float* logits, const float* targets, std::int64_t n, Visit f) const {
    for (std::int64_t i = 0; i < n; ++i) {
      const double yes = as_double(targets[i]) * (1.0 - smoothing) + 0.5 * smoothing;
      const double weight =
          weights.empty() ? 1.0 : weights[static_cast<std::size_t>(i) % weights.size()];
      f(i, as_double(logits[i]), weight * yes, 1.0 - yes);
    }
  }
};

}  // namespace

// logits[B, C]  labels[B]  ->  loss[]  p[B, C]
KernelPtr make_cross_entropy(const BindContext& bind) {
  const std::int64_t classes = bind.x[0].columns();
  const std::int64_t capacity = capacity_elements(bind.graph, bind.graph[bind.node.inputs[1]].type);
  std::vector<float> norms(static_cast<std::size_t>(capacity));
  return make_kernel([logits = bind.x[0], labels = bind.x[1], loss = bind.y[0], p = bind.y[1],
                      targets = Targets(bind, classes), norms](RunContext& run) mutable {
    const std::int64_t examples = logits.rows(run), width = logits.columns();
    const double total = targets.total(labels.i32(), examples);
    // loss = sum of target * (norm - logit); p may take the place of the logits.
    double sum = 0;
    for (std::int64_t b = 0; b < examples; ++b) {
      const float* row = logits.f32() + b * width;
      const std::int32_t label = labels.i32()[b];
      sum -= targets.on(label) * as_double(row[label]);
      for (std::size_t c = 0; c < targets.off.size(); ++c)
        sum -= targets.off[c] * as_double(row[c]);
    }
    simd::softmax(logits.f32(), p.f32(), norms.data(), examples, width, false);
    for (std::int64_t b = 0; b < examples; ++b) {
      const double weight = targets.on(labels.i32()[b]) + targets.off_sum;
      sum += weight * as_double(norms[static_cast<std::size_t>(b)]);
    }
    *loss.f32() = total > 0 ? static_cast<float>(sum / total) : 0.0F;
  });
}

// p[B, C]  labels[B]  dloss[]  ->  dlogits[B, C]
KernelPtr make_cross_entropy_grad(const BindContext& bind) {
  const std::int64_t classes = bind.x[0].columns();
  return make_kernel([p = bind.x[0], labels = bind.x[1], dloss = bind.x[2], dx = bind.y[0],
                      targets = Targets(bind, classes)](RunContext& run) {
    const std::int64_t examples = p.rows(run), width = p.columns();
    const double total = targets.total(labels.i32(), examples);
    const double factor = total > 0 ? as_double(*dloss.f32()) / total : 0.0;
    for (std::int64_t b = 0; b < examples; ++b) {
      const std::int32_t label = labels.i32()[b];
      const auto spread = static_cast<float>(factor * (targets.on(label) + targets.off_sum));
      float* row = dx.f32() + b * width;
      simd::scale(spread, p.f32() + b * width, row, width);
      for (std::size_t c = 0; c < targets.off.size(); ++c) {
        row[c] -= static_cast<float>(factor * targets.off[c]);
      }
      row[label] -= static_cast<float>(factor * targets.on(label));
    }
  });
}

// logits[B, C]  targets[B, C]  ->  loss[]
KernelPtr make_binary_cross_entropy(const BindContext& bind) {
  return make_kernel([logits = bind.x[0], targets = bind.x[1], loss = bind.y[0],
                      binary = BinaryTargets(bind)](RunContext& run) {
    const std::int64_t n = logits.size(run);
    double sum = 0;
    binary.visit(logits.f32(), targets.f32(), n,
                 [&](std::int64_t, double x, double yes, double no) {
                   const double tail = std::log1p(std::exp(-std::abs(x)));
                   sum += yes * (std::max(-x, 0.0) + tail) + no * (std::max(x, 0.0) + tail);
                 });
    *loss.f32() = n > 0 ? static_cast<float>(sum / static_cast<double>(n)) : 0.0F;
  });
}

// logits[B, C]  targets[B, C]  dloss[]  ->  dlogits[B, C]
KernelPtr make_binary_cross_entropy_grad(const BindContext& bind) {
  return make_kernel([logits = bind.x[0], targets = bind.x[1], dloss = bind.x[2], dx = bind.y[0],
                      binary = BinaryTargets(bind)](RunContext& run) {
    const std::int64_t n = logits.size(run);
    const double factor = n > 0 ? as_double(*dloss.f32()) / static_cast<double>(n) : 0.0;
    binary.visit(logits.f32(), targets.f32(), n,
                 [&](std::int64_t i, double x, double yes, double no) {
                   const double p = 1.0 / (1.0 + std::exp(-x));
                   dx.f32()[i] = static_cast<float>(factor * (no * p - yes * (1.0 - p)));
                 });
  });
}

}  // namespace weft
