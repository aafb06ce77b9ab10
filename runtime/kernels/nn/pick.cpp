// Rows of packed sequences: where each stands, and the first or last of each.
#include <algorithm>
#include <cstring>

#include "runtime/kernels/kernels.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

bool picks_last(const BindContext& bind) { return bind.string("which") == "last"; }

// The row that is picked of sequence b; -1: it is empty.
std::int64_t picked(const std::int32_t* offsets, std::int64_t b, bool last) {
  if (offsets[b] == offsets[b + 1]) return -1;
  return last ? offsets[b + 1] - 1 : offsets[b];
}

}  // namespace

// offsets[B+1]  ->  y[T]
KernelPtr make_positions(const BindContext& bind) {
  return make_kernel(
      [offsets = bind.x[0], y = bind.y[0], first = bind.integer("first")](RunContext& run) {
        const std::int64_t sequences = offsets.size(run) - 1;
        for (std::int64_t b = 0; b < sequences; ++b) {
          const std::int32_t begin = offsets.i32()[b], end = offsets.i32()[b + 1];
          for (std::int32_t t = begin; t < end; ++t) {
            y.i32()[t] = t - begin + static_cast<std::int32_t>(first);
          }
        }
      });
}

// x[T, C]  offsets[B+1]  ->  y[B, C]
KernelPtr make_pick_row(const BindContext& bind) {
  return make_kernel([x = bind.x[0], offsets = bind.x[1], y = bind.y[0],
                      last = picks_last(bind)](RunContext& run) {
    const std::int64_t width = x.columns();
    for (std::int64_t b = 0; b < y.rows(run); ++b) {
      const std::int64_t t = picked(offsets.i32(), b, last);
      float* row = y.f32() + b * width;
      if (t < 0) {
        std::fill_n(row, width, 0.0F);
      } else {
        std::copy_n(x.f32() + t * width, width, row);
      }
    }
  });
}

// dy[B, C]  offsets[B+1]  ->  dx[T, C]
KernelPtr make_pick_row_grad(const BindContext& bind) {
  return make_kernel([dy = bind.x[0], offsets = bind.x[1], dx = bind.y[0],
                      last = picks_last(bind)](RunContext& run) {
    const std::int64_t width = dx.columns();
    parallel_for(run.threads, dx.size(run), 1 << 16,
                 [&](std::int64_t begin, std::int64_t end, int) {
                   std::fill(dx.f32() + begin, dx.f32() + end, 0.0F);
                 });
    for (std::int64_t b = 0; b < dy.rows(run); ++b) {
      const std::int64_t t = picked(offsets.i32(), b, last);
      if (t >= 0) std::copy_n(dy.f32() + b * width, width, dx.f32() + t * width);
    }
  });
}

}  // namespace weft
