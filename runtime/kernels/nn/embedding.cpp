// Row lookup and the sum that is its gradient.
#include <algorithm>
#include <cstring>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {

// ids[T]  table[V, D]  ->  y[T, D]
KernelPtr make_embedding(const BindContext& bind) {
  return make_kernel([ids = bind.x[0], table = bind.x[1], y = bind.y[0]](RunContext& run) {
    const std::int64_t count = ids.size(run), width = y.columns();
    check_ids("embedding", {ids.i32(), static_cast<std::size_t>(count)}, table.rows(run));
    const std::size_t row_bytes = static_cast<std::size_t>(width) * sizeof(float);
    parallel_for(
        run.threads, count, std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, width)),
        [&](std::int64_t begin, std::int64_t end, int) {
          constexpr std::int64_t ahead = 4;  // rows fetched before they are needed
          for (std::int64_t t = begin; t < end; ++t) {
            if (t + ahead < end) {
              const float* next = table.f32() + ids.i32()[t + ahead] * width;
              for (std::int64_t c = 0; c < width; c += 16) __builtin_prefetch(next + c);
            }
            std::memcpy(y.f32() + t * width, table.f32() + ids.i32()[t] * width, row_bytes);
          }
        });
  });
}

// ids[T]  dy[T, D]  ->  dtable[V, D]. Threads share out the columns: every sum has one order.
KernelPtr make_embedding_grad(const BindContext& bind) {
  return make_kernel([ids = bind.x[0], dy = bind.x[1], table = bind.y[0]](RunContext& run) {
    const std::int64_t count = ids.size(run), width = table.columns();
    check_ids("embedding", {ids.i32(), static_cast<std::size_t>(count)}, table.rows(run));
    parallel_for(run.threads, table.size(run), 1 << 16,
                 [&](std::int64_t begin, std::int64_t end, int) {
                   std::fill(table.f32() + begin, table.f32() + end, 0.0F);
                 });
    const std::int64_t grain = count * width < (1 << 16) ? width : 32;
    parallel_for(run.threads, width, grain, [&](std::int64_t begin, std::int64_t end, int) {
      simd::scatter_add_rows(ids.i32(), count, dy.f32(), width, begin, end, table.f32());
    });
  });
}

}  // namespace weft
