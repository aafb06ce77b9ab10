// Layer and batch normalisation with their gradients; batch norm sums in double.
#include <algorithm>
#include <cmath>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/norm.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

double as_double(float x) { return static_cast<double>(x); }

std::int64_t rows_grain(std::int64_t width) {
  return 1 + (1 << 14) / std::max<std::int64_t>(1, width);
}

// Two sums per column; each thread makes those of its own columns.
class ColumnSums {
 public:
  explicit ColumnSums(std::int64_t width)
      : first(static_cast<std::size_t>(width)), second(static_cast<std::size_t>(width)) {}

  // terms(index into [rows, width], c) -> {first, second}; for columns [begin, end).
  template <typename Terms>
  void add(std::int64_t rows, std::int64_t width, std::int64_t begin, std::int64_t end,
           Terms terms) {
    for (std::int64_t c = begin; c < end; ++c) {
      first[static_cast<std::size_t>(c)] = second[static_cast<std::size_t>(c)] = 0;
    }
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t c = begin; c < end; ++c) {
        const std::pair<double, double> term = terms(row * width + c, c);
        first[static_cast<std::size_t>(c)] += term.first;
        second[static_cast<std::size_t>(c)] += term.second;
      }
    }
  }

  std::vector<double> first, second;
};

}  // namespace

// x[N, C]  gamma[C]  beta[C]  ->  y[N, C]  mean[N]  rstd[N]
KernelPtr make_layer_norm(const BindContext& bind) {
  const simd::LayerNorm norm{.width = bind.x[0].columns(),
                             .epsilon = float_attr(bind.node.attrs, "epsilon"),
                             .x = bind.x[0].f32(),
                             .gamma = bind.x[1].f32(),
                             .beta = bind.x[2].f32(),
                             .y = bind.y[0].f32(),
                             .mean = bind.y[1].f32(),
                             .rstd = bind.y[2].f32()};
  return make_kernel([norm, x = bind.x[0]](RunContext& run) {
    parallel_for(
        run.threads, x.rows(run), rows_grain(norm.width),
        [&](std::int64_t begin, std::int64_t end, int) { simd::layer_norm(norm, begin, end); });
  });
}

// x[N, C]  gamma[C]  mean[N]  rstd[N]  dy[N, C]  ->  dx[N, C]  dgamma[C]  dbeta[C]
KernelPtr make_layer_norm_grad(const BindContext& bind) {
  const simd::LayerNormGrad grad{.width = bind.x[0].columns(),
                                 .x = bind.x[0].f32(),
                                 .gamma = bind.x[1].f32(),
                                 .mean = bind.x[2].f32(),
                                 .rstd = bind.x[3].f32(),
                                 .dy = bind.x[4].f32(),
                                 .dx = bind.y[0].f32()};
  const std::int64_t size = capacity_elements(bind.graph, bind.graph[bind.node.inputs[0]].type);
  const std::int64_t blocks = simd::norm_blocks(size / std::max<std::int64_t>(1, grad.width));
  return make_kernel([grad, x = bind.x[0], dgamma = bind.y[1].f32(), dbeta = bind.y[2].f32(),
                      sums = std::vector<float>(static_cast<std::size_t>(2 * blocks * grad.width))](
                         RunContext& run) mutable {
    simd::LayerNormGrad at = grad;
    at.partial = sums.data();
    const std::int64_t rows = x.rows(run);
    const std::int64_t grain = 1 + rows_grain(grad.width) / simd::kNormBlock;
    parallel_for(run.threads, simd::norm_blocks(rows), grain,
                 [&](std::int64_t begin, std::int64_t end, int) {
                   simd::layer_norm_grad(at, rows, begin, end);
                 });
    simd::layer_norm_sums(at, rows, dgamma, dbeta);
  });
}

// x[N, C]  gamma[C]  beta[C]  running_mean[C]  running_var[C]
//   ->  y[N, C]  mean[C]  rstd[C]  new_running_mean[C]  new_running_var[C]
KernelPtr make_batch_norm(const BindContext& bind) {
  return make_kernel([in = bind.x, out = bind.y, sums = ColumnSums(bind.x[0].columns()),
                      epsilon = float_attr(bind.node.attrs, "epsilon"),
                      rate = float_attr(bind.node.attrs, "momentum")](RunContext& run) mutable {
    const std::int64_t rows = in[0].rows(run), width = in[0].columns();
    const float* x = in[0].f32();
    const double count = static_cast<double>(std::max<std::int64_t>(1, rows));
    const double momentum = rows > 0 ? rate : 0.0;
    const std::int64_t grain = rows * width < (1 << 15) ? width : 32;
    parallel_for(run.threads, width, grain, [&](std::int64_t begin, std::int64_t end, int) {
      sums.add(rows, width, begin, end,
               [&](std::int64_t at, std::int64_t) { return std::pair(as_double(x[at]), 0.0); });
      std::vector<double>& means = sums.first;
      for (std::int64_t c = begin; c < end; ++c) means[static_cast<std::size_t>(c)] /= count;
      std::fill(sums.second.begin() + begin, sums.second.begin() + end, 0.0);
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t c = begin; c < end; ++c) {
          const double d = as_double(x[row * width + c]) - means[static_cast<std::size_t>(c)];
          sums.second[static_cast<std::size_t>(c)] += d * d;
        }
      }
      for (std::int64_t c = begin; c < end; ++c) {
        const double mean = means[static_cast<std::size_t>(c)];
        const double square = sums.second[static_cast<std::size_t>(c)];
        const double unbiased = square / std::max(static_cast<double>(rows) - 1.0, 1.0);
        const auto blend = [&](const Operand& old, double next) {
          return static_cast<float>((1.0 - momentum) * as_double(old.f32()[c]) + momentum * next);
        };
        out[1].f32()[c] = static_cast<float>(mean);
        out[2].f32()[c] = static_cast<float>(1.0 / std::sqrt(square / count + epsilon));
        out[3].f32()[c] = blend(in[3], mean);
        out[4].f32()[c] = blend(in[4], unbiased);
      }
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t c = begin; c < end; ++c) {
          const std::int64_t at = row * width + c;
          out[0].f32()[at] =
              (x[at] - out[1].f32()[c]) * out[2].f32()[c] * in[1].f32()[c] + in[2].f32()[c];
        }
      }
    });
  });
}

// x[N, C]  gamma[C]  mean[C]  rstd[C]  dy[N, C]  ->  dx[N, C]  dgamma[C]  dbeta[C]
KernelPtr make_batch_norm_grad(const BindContext& bind) {
  return make_kernel([x = bind.x[0], gamma = bind.x[1], mean = bind.x[2], rstd = bind.x[3],
                      dy = bind.x[4], dx = bind.y[0], dgamma = bind.y[1], dbeta = bind.y[2],
                      sums = ColumnSums(bind.x[0].columns())](RunContext& run) mutable {
    const std::int64_t rows = x.rows(run), width = x.columns();
    const auto normal = [&](std::int64_t at, std::int64_t c) {
      return (x.f32()[at] - mean.f32()[c]) * rstd.f32()[c];
    };
    const std::int64_t grain = rows * width < (1 << 15) ? width : 32;
    parallel_for(run.threads, width, grain, [&](std::int64_t begin, std::int64_t end, int) {
      sums.add(rows, width, begin, end, [&](std::int64_t at, std::int64_t c) {
        const double d = as_double(dy.f32()[at]);
        return std::pair(d * as_double(normal(at, c)), d);
      });
      for (std::int64_t c = begin; c < end; ++c) {
        dgamma.f32()[c] = static_cast<float>(sums.first[static_cast<std::size_t>(c)]);
        dbeta.f32()[c] = static_cast<float>(sums.second[static_cast<std::size_t>(c)]);
      }
      const float share = 1.0F / static_cast<float>(std::max<std::int64_t>(1, rows));
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t c = begin; c < end; ++c) {
          const std::int64_t at = row * width + c;
          const float rest = dbeta.f32()[c] * share + normal(at, c) * dgamma.f32()[c] * share;
          dx.f32()[at] = gamma.f32()[c] * rstd.f32()[c] * (dy.f32()[at] - rest);
        }
      }
    });
  });
}

// x[N, C]  gamma[C]  beta[C]  mean[C]  var[C]  ->  y[N, C]
KernelPtr make_batch_norm_inference(const BindContext& bind) {
  std::vector<float> rstd(static_cast<std::size_t>(bind.x[0].columns()));
  return make_kernel([x = bind.x[0], gamma = bind.x[1], beta = bind.x[2], mean = bind.x[3],
                      variance = bind.x[4], y = bind.y[0], rstd,
                      epsilon = float_attr(bind.node.attrs, "epsilon")](RunContext& run) mutable {
    const std::int64_t width = x.columns();
    for (std::size_t c = 0; c < rstd.size(); ++c) {
      rstd[c] = static_cast<float>(1.0 / std::sqrt(as_double(variance.f32()[c]) + epsilon));
    }
    parallel_for(run.threads, x.rows(run), rows_grain(width),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (std::int64_t row = begin; row < end; ++row) {
                     for (std::int64_t c = 0; c < width; ++c) {
                       const std::int64_t at = row * width + c;
                       y.f32()[at] = (x.f32()[at] - mean.f32()[c]) *
                                         rstd[static_cast<std::size_t>(c)] * gamma.f32()[c] +
                                     beta.f32()[c];
                     }
                   }
                 });
  });
}

}  // namespace weft
