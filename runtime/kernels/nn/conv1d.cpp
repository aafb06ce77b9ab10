// conv1d and its gradients: convolutions over packed sequences laid out with gaps.
//
// The gradient by the input is itself a convolution, of dy with the taps in reverse order; the one
// by the weights is, per tap, a product of two matrices whose rows lie in that same layout.
#include <algorithm>

#include "ir/ops/nn/sequence.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/nn/packed_rows.h"
#include "runtime/kernels/products.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::int64_t kChunk = RowConvolution::kLargest;

std::span<const std::int32_t> offsets(const Operand& operand, const RunContext& run) {
  return {operand.i32(), static_cast<std::size_t>(operand.size(run))};
}

std::int64_t examples_capacity(const BindContext& bind, std::size_t port) {
  return capacity_elements(bind.graph, bind.graph[bind.node.inputs[port]].type);
}

// One slab per thread.
class Slabs {
 public:
  Slabs(int threads, std::int64_t floats) {
    for (int i = 0; i < threads; ++i) {
      slabs_.emplace_back(static_cast<std::size_t>(floats) * sizeof(float));
    }
  }
  float* operator[](int part) const {
    return reinterpret_cast<float*>(slabs_[static_cast<std::size_t>(part)].data());
  }

 private:
  std::vector<AlignedBytes> slabs_;
};

// y = act(conv(x) + bias), by chunks of positions: gather rows, convolve, scatter rows.
class PackedConvolution {
 public:
  PackedConvolution(const ConvolutionShape& shape, RowPlacement placement, std::int64_t examples,
                    const RowWeights& weights, int threads)
      : rows_(placement, examples),
        shape_(shape),
        convolution_(make_row_convolution(shape, weights, threads)),
        slabs_(threads, shape.rows_in(kChunk) * shape.in + kChunk * shape.out) {}

  void make_all() { convolution_->make_all(); }
  void pack(std::uint64_t version) { convolution_->pack(version); }

  void run(std::span<const std::int32_t> in, std::span<const std::int32_t> out, const float* x,
           float* y, int threads) {
    rows_.place(in, out);
    const ConvolutionShape& shape = shape_;
    const std::int64_t work = shape.in * shape.out * shape.taps;
    const std::int64_t grain =
        std::max<std::int64_t>(8, 2'000'000 / std::max<std::int64_t>(work, 1));
    parallel_for(threads, rows_.positions(), grain,
                 [&](std::int64_t begin, std::int64_t end, int part) {
                   float* slab = slabs_[part];
                   float* result = slab + shape.rows_in(kChunk) * shape.in;
                   for (std::int64_t at = begin; at < end; at += kChunk) {
                     const std::int64_t stop = std::min(end, at + kChunk);
                     rows_.gather(at, stop, x, shape.in, shape.in, slab);
                     convolution_->compute(slab, result, stop - at, part);
                     rows_.scatter(at, stop, result, shape.out, y);
                   }
                 });
  }

 private:
  PackedRows rows_;
  ConvolutionShape shape_;
  std::unique_ptr<RowConvolution> convolution_;
  Slabs slabs_;
};

// x[T, C]  w[K, C, O]  from[B+1]  to[B+1]  bias[O]  ->  y[T', O]
class Conv1d final : public Kernel {
 public:
  Conv1d(const BindContext& bind, std::int64_t taps, std::int64_t in, std::int64_t out)
      : x_(bind.x[0]), w_(bind.x[1]), from_(bind.x[2]), to_(bind.x[3]), y_(bind.y[0]) {
    const Window window = window_of(bind.node.attrs, taps);
    const Operand& bias = bind.x[4];
    convolution_ = std::make_unique<PackedConvolution>(
        ConvolutionShape{in, out, taps, window.stride, window.dilation, static_cast<bool>(bias),
                         bind.activation()},
        RowPlacement{window.span(), window.stride, window.left(), 1}, examples_capacity(bind, 2),
        RowWeights{w_.f32(),
                   {1, out, in * out},
                   bias ? bias.f32() : nullptr,
                   bind.packed_of(w_),
                   bind.scratch},
        bind.threads);
    if (bind.graph.writes.empty()) convolution_->make_all();  // it predicts: no request waits
  }

  void run(RunContext& run) override {
    convolution_->pack(w_.version(run));
    convolution_->run(offsets(from_, run), offsets(to_, run), x_.f32(), y_.f32(), run.threads);
  }

 private:
  Operand x_, w_, from_, to_, y_;
  std::unique_ptr<PackedConvolution> convolution_;
};

// dy[T', O]  w[K, C, O]  from[B+1]  to[B+1]  ->  dx[T, C]
//
// dx[r] = sum over k of dy[(r + left - k * dilation) / stride] w[k]': a convolution over rows of dy
// `stride` apart, with tap K-1-k in the place of tap k.
class Conv1dInputGrad final : public Kernel {
 public:
  Conv1dInputGrad(const BindContext& bind, std::int64_t taps, std::int64_t in, std::int64_t out)
      : dy_(bind.x[0]),
        w_(bind.x[1]),
        from_(bind.x[2]),
        to_(bind.x[3]),
        dx_(bind.y[0]),
        taps_(taps),
        tap_size_(in * out),
        reversed_(static_cast<std::size_t>(taps * in * out)) {
    const Window window = window_of(bind.node.attrs, taps);
    convolution_ = std::make_unique<PackedConvolution>(
        ConvolutionShape{out, in, taps, 1, window.dilation},
        RowPlacement{window.span(), 1, window.span() - 1 - window.left(), window.stride},
        examples_capacity(bind, 2), RowWeights{reversed_.data(), {out, 1, in * out}}, bind.threads);
  }

  void run(RunContext& run) override {
    if (weights_.stale(w_, run)) {
      for (std::int64_t k = 0; k < taps_; ++k) {
        std::copy_n(w_.f32() + (taps_ - 1 - k) * tap_size_, tap_size_,
                    reversed_.data() + k * tap_size_);
      }
      convolution_->pack(0);
    }
    // A row that no window reads (its sequence has none, or the stride steps over it) stays zero.
    std::fill_n(dx_.f32(), dx_.size(run), 0.0F);
    convolution_->run(offsets(to_, run), offsets(from_, run), dy_.f32(), dx_.f32(), run.threads);
  }

 private:
  Operand dy_, w_, from_, to_, dx_;
  std::int64_t taps_, tap_size_;
  std::vector<float> reversed_;
  Freshness weights_;
  std::unique_ptr<PackedConvolution> convolution_;
};

// x[T, C]  dy[T', O]  from[B+1]  to[B+1]  ->  dw[K, C, O], dw[k] = (rows of x at tap k)' dy
//
// Cut into blocks of C, each summed by one thread in the order of the rows.
class Conv1dWeightGrad final : public Kernel {
 public:
  Conv1dWeightGrad(const BindContext& bind, std::int64_t in, std::int64_t out)
      : x_(bind.x[0]),
        dy_(bind.x[1]),
        from_(bind.x[2]),
        to_(bind.x[3]),
        dw_(bind.y[0]),
        in_(in),
        out_(out),
        window_(window_of(bind.node.attrs, bind.integer("kernel"))),
        rows_({window_.span(), window_.stride, window_.left(), 1}, examples_capacity(bind, 2)),
        slabs_(bind.threads, rows_.rows_in(kRows) * block_width() + kRows * out) {}

  void run(RunContext& run) override {
    rows_.place(offsets(from_, run), offsets(to_, run));
    parallel_for(run.threads, blocks(), 1, [&](std::int64_t begin, std::int64_t end, int part) {
      for (std::int64_t block = begin; block < end; ++block) {
        const std::int64_t first = block * block_width();
        add_block(first, std::min(in_, first + block_width()) - first, slabs_[part]);
      }
    });
  }

 private:
  static constexpr std::int64_t kRows = 512;  // summed by one call of gemm

  std::int64_t blocks() const { return std::max<std::int64_t>(1, (in_ + 40) / 80); }
  std::int64_t block_width() const { return (in_ + blocks() - 1) / blocks(); }

  void add_block(std::int64_t first, std::int64_t width, float* slab) const {
    if (width <= 0) return;
    float* targets = slab + rows_.rows_in(kRows) * block_width();
    if (rows_.positions() == 0) {
      for (std::int64_t row = 0; row < window_.size; ++row) {
        std::fill_n(dw_.f32() + (row * in_ + first) * out_, width * out_, 0.0F);
      }
    }
    for (std::int64_t at = 0; at < rows_.positions(); at += kRows) {
      const std::int64_t stop = std::min(rows_.positions(), at + kRows);
      rows_.gather(at, stop, x_.f32() + first, width, in_, slab);
      rows_.gather_outputs(at, stop, dy_.f32(), out_, targets);
      for (std::int64_t k = 0; k < window_.size; ++k) {
        gemm({.transpose_a = true,
              .m = width,
              .n = out_,
              .k = stop - at,
              .a = slab + k * window_.dilation * width,
              .lda = window_.stride * width,
              .b = targets,
              .ldb = out_,
              .beta = at > 0 ? 1.0F : 0.0F,
              .c = dw_.f32() + (k * in_ + first) * out_,
              .ldc = out_});
      }
    }
  }

  Operand x_, dy_, from_, to_, dw_;
  std::int64_t in_, out_;
  Window window_;
  PackedRows rows_;
  Slabs slabs_;
};

// The extents of w[K, C, O], all static.
struct WeightExtents {
  std::int64_t taps, in, out;
};

WeightExtents weight_extents(const BindContext& bind, ValueId w) {
  const Shape& shape = bind.graph[w].type.shape;
  return {shape[0].value, shape[1].value, shape[2].value};
}

}  // namespace

std::unique_ptr<Kernel> make_conv1d(const BindContext& bind) {
  const auto [taps, in, out] = weight_extents(bind, bind.node.inputs[1]);
  return std::make_unique<Conv1d>(bind, taps, in, out);
}

std::unique_ptr<Kernel> make_conv1d_input_grad(const BindContext& bind) {
  const auto [taps, in, out] = weight_extents(bind, bind.node.inputs[1]);
  return std::make_unique<Conv1dInputGrad>(bind, taps, in, out);
}

std::unique_ptr<Kernel> make_conv1d_weight_grad(const BindContext& bind) {
  const auto [taps, in, out] = weight_extents(bind, bind.node.outputs[0]);
  return std::make_unique<Conv1dWeightGrad>(bind, in, out);
}

}  // namespace weft
