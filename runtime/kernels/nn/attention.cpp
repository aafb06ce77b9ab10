// Attention over packed sequences, and of one row per sequence.
#include "runtime/kernels/simd/attention.h"

#include <algorithm>
#include <span>

#include "ir/ops/nn/attention.h"
#include "runtime/kernels/kernels.h"

namespace weft {
namespace {

// The state that the four ops share: sizes, the longest sequence, dropout by seed and step.
class AttentionKernel {
 public:
  // `keys`: the operand with a row for each key; `seed`: the port behind offsets.
  AttentionKernel(const BindContext& bind, std::size_t keys, std::int64_t columns, std::size_t seed,
                  bool gradient)
      : settings_(attention_settings(bind.node.attrs, columns)),
        offsets_(bind.x[seed - 1]),
        seed_(bind.x[seed]),
        step_(bind.x[seed + 1]),
        threads_(bind.threads),
        scratch_(bind.threads, capacity(bind, keys), columns / settings_.heads, gradient) {
    shape_.heads = settings_.heads;
    shape_.width = columns / settings_.heads;
    shape_.scale = static_cast<float>(settings_.scale);
    shape_.causal = settings_.causal;
    if (settings_.dropout == 0) return;
    shape_.threshold = dropout_threshold(settings_.dropout);
    shape_.factor = static_cast<float>(1.0 / (1.0 - settings_.dropout));
  }

  // The shape, with the key of this run.
  const simd::Attention& shape() {
    if (shape_.threshold != 0) {
      shape_.key = random_key(seed_.i32()[0], step_.i32()[0], settings_.stream);
    }
    return shape_;
  }
  std::span<const std::int32_t> offsets(const RunContext& run) const {
    return {offsets_.i32(), static_cast<std::size_t>(offsets_.size(run))};
  }
  const simd::AttentionScratch& scratch() const { return scratch_; }
  int threads(const RunContext& run) const { return std::min(run.threads, threads_); }

 private:
  // The rows of the longest sequence: a batch may be one sequence.
  static std::int64_t capacity(const BindContext& bind, std::size_t keys) {
    const TensorType& type = bind.graph[bind.node.inputs[keys]].type;
    return capacity_bytes(bind.graph, {DType::i8, {type.shape[0]}, {}});
  }

  AttentionSettings settings_;
  Operand offsets_, seed_, step_;
  int threads_;
  simd::Attention shape_;
  simd::AttentionScratch scratch_;
};

}  // namespace

// qkv[T, 3H]  offsets[B+1]  seed[]  step[]  ->  y[T, H]
KernelPtr make_attention(const BindContext& bind) {
  return make_kernel(
      [qkv = bind.x[0], y = bind.y[0],
       all = AttentionKernel(bind, 0, bind.y[0].columns(), 2, false)](RunContext& run) mutable {
        simd::attention(all.shape(), all.offsets(run), qkv.f32(), y.f32(), all.scratch(),
                        all.threads(run));
      });
}

// qkv[T, 3H]  dy[T, H]  offsets[B+1]  seed[]  step[]  ->  dqkv[T, 3H]
KernelPtr make_attention_grad(const BindContext& bind) {
  return make_kernel(
      [qkv = bind.x[0], dy = bind.x[1], dqkv = bind.y[0],
       all = AttentionKernel(bind, 0, bind.x[1].columns(), 3, true)](RunContext& run) mutable {
        simd::attention_grad(all.shape(), all.offsets(run), qkv.f32(), dy.f32(), dqkv.f32(),
                             all.scratch(), all.threads(run));
      });
}

// q[B, H]  kv[T, 2H]  offsets[B+1]  seed[]  step[]  ->  y[B, H]
KernelPtr make_pool_attention(const BindContext& bind) {
  return make_kernel(
      [q = bind.x[0], kv = bind.x[1], y = bind.y[0],
       all = AttentionKernel(bind, 1, bind.y[0].columns(), 3, false)](RunContext& run) mutable {
        simd::pool_attention(all.shape(), all.offsets(run), q.f32(), kv.f32(), y.f32(),
                             all.scratch(), all.threads(run));
      });
}

// q[B, H]  kv[T, 2H]  dy[B, H]  offsets[B+1]  seed[]  step[]  ->  dq[B, H]  dkv[T, 2H]
KernelPtr make_pool_attention_grad(const BindContext& bind) {
  return make_kernel(
      [q = bind.x[0], kv = bind.x[1], dy = bind.x[2], dq = bind.y[0], dkv = bind.y[1],
       all = AttentionKernel(bind, 1, bind.x[2].columns(), 4, true)](RunContext& run) mutable {
        simd::pool_attention_grad(all.shape(), all.offsets(run), q.f32(), kv.f32(), dy.f32(),
                                  dq.f32(), dkv.f32(), all.scratch(), all.threads(run));
      });
}

}  // namespace weft
