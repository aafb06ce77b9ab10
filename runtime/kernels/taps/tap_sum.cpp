// Convolutions by their tap table: a row per window, or the mean of these; the table's gradient.
#include <algorithm>

#include "runtime/kernels/simd/taps.h"
#include "runtime/kernels/taps/taps.h"
#include "runtime/resources/memory.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// Operands and sizes of one node; y is left to it.
simd::TapPool pool_of(const Operand& ids, const Operand& table, const Operand& offsets,
                      const Operand& bias) {
  simd::TapPool pool;
  pool.ids = ids ? ids.i32() : nullptr;
  pool.offsets = offsets.i32();
  pool.table = table.bytes();
  pool.row_bytes = table.columns() * size_of(DType::f32);
  pool.bias = bias ? bias.f32() : nullptr;
  return pool;
}

std::vector<simd::TapBlock> blocks_of(const BindContext& bind) {
  return simd::tap_blocks(tap_layout(bind), bind.integer("dilation"), padding_of(bind));
}

// ids[T]  table[N, R]  from[B+1]  to[B+1]  bias[O]  ->  y[T', O]
class TapSum final : public Kernel {
 public:
  explicit TapSum(const BindContext& bind)
      : ids_(bind.x[0]),
        table_(bind.x[1]),
        from_(bind.x[2]),
        to_(bind.x[3]),
        y_(bind.y[0]),
        act_(bind.activation()),
        blocks_(blocks_of(bind)),
        pool_(pool_of(ids_, table_, from_, bind.x[4])) {}

  bool asks_for_rows() const override { return true; }
  void run(RunContext& run) override {
    require_tap_rows(ids_, table_, run);
    const std::int64_t width = y_.columns(), examples = from_.extent(0, run) - 1;
    const std::int32_t* to = to_.i32();
    parallel_for(run.threads, examples, 8, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = begin; b < end; ++b) {
        for (const simd::TapBlock& block : blocks_) {
          simd::tap_sums(pool_, block, b, y_.f32() + to[b] * width + block.segment.output, width);
        }
      }
      float* first = y_.f32() + to[begin] * width;
      if (act_ != Activation::none) {
        simd::activate(act_, first, first, (to[end] - to[begin]) * width);
      }
    });
  }

 private:
  Operand ids_, table_, from_, to_, y_;
  Activation act_;
  std::vector<simd::TapBlock> blocks_;
  simd::TapPool pool_;
};

// ids[T]  table[N, R]  offsets[B+1]  bias[O]  ->  y[B, O]
class TapMeanPool final : public Kernel {
 public:
  explicit TapMeanPool(const BindContext& bind)
      : ids_(bind.x[0]),
        table_(bind.x[1]),
        offsets_(bind.x[2]),
        y_(bind.y[0]),
        act_(bind.activation()),
        blocks_(blocks_of(bind)),
        pool_(pool_of(ids_, table_, offsets_, bind.x[3])) {
    const std::string& rows = bind.graph[bind.node.inputs[2]].type.ragged_dim;
    const auto max = static_cast<std::size_t>(bind.graph.find_symbol(rows)->capacity);
    for (int i = 0; i < bind.threads; ++i) windows_.emplace_back(max * 16 * sizeof(float));
  }

  bool asks_for_rows() const override { return true; }
  void run(RunContext& run) override {
    require_tap_rows(ids_, table_, run);
    parallel_for(run.threads, y_.rows(run), 8, [&](std::int64_t begin, std::int64_t end, int part) {
      auto* windows = reinterpret_cast<float*>(windows_[static_cast<std::size_t>(part)].data());
      for (std::int64_t b = begin; b < end; ++b) {
        for (const simd::TapBlock& block : blocks_) pool(block, b, windows);
      }
    });
  }

 private:
  void pool(const simd::TapBlock& block, std::int64_t b, float* windows) const {
    const std::int64_t length = pool_.offsets[b + 1] - pool_.offsets[b];
    const std::int64_t channels = block.segment.channels;
    float* y = y_.f32() + b * y_.row_stride() + block.segment.output;
    if (length == 0) {
      std::fill_n(y, channels, 0.0F);
      return;
    }
    const std::int64_t count = block.windows(length);
    simd::tap_sums(pool_, block, b, windows, channels);
    if (act_ != Activation::none) simd::activate(act_, windows, windows, count * channels);
    simd::sum_rows(windows, count, channels, channels, 1.0F / static_cast<float>(count), y);
  }

  Operand ids_, table_, offsets_, y_;
  Activation act_;
  std::vector<simd::TapBlock> blocks_;
  simd::TapPool pool_;
  std::vector<AlignedBytes> windows_;  // by part: one block's windows over one sentence
};

// dz[T', O]  ids[T]  from[B+1]  to[B+1]  ->  dtable[N, R]. Threads share out the segments.
class TapSumGrad final : public Kernel {
 public:
  explicit TapSumGrad(const BindContext& bind)
      : dz_(bind.x[0]),
        ids_(bind.x[1]),
        from_(bind.x[2]),
        to_(bind.x[3]),
        dtable_(bind.y[0]),
        blocks_(blocks_of(bind)) {}

  void run(RunContext& run) override {
    const std::int64_t rows = dtable_.rows(run), size = dtable_.size(run);
    check_tap_ids(ids_, rows, run);
    parallel_for(run.threads, size, 1 << 16, [&](std::int64_t begin, std::int64_t end, int) {
      std::fill(dtable_.f32() + begin, dtable_.f32() + end, 0.0F);
    });
    const auto blocks = static_cast<std::int64_t>(blocks_.size());
    const std::int64_t examples = from_.extent(0, run) - 1;
    parallel_for(run.threads, blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t b = 0; b < examples; ++b) add(blocks_[static_cast<std::size_t>(i)], b);
      }
    });
  }

 private:
  void add(const simd::TapBlock& block, std::int64_t b) const {
    const std::int64_t first = from_.i32()[b], length = from_.i32()[b + 1] - first;
    const std::int64_t width = dz_.columns(), row_size = dtable_.columns();
    const TapSegment& segment = block.segment;
    for (std::int64_t j = 0; length > 0 && j < block.windows(length); ++j) {
      const float* dz = dz_.f32() + (to_.i32()[b] + j) * width + segment.output;
      for (std::int64_t k = 0; k < segment.taps; ++k) {
        const std::int64_t t = j - block.left + k * block.dilation;
        if (t < 0 || t >= length) continue;
        const std::int64_t row = ids_ ? ids_.i32()[first + t] : first + t;
        float* target = dtable_.f32() + row * row_size + segment.offset + k * segment.lanes;
        for (std::int64_t c = 0; c < segment.channels; ++c) target[c] += dz[c];
      }
    }
  }

  Operand dz_, ids_, from_, to_, dtable_;
  std::vector<simd::TapBlock> blocks_;
};

}  // namespace

KernelPtr make_tap_sum(const BindContext& bind) { return std::make_unique<TapSum>(bind); }
KernelPtr make_tap_mean_pool(const BindContext& bind) {
  return std::make_unique<TapMeanPool>(bind);
}
KernelPtr make_tap_sum_grad(const BindContext& bind) { return std::make_unique<TapSumGrad>(bind); }

}  // namespace weft
