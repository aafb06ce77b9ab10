// Row lookup and the sum that is its gradient.
#include <algorithm>
#include <cstring>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// ids[T]  table[V, D]  ->  y[T, D]
class Embedding final : public Kernel {
 public:
  explicit Embedding(const BindContext& bind) : ids_(bind.x[0]), table_(bind.x[1]), y_(bind.y[0]) {}

  bool asks_for_rows() const override { return true; }

  void run(RunContext& run) override {
    const std::int64_t count = ids_.size(run), width = y_.columns();
    const std::span ids(ids_.i32(), static_cast<std::size_t>(count));
    check_ids("embedding", ids, table_.rows(run));
    require_rows(table_, ids, run.threads);
    const std::size_t row_bytes = static_cast<std::size_t>(width) * sizeof(float);
    parallel_for(
        run.threads, count, std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, width)),
        [&](std::int64_t begin, std::int64_t end, int) {
          constexpr std::int64_t ahead = 4;  // rows fetched before they are needed
          for (std::int64_t t = begin; t < end; ++t) {
            if (t + ahead < end) {
              const float* next = table_.f32() + ids_.i32()[t + ahead] * width;
              for (std::int64_t c = 0; c < width; c += 16) __builtin_prefetch(next + c);
            }
            std::memcpy(y_.f32() + t * width, table_.f32() + ids_.i32()[t] * width, row_bytes);
          }
        });
  }

 private:
  Operand ids_, table_, y_;
};

}  // namespace

KernelPtr make_embedding(const BindContext& bind) { return std::make_unique<Embedding>(bind); }

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
