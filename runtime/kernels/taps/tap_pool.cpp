// Pooled convolutions by their tap table, and the gradient of the table.
#include <algorithm>

#include "runtime/kernels/simd/taps.h"
#include "runtime/kernels/taps/taps.h"
#include "runtime/resources/memory.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// Sentences per thread below which starting a thread costs more than it saves.
constexpr std::int64_t kSentencesPerThread = 20;
// Bytes of a table's first rows, those of the most frequent words, that stay in caches: some more
// than a core's own, for what all cores share answers soon enough.
constexpr std::int64_t kNearBytes = 4 << 20;
// Rows that the kernel's windows may reach past a sentence's ends: they take room.
constexpr std::int64_t kLongestReach = 1 << 16;

// ids[T]  table[N, R]  offsets[B+1]  bias[O]  scale[O]  ->  y[B, O]  argmax[B, O]
class TapMaxPool final : public Kernel {
 public:
  explicit TapMaxPool(const BindContext& bind)
      : ids_(bind.x[0]),
        table_(bind.x[1]),
        offsets_(bind.x[2]),
        y_(bind.y[0]),
        act_(bind.activation()),
        blocks_(simd::tap_blocks(tap_layout(bind, table_.dtype()), bind.integer("dilation"),
                                 padding_of(bind))) {
    pool_.blocks = blocks_;
    pool_.ids = ids_ ? ids_.i32() : nullptr;
    pool_.offsets = offsets_.i32();
    pool_.table = table_.bytes();
    pool_.dtype = table_.dtype();
    pool_.row_bytes = table_.columns() * size_of(table_.dtype());
    pool_.outputs = y_.columns();
    pool_.bias = bind.x[3] ? bind.x[3].f32() : nullptr;
    pool_.scale = bind.x[4] ? bind.x[4].f32() : nullptr;
    pool_.relu = act_ == Activation::relu;
    pool_.y = y_.f32();
    pool_.row_stride = y_.row_stride();
    if (bind.y[1]) pool_.argmax = bind.y[1].i32();
    const std::string& tokens = bind.graph[bind.node.inputs[2]].type.ragged_dim;
    pool_.longest = bind.graph.find_symbol(tokens)->capacity;
    for (const simd::TapBlock& block : blocks_) {
      pool_.halo = std::max(pool_.halo, block.span() - 1);
    }
    zeros_ = AlignedBytes(static_cast<std::size_t>(pool_.row_bytes));
    pool_.zeros = zeros_.data();
    pool_.near_bytes = kNearBytes;
    scratch_.resize(static_cast<std::size_t>(bind.threads) * pool_.scratch());
  }

  bool asks_for_rows() const override { return true; }
  void run(RunContext& run) override {
    require_tap_rows(ids_, table_, run);
    parallel_for(run.threads, y_.rows(run), kSentencesPerThread,
                 [&](std::int64_t begin, std::int64_t end, int part) {
                   const std::size_t mine = static_cast<std::size_t>(part) * pool_.scratch();
                   simd::tap_max_pool(pool_, begin, end, scratch_.data() + mine);
                   if (act_ != Activation::none && !pool_.relu) activate(begin, end);
                 });
  }

 private:
  void activate(std::int64_t begin, std::int64_t end) const {
    for (std::int64_t b = begin; b < end; ++b) {
      if (pool_.offsets[b] == pool_.offsets[b + 1]) continue;
      float* y = pool_.y + b * pool_.row_stride;
      simd::activate(act_, y, y, pool_.outputs);
    }
  }

  Operand ids_, table_, offsets_, y_;
  Activation act_;
  std::vector<simd::TapBlock> blocks_;
  simd::TapPool pool_;
  AlignedBytes zeros_;
  std::vector<const std::byte*> scratch_;  // of each thread
};

// dz[B, O]  argmax[B, O]  ids[T]  offsets[B+1]  ->  dtable[N, R]. Threads share out the segments.
class TapMaxPoolGrad final : public Kernel {
 public:
  explicit TapMaxPoolGrad(const BindContext& bind)
      : dz_(bind.x[0]),
        where_(bind.x[1]),
        ids_(bind.x[2]),
        offsets_(bind.x[3]),
        dtable_(bind.y[0]),
        layout_(tap_layout(bind)),
        dilation_(bind.integer("dilation")) {}

  void run(RunContext& run) override {
    check_tap_ids(ids_, dtable_.rows(run), run);
    parallel_for(run.threads, dtable_.size(run), 1 << 16,
                 [&](std::int64_t begin, std::int64_t end, int) {
                   std::fill(dtable_.f32() + begin, dtable_.f32() + end, 0.0F);
                 });
    const auto segments = static_cast<std::int64_t>(layout_.segments().size());
    const std::int64_t examples = dz_.rows(run);
    parallel_for(run.threads, segments, examples < kSentencesPerThread ? segments : 1,
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (std::int64_t b = 0; b < examples; ++b) {
                     for (std::int64_t s = begin; s < end; ++s) {
                       scatter(layout_.segments()[static_cast<std::size_t>(s)], b);
                     }
                   }
                 });
  }

 private:
  void scatter(const TapSegment& segment, std::int64_t b) const {
    const std::int64_t first = offsets_.i32()[b], last = offsets_.i32()[b + 1];
    const float* dz = dz_.f32() + b * dz_.columns() + segment.output;
    const std::int32_t* argmax = where_.i32() + b * dz_.columns() + segment.output;
    for (std::int64_t c = 0; c < segment.channels; ++c) {
      for (std::int64_t tap = 0; tap < segment.taps && dz[c] != 0.0F; ++tap) {
        const std::int64_t t = argmax[c] + tap * dilation_;
        if (t < first || t >= last) continue;
        const std::int64_t row = ids_ ? ids_.i32()[t] : t;
        const std::int64_t column = segment.offset + tap * segment.lanes + c;
        dtable_.f32()[row * dtable_.columns() + column] += dz[c];
      }
    }
  }

  Operand dz_, where_, ids_, offsets_, dtable_;
  TapLayout layout_;
  std::int64_t dilation_;
};

}  // namespace

KernelPtr make_tap_max_pool_grad(const BindContext& bind) {
  return std::make_unique<TapMaxPoolGrad>(bind);
}

KernelPtr make_tap_max_pool(const BindContext& bind) {
  // Integer tables are for prediction: there is no loop that also finds where the maxima were.
  if (bind.x[1].dtype() != DType::f32 && bind.y[1]) return nullptr;
  for (const std::int64_t taps : ints_attr(bind.node.attrs, "kernels")) {
    if (Window{taps, 1, bind.integer("dilation"), Padding::valid}.span() > kLongestReach) {
      return nullptr;
    }
  }
  return std::make_unique<TapMaxPool>(bind);
}

}  // namespace weft
