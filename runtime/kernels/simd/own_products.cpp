// Everything becomes row_product(): matrices are packed into panels, windows are laid side by side.
#include "runtime/kernels/simd/own_products.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "ir/aligned_bytes.h"
#include "runtime/kernels/simd/row_product.h"
#include "runtime/kernels/simd/simd.h"

namespace weft {
namespace {

using simd::RowProduct;
constexpr std::int64_t kPanel = RowProduct::kPanel;
constexpr std::int64_t kRows = 96, kColumns = 512, kDepth = 256;  // of a product at a time

std::int64_t whole_panels(std::int64_t columns) { return (columns + kPanel - 1) / kPanel * kPanel; }

AlignedBytes room(std::int64_t floats) {
  return AlignedBytes(static_cast<std::size_t>(floats) * sizeof(float));
}
float* floats(const AlignedBytes& bytes) { return reinterpret_cast<float*>(bytes.data()); }

// A matrix whose element (k, c) is data[k * down + c * across].
struct Matrix {
  const float* data;
  std::int64_t down, across;
};

// Its first `rows` rows into panels of `panel_rows` rows, from the row on that `panels` points to;
// zeros behind the last column.
void pack_panels(const Matrix& from, std::int64_t rows, std::int64_t columns,
                 std::int64_t panel_rows, float* panels) {
  for (std::int64_t first = 0; first < columns; first += kPanel) {
    const std::int64_t count = std::min(kPanel, columns - first);
    float* to = panels + first * panel_rows;
    for (std::int64_t k = 0; k < rows; ++k, to += kPanel) {
      const float* row = from.data + k * from.down + first * from.across;
      for (std::int64_t c = 0; c < count; ++c) to[c] = row[c * from.across];
      std::fill(to + count, to + kPanel, 0.0F);
    }
  }
}

// Its rows and columns from (first, first_column) on, side by side.
void pack_rows(const Matrix& from, std::int64_t first, std::int64_t rows, std::int64_t first_column,
               std::int64_t columns, float* to) {
  for (std::int64_t row = first; row < first + rows; ++row) {
    const float* at = from.data + row * from.down + first_column * from.across;
    for (std::int64_t c = 0; c < columns; ++c) *to++ = at[c * from.across];
  }
}

class OwnRowConvolution final : public RowConvolution {
 public:
  OwnRowConvolution(const ConvolutionShape& shape, const RowWeights& weights, int threads)
      : shape_(shape), weights_(weights) {
    const std::size_t size = floats_packed() * sizeof(float);
    const WeightStrides& from = weights_.strides;
    const std::string name = fmt::format("panels of {},{},{}", from.out, from.in, from.tap);
    panels_ = weights_.shared == nullptr ? std::make_shared<PackedCopy>(size)
                                         : weights_.shared->find_or_make(weights_.data, name, size);
    const std::int64_t window = in_place() ? 0 : depth();
    for (int part = 0; part < threads; ++part) {
      slabs_.push_back({room(kRows * window), room(kRows * kColumns)});
    }
  }

  void make_all() override {}

  void pack(std::uint64_t version) override {
    panels_->refresh(version, [&](std::byte* bytes) {
      auto* panels = reinterpret_cast<float*>(bytes);
      const auto& [out, in, tap] = weights_.strides;
      for (std::int64_t k = 0; k < shape_.taps; ++k) {
        pack_panels({weights_.data + k * tap, in, out}, shape_.in, shape_.out, depth(),
                    panels + k * shape_.in * kPanel);
      }
    });
  }

  void compute(const float* in, float* out, std::int64_t rows, int part) override {
    const Slab& slab = slabs_[static_cast<std::size_t>(part)];
    for (std::int64_t at = 0; at < rows; at += kRows) {
      const std::int64_t count = std::min(kRows, rows - at);
      const float* windows = in + at * shape_.stride * shape_.in;
      if (!in_place()) windows = gather(windows, count, floats(slab.windows));
      for (std::int64_t first = 0; first < shape_.out; first += kColumns) {
        multiply(windows, count, first, floats(slab.out), out + at * shape_.out);
      }
      if (shape_.act == Activation::none) continue;
      float* y = out + at * shape_.out;
      simd::activate(shape_.act, y, y, count * shape_.out);
    }
  }

 private:
  struct Slab {
    AlignedBytes windows, out;  // [kRows, depth], [kRows, kColumns]
  };

  std::int64_t depth() const { return shape_.taps * shape_.in; }
  bool in_place() const { return shape_.taps == 1 && shape_.stride == 1; }
  std::size_t floats_packed() const {
    return static_cast<std::size_t>(whole_panels(shape_.out) * depth());
  }

  const float* gather(const float* in, std::int64_t rows, float* windows) const {
    float* to = windows;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t tap = 0; tap < shape_.taps; ++tap, to += shape_.in) {
        const std::int64_t from = row * shape_.stride + tap * shape_.dilation;
        std::copy_n(in + from * shape_.in, shape_.in, to);
      }
    }
    return windows;
  }

  // Columns from `first` on of these rows.
  void multiply(const float* windows, std::int64_t rows, std::int64_t first, float* slab,
                float* out) const {
    const std::int64_t columns = std::min(kColumns, shape_.out - first);
    const auto* panels = reinterpret_cast<const float*>(panels_->data()) + first * depth();
    const std::int64_t width = whole_panels(columns);
    simd::row_product({windows, depth(), panels, width, slab}, 0, rows);
    for (std::int64_t row = 0; row < rows; ++row) {
      const float* sums = slab + row * width;
      float* y = out + row * shape_.out + first;
      if (shape_.bias) {
        simd::map(simd::Binary::add, sums, weights_.bias + first, y, columns);
      } else {
        std::copy_n(sums, columns, y);
      }
    }
  }

  ConvolutionShape shape_;
  RowWeights weights_;
  std::shared_ptr<PackedCopy> panels_;  // [out / kPanel, taps * in, kPanel]
  std::vector<Slab> slabs_;             // by part
};

}  // namespace

std::unique_ptr<RowConvolution> make_own_row_convolution(const ConvolutionShape& shape,
                                                         const RowWeights& weights, int threads) {
  return std::make_unique<OwnRowConvolution>(shape, weights, threads);
}

// By blocks of columns and of depth, whose order is always the same: a row's bits depend on that
// row alone. Without depth (k = 0) a and b may be null.
void own_gemm(const Gemm& g) {
  struct Room {
    AlignedBytes a = room(kRows * kDepth), b = room(kColumns * kDepth), c = room(kRows * kColumns);
  };
  thread_local const Room here;
  const Matrix a{g.a, g.transpose_a ? 1 : g.lda, g.transpose_a ? g.lda : 1};
  const Matrix b{g.b, g.transpose_b ? 1 : g.ldb, g.transpose_b ? g.ldb : 1};
  for (std::int64_t n = 0; n < g.n; n += kColumns) {
    const std::int64_t columns = std::min(kColumns, g.n - n), width = whole_panels(columns);
    for (std::int64_t k = 0; k == 0 || k < g.k; k += kDepth) {
      const std::int64_t depth = std::min(kDepth, g.k - k);
      const float beta = k == 0 ? g.beta : 1.0F;
      if (depth > 0) {
        pack_panels({b.data + k * b.down + n * b.across, b.down, b.across}, depth, columns, depth,
                    floats(here.b));
      }
      for (std::int64_t m = 0; m < g.m; m += kRows) {
        const std::int64_t rows = std::min(kRows, g.m - m);
        if (depth > 0) pack_rows(a, m, rows, k, depth, floats(here.a));
        simd::row_product({floats(here.a), depth, floats(here.b), width, floats(here.c)}, 0, rows);
        for (std::int64_t row = 0; row < rows; ++row) {
          const float* sums = floats(here.c) + row * width;
          float* c = g.c + (m + row) * g.ldc + n;
          for (std::int64_t i = 0; i < columns; ++i) {
            c[i] = beta == 0.0F ? sums[i] : sums[i] + beta * c[i];
          }
        }
      }
    }
  }
}

}  // namespace weft
