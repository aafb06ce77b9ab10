// Pooling over whole sequences and over windows, and where its gradients go.
#include <algorithm>

#include "ir/ops/nn/sequence.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/nn/sequences.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/kernels/taps/taps.h"

namespace weft {
namespace {

// The windows over one sequence: visit(window's row of T', first row of T, end).
template <typename Visit>
void for_each_window(const Window& window, std::int64_t from, std::int64_t from_end,
                     std::int64_t to, std::int64_t to_end, Visit visit) {
  for (std::int64_t j = 0; j < to_end - to; ++j) {
    const std::int64_t start = from + j * window.stride - window.left();
    visit(to + j, std::max(start, from), std::min(start + window.size, from_end));
  }
}

// dx[T, C] = 0, then dy at `argmax`, for rows [to, to_end) of dy that pooled rows [from, from_end).
void scatter_maxima(const float* dy, const std::int32_t* argmax, std::int64_t to,
                    std::int64_t to_end, std::int64_t from, std::int64_t from_end,
                    std::int64_t width, float* dx) {
  std::fill(dx + from * width, dx + from_end * width, 0.0F);
  for (std::int64_t row = to; row < to_end; ++row) {
    for (std::int64_t c = 0; c < width; ++c) {
      const std::int32_t t = argmax[row * width + c];
      if (t >= from && t < from_end) dx[t * width + c] += dy[row * width + c];
    }
  }
}

}  // namespace

// x[T, C]  offsets[B+1]  bias[C]  ->  y[B, C]  argmax[B, C]
KernelPtr make_max_pool(const BindContext& bind) {
  return make_kernel([x = bind.x[0], offsets = bind.x[1], bias = bind.x[2], y = bind.y[0],
                      argmax = bind.y[1], act = bind.activation()](RunContext& run) {
    const std::int64_t width = x.columns();
    for_each_sequence(run, offsets, width,
                      [&](std::int64_t b, std::int64_t first, std::int64_t end) {
                        float* to = y.f32() + b * y.row_stride();
                        std::int32_t* at = argmax ? argmax.i32() + b * width : nullptr;
                        if (first == end) {
                          std::fill_n(to, width, 0.0F);
                          if (at != nullptr) std::fill_n(at, width, -1);
                          return;
                        }
                        simd::max_rows(x.f32() + first * width, end - first, width, width,
                                       static_cast<std::int32_t>(first), to, at);
                        if (bias) simd::map(simd::Binary::add, to, bias.f32(), to, width);
                        if (act != Activation::none) simd::activate(act, to, to, width);
                      });
  });
}

// x[B, C]  offsets[B+1]  ->  y[B, C]
KernelPtr make_mask_empty_sequences(const BindContext& bind) {
  return make_kernel([x = bind.x[0], offsets = bind.x[1], y = bind.y[0]](RunContext& run) {
    const std::int64_t width = x.columns();
    for (std::int64_t b = 0; b < x.rows(run); ++b) {
      float* to = y.f32() + b * width;
      const bool empty = offsets.i32()[b] == offsets.i32()[b + 1];
      if (empty) std::fill_n(to, width, 0.0F);
      if (!empty && to != x.f32() + b * width) std::copy_n(x.f32() + b * width, width, to);
    }
  });
}

// dy[B, C]  argmax[B, C]  offsets[B+1]  ->  dx[T, C]
KernelPtr make_max_pool_grad(const BindContext& bind) {
  return make_kernel(
      [dy = bind.x[0], argmax = bind.x[1], offsets = bind.x[2], dx = bind.y[0]](RunContext& run) {
        const std::int64_t width = dy.columns();
        for_each_sequence(
            run, offsets, width, [&](std::int64_t b, std::int64_t first, std::int64_t end) {
              scatter_maxima(dy.f32(), argmax.i32(), b, b + 1, first, end, width, dx.f32());
            });
      });
}

// x[T, C]  offsets[B+1]  ->  y[B, C]
KernelPtr make_mean_pool(const BindContext& bind) {
  return make_kernel([x = bind.x[0], offsets = bind.x[1], y = bind.y[0]](RunContext& run) {
    const std::int64_t width = x.columns();
    for_each_sequence(
        run, offsets, width, [&](std::int64_t b, std::int64_t first, std::int64_t end) {
          const auto length = static_cast<float>(std::max<std::int64_t>(1, end - first));
          simd::sum_rows(x.f32() + first * width, end - first, width, width, 1.0F / length,
                         y.f32() + b * y.row_stride());
        });
  });
}

// dy[B, C]  offsets[B+1]  ->  dx[T, C]
KernelPtr make_mean_pool_grad(const BindContext& bind) {
  return make_kernel([dy = bind.x[0], offsets = bind.x[1], dx = bind.y[0]](RunContext& run) {
    const std::int64_t width = dy.columns();
    for_each_sequence(
        run, offsets, width, [&](std::int64_t b, std::int64_t first, std::int64_t end) {
          const float factor = 1.0F / static_cast<float>(std::max<std::int64_t>(1, end - first));
          for (std::int64_t t = first; t < end; ++t) {
            simd::scale(factor, dy.f32() + b * width, dx.f32() + t * width, width);
          }
        });
  });
}

// x[T, C]  from[B+1]  to[B+1]  ->  y[T', C]  argmax[T', C]
KernelPtr make_local_max_pool(const BindContext& bind) {
  return make_kernel([x = bind.x[0], from = bind.x[1], to = bind.x[2], y = bind.y[0],
                      argmax = bind.y[1],
                      window = window_of(bind.node.attrs, bind.integer("size"))](RunContext& run) {
    const std::int64_t width = x.columns();
    for_each_sequence(run, from, width, [&](std::int64_t b, std::int64_t first, std::int64_t end) {
      for_each_window(window, first, end, to.i32()[b], to.i32()[b + 1],
                      [&](std::int64_t row, std::int64_t begin, std::int64_t stop) {
                        simd::max_rows(x.f32() + begin * width, stop - begin, width, width,
                                       static_cast<std::int32_t>(begin), y.f32() + row * width,
                                       argmax ? argmax.i32() + row * width : nullptr);
                      });
    });
  });
}

// dy[T', C]  argmax[T', C]  from[B+1]  to[B+1]  ->  dx[T, C]
KernelPtr make_local_max_pool_grad(const BindContext& bind) {
  return make_kernel([dy = bind.x[0], argmax = bind.x[1], from = bind.x[2], to = bind.x[3],
                      dx = bind.y[0]](RunContext& run) {
    const std::int64_t width = dy.columns();
    for_each_sequence(run, from, width, [&](std::int64_t b, std::int64_t first, std::int64_t end) {
      scatter_maxima(dy.f32(), argmax.i32(), to.i32()[b], to.i32()[b + 1], first, end, width,
                     dx.f32());
    });
  });
}

// x[T, C]  from[B+1]  to[B+1]  ->  y[T', C]
KernelPtr make_local_mean_pool(const BindContext& bind) {
  return make_kernel([x = bind.x[0], from = bind.x[1], to = bind.x[2], y = bind.y[0],
                      window = window_of(bind.node.attrs, bind.integer("size"))](RunContext& run) {
    const std::int64_t width = x.columns();
    for_each_sequence(run, from, width, [&](std::int64_t b, std::int64_t first, std::int64_t end) {
      for_each_window(window, first, end, to.i32()[b], to.i32()[b + 1],
                      [&](std::int64_t row, std::int64_t begin, std::int64_t stop) {
                        simd::sum_rows(x.f32() + begin * width, stop - begin, width, width,
                                       1.0F / static_cast<float>(stop - begin),
                                       y.f32() + row * width);
                      });
    });
  });
}

// dy[T', C]  from[B+1]  to[B+1]  ->  dx[T, C]
KernelPtr make_local_mean_pool_grad(const BindContext& bind) {
  return make_kernel([dy = bind.x[0], from = bind.x[1], to = bind.x[2], dx = bind.y[0],
                      window = window_of(bind.node.attrs, bind.integer("size"))](RunContext& run) {
    const std::int64_t width = dy.columns();
    for_each_sequence(run, from, width, [&](std::int64_t b, std::int64_t first, std::int64_t end) {
      std::fill(dx.f32() + first * width, dx.f32() + end * width, 0.0F);
      for_each_window(window, first, end, to.i32()[b], to.i32()[b + 1],
                      [&](std::int64_t row, std::int64_t begin, std::int64_t stop) {
                        const float factor = 1.0F / static_cast<float>(stop - begin);
                        for (std::int64_t t = begin; t < stop; ++t) {
                          for (std::int64_t c = 0; c < width; ++c) {
                            dx.f32()[t * width + c] += factor * dy.f32()[row * width + c];
                          }
                        }
                      });
    });
  });
}

// from[B+1 -> T]  ->  to[B+1 -> T'], and with it the extent of T'
KernelPtr make_window_offsets(const BindContext& bind) {
  return make_kernel([from = bind.x[0], to = bind.y[0], symbol = bind.row_symbol(0),
                      window = window_of(bind.node.attrs, bind.integer("size"))](RunContext& run) {
    const std::int64_t entries = from.extent(0, run);
    std::int64_t rows = 0;
    for (std::int64_t b = 0; b < entries; ++b) {
      if (b > 0) rows += window.count(from.i32()[b] - from.i32()[b - 1]);
      to.i32()[b] = static_cast<std::int32_t>(rows);
    }
    run.extents[symbol] = rows;
  });
}

}  // namespace weft
