// Matrix products. Rows against weights are a convolution of one tap; other products go to gemm.
#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/products.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// x[M, K]  w[K, N]  bias[N]  ->  y[M, N]: each row of y from its row of x alone, whatever M is.
class Linear final : public Kernel {
 public:
  Linear(const BindContext& bind, const ConvolutionShape& shape, WeightStrides strides,
         const float* bias)
      : x_(bind.x[0]),
        w_(bind.x[1]),
        y_(bind.y[0]),
        convolution_(make_row_convolution(
            shape, {w_.f32(), strides, bias, bind.packed_of(w_), bind.scratch}, bind.threads)) {
    if (bind.graph.writes.empty()) convolution_->make_all();  // it predicts: no request waits
  }

  void run(RunContext& run) override {
    convolution_->pack(w_.version(run));
    const std::int64_t in = x_.columns(), out = y_.columns();
    const std::int64_t grain =
        std::max<std::int64_t>(8, 2'000'000 / std::max<std::int64_t>(1, in * out));
    parallel_for(
        run.threads, y_.rows(run), grain, [&](std::int64_t begin, std::int64_t end, int part) {
          convolution_->compute(x_.f32() + begin * in, y_.f32() + begin * out, end - begin, part);
        });
  }

 private:
  Operand x_, w_, y_;
  std::unique_ptr<RowConvolution> convolution_;
};

// w[K, N] as dot_rows() wants it: transposed, with rows filled up with zeros.
class TransposedWeights {
 public:
  explicit TransposedWeights(const Operand& w, std::int64_t in, std::int64_t out)
      : w_(w),
        in_(in),
        out_(out),
        row_stride_(simd::padded(in)),
        numbers_(static_cast<std::size_t>(row_stride_ * out)) {}

  void refresh(const RunContext& run) {
    if (!freshness_.stale(w_, run)) return;
    for (std::int64_t k = 0; k < in_; ++k) {
      for (std::int64_t o = 0; o < out_; ++o) {
        numbers_[static_cast<std::size_t>(o * row_stride_ + k)] = w_.f32()[k * out_ + o];
      }
    }
  }

  // x[rows, K]  bias[N]?  ->  y[rows, N]
  void multiply(const float* x, std::int64_t rows, const float* bias, float* y) const {
    simd::dot_rows(x, rows, in_, numbers_.data(), row_stride_, out_, bias, y);
  }

 private:
  Operand w_;
  std::int64_t in_, out_, row_stride_;
  std::vector<float> numbers_;  // [N, K]
  Freshness freshness_;
};

// The same for few outputs, a model's last layer: products of rows, too small for a convolution's
// calls.
class NarrowLinear final : public Kernel {
 public:
  static constexpr std::int64_t kMaxOutputs = 32;

  explicit NarrowLinear(const BindContext& bind)
      : x_(bind.x[0]),
        bias_(bind.x[2]),
        y_(bind.y[0]),
        act_(bind.activation()),
        weights_(bind.x[1], x_.columns(), y_.columns()) {}

  void run(RunContext& run) override {
    const std::int64_t in = x_.columns(), out = y_.columns();
    weights_.refresh(run);
    const std::int64_t grain = 1 + 100'000 / std::max<std::int64_t>(1, in * out);
    parallel_for(run.threads, y_.rows(run), grain, [&](std::int64_t begin, std::int64_t end, int) {
      float* y = y_.f32() + begin * out;
      weights_.multiply(x_.f32() + begin * in, end - begin, bias_ ? bias_.f32() : nullptr, y);
      if (act_ != Activation::none) simd::activate(act_, y, y, (end - begin) * out);
    });
  }

 private:
  Operand x_, bias_, y_;
  Activation act_;
  TransposedWeights weights_;
};

// table[V, K]  w[K, N]  ->  y[V, N], by rows: of a table of words few rows are read.
class TableProduct final : public RowKernel {
 public:
  static constexpr std::int64_t kMaxOutputs = 256;

  explicit TableProduct(const BindContext& bind)
      : table_(bind.x[0]), y_(bind.y[0]), weights_(bind.x[1], table_.columns(), y_.columns()) {}

  bool asks_for_rows() const override { return true; }

  void prepare(const RunContext& run) override { weights_.refresh(run); }

  void make_rows(std::span<const std::int32_t> rows) override {
    require_rows(table_, rows, 1);
    for (const std::int64_t row : rows) multiply(row, 1);
  }

  void run(RunContext& run) override {
    prepare(run);
    require_all_rows(table_, run.threads);
    const std::int64_t grain = 1 + 100'000 / (table_.columns() * y_.columns() + 1);
    parallel_for(run.threads, y_.rows(run), grain,
                 [&](std::int64_t begin, std::int64_t end, int) { multiply(begin, end - begin); });
  }

 private:
  void multiply(std::int64_t row, std::int64_t rows) const {
    weights_.multiply(table_.f32() + row * table_.columns(), rows, nullptr,
                      y_.f32() + row * y_.columns());
  }

  Operand table_, y_;
  TransposedWeights weights_;
};

// y[M, N] = op(a) op(b), M cut among the threads.
class Matmul final : public Kernel {
 public:
  explicit Matmul(const BindContext& bind)
      : a_(bind.x[0]),
        b_(bind.x[1]),
        y_(bind.y[0]),
        transpose_a_(bind.integer("transpose_a") != 0),
        transpose_b_(bind.integer("transpose_b") != 0) {}

  void run(RunContext& run) override {
    const std::int64_t m = y_.extent(0, run), n = y_.extent(1, run);
    const std::int64_t k = a_.extent(transpose_a_ ? 0 : 1, run);
    if (k == 0) {
      std::fill_n(y_.f32(), m * n, 0.0F);
      return;
    }
    const std::int64_t grain =
        std::max<std::int64_t>(16, 2'000'000 / std::max<std::int64_t>(1, n * k));
    parallel_for(run.threads, m, grain, [&](std::int64_t begin, std::int64_t end, int) {
      gemm({.transpose_a = transpose_a_,
            .transpose_b = transpose_b_,
            .m = end - begin,
            .n = n,
            .k = k,
            .a = a_.f32() + begin * (transpose_a_ ? 1 : k),
            .lda = transpose_a_ ? m : k,
            .b = b_.f32(),
            .ldb = transpose_b_ ? k : n,
            .c = y_.f32() + begin * n,
            .ldc = n});
    });
  }

 private:
  Operand a_, b_, y_;
  bool transpose_a_, transpose_b_;
};

}  // namespace

std::unique_ptr<Kernel> make_linear(const BindContext& bind) {
  const std::int64_t in = bind.x[0].columns(), out = bind.y[0].columns();
  if (out <= NarrowLinear::kMaxOutputs) return std::make_unique<NarrowLinear>(bind);
  const Operand& bias = bind.x[2];
  return std::make_unique<Linear>(
      bind, ConvolutionShape{in, out, 1, 1, 1, static_cast<bool>(bias), bind.activation()},
      WeightStrides{1, out, 0}, bias ? bias.f32() : nullptr);
}

std::unique_ptr<Kernel> make_matmul(const BindContext& bind) {
  if (!bind.x[1].persistent() || bind.integer("transpose_a") != 0) {
    return std::make_unique<Matmul>(bind);
  }
  const std::int64_t in = bind.x[0].columns(), out = bind.y[0].columns();
  const bool plain = bind.integer("transpose_b") == 0;
  if (plain && bind.x[0].persistent() && in > 0 && out <= TableProduct::kMaxOutputs) {
    return std::make_unique<TableProduct>(bind);
  }
  // Weights that each step changes are not worth packing for a short product.
  const bool trains = !bind.graph.writes.empty();
  if (trains && in <= NarrowLinear::kMaxOutputs) return std::make_unique<Matmul>(bind);
  const bool transposed = bind.integer("transpose_b") != 0;
  return std::make_unique<Linear>(bind, ConvolutionShape{in, out},
                                  transposed ? WeightStrides{in, 1, 0} : WeightStrides{1, out, 0},
                                  nullptr);
}

}  // namespace weft
