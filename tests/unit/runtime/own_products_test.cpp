// weft's own products, which a build without oneDNN uses: right, and the same bits in any cut.
#include "runtime/kernels/simd/own_products.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "ir/ops/nn/activation.h"
#include "tests/support/random_floats.h"

namespace weft {
namespace {

using Floats = std::vector<float>;

double at(const Floats& numbers, std::int64_t i) {
  return static_cast<double>(numbers[static_cast<std::size_t>(i)]);
}

struct Product {
  std::int64_t m, n, k;
};

void check_gemm(const Product& p, bool transpose_a, bool transpose_b, float beta) {
  // Rows lie three numbers apart from one another.
  const std::int64_t lda = (transpose_a ? p.m : p.k) + 3, ldb = (transpose_b ? p.k : p.n) + 3;
  const std::int64_t ldc = p.n + 3;
  const Floats a = random_floats((transpose_a ? p.k : p.m) * lda, 1);
  const Floats b = random_floats((transpose_b ? p.n : p.k) * ldb, 2);
  const Floats before = random_floats(p.m * ldc, 3);
  Floats c = before;
  Gemm g{.transpose_a = transpose_a,
         .transpose_b = transpose_b,
         .m = p.m,
         .n = p.n,
         .k = p.k,
         .a = a.data(),
         .lda = lda,
         .b = b.data(),
         .ldb = ldb,
         .beta = beta,
         .c = c.data(),
         .ldc = ldc};
  own_gemm(g);
  for (std::int64_t row = 0; row < p.m; ++row) {
    for (std::int64_t column = 0; column < ldc; ++column) {
      const std::int64_t place = row * ldc + column;
      if (column >= p.n) {
        REQUIRE(at(c, place) == at(before, place));
        continue;
      }
      double sum = beta == 0 ? 0 : static_cast<double>(beta) * at(before, place);
      for (std::int64_t i = 0; i < p.k; ++i) {
        sum += at(a, transpose_a ? i * lda + row : row * lda + i) *
               at(b, transpose_b ? column * ldb + i : i * ldb + column);
      }
      REQUIRE(std::abs(at(c, place) - sum) < 1e-4);
    }
  }
  Floats cut = before;
  for (std::int64_t row = 0; row < p.m; row += 7) {
    g.m = std::min<std::int64_t>(7, p.m - row);
    g.a = a.data() + row * (transpose_a ? 1 : lda);
    g.c = cut.data() + row * ldc;
    own_gemm(g);
  }
  REQUIRE(c == cut);
}

TEST_CASE("own gemm: every form, sizes within, at and beyond its blocks") {
  for (const Product& p : {Product{1, 1, 1}, Product{5, 3, 0}, Product{97, 17, 40},
                           Product{96, 512, 256}, Product{13, 530, 300}, Product{0, 4, 4}}) {
    CAPTURE(p.m);
    CAPTURE(p.n);
    CAPTURE(p.k);
    for (const bool transpose_a : {false, true}) {
      for (const bool transpose_b : {false, true}) {
        for (const float beta : {0.0F, 1.0F, 0.5F}) check_gemm(p, transpose_a, transpose_b, beta);
      }
    }
  }
}

// w[tap, in, out]; checks some rows against sums in double.
void check_convolution(const ConvolutionShape& shape, std::int64_t rows) {
  const Floats in = random_floats(shape.rows_in(rows) * shape.in, 1);
  const Floats w = random_floats(shape.taps * shape.in * shape.out, 2);
  const Floats bias = random_floats(shape.out, 3);
  const auto convolution = make_own_row_convolution(
      shape, {w.data(), {1, shape.out, shape.in * shape.out}, bias.data()}, 1);
  convolution->pack(1);
  Floats whole(static_cast<std::size_t>(rows * shape.out));
  convolution->compute(in.data(), whole.data(), rows, 0);
  for (std::int64_t row = 0; row < rows; row += 19) {
    for (std::int64_t out = 0; out < shape.out; ++out) {
      double sum = shape.bias ? at(bias, out) : 0;
      for (std::int64_t tap = 0; tap < shape.taps; ++tap) {
        for (std::int64_t i = 0; i < shape.in; ++i) {
          sum += at(in, (row * shape.stride + tap * shape.dilation) * shape.in + i) *
                 at(w, (tap * shape.in + i) * shape.out + out);
        }
      }
      REQUIRE(std::abs(at(whole, row * shape.out + out) - activate(shape.act, sum)) < 1e-4);
    }
  }
  for (const std::int64_t cut : {1, 7, 64, 97}) {
    Floats parts(whole.size());
    for (std::int64_t row = 0; row < rows; row += cut) {
      convolution->compute(in.data() + row * shape.stride * shape.in,
                           parts.data() + row * shape.out, std::min(cut, rows - row), 0);
    }
    REQUIRE(whole == parts);
  }
}

TEST_CASE("own convolutions are right and have the same bits in any cut") {
  check_convolution({64, 33}, 200);
  check_convolution({13, 600, 1, 1, 1, true, Activation::relu}, 100);
  check_convolution({24, 40, 3, 1, 1, true, Activation::gelu_tanh}, 200);
  check_convolution({9, 16, 4, 2, 3, true, Activation::tanh}, 150);
  check_convolution({7, 5, 1, 2, 1, false}, 40);
}

TEST_CASE("own convolutions share packed weights, and pack them again when they have changed") {
  const ConvolutionShape shape{8, 16};
  Floats w = random_floats(8 * 16, 2), y(16);
  const Floats in = random_floats(8, 1);
  PackedCopies copies;
  const auto first = make_own_row_convolution(shape, {w.data(), {1, 16, 0}, nullptr, &copies}, 1);
  const auto second = make_own_row_convolution(shape, {w.data(), {1, 16, 0}, nullptr, &copies}, 1);
  const auto result = [&](RowConvolution& rows) {
    rows.compute(in.data(), y.data(), 1, 0);
    return y;
  };
  first->pack(1);
  const Floats old = result(*first);
  std::ranges::fill(w, 0.0F);
  second->pack(1);  // nobody has said that they changed
  CHECK(result(*second) == old);
  second->pack(2);
  CHECK(result(*first) == Floats(16));
}

}  // namespace
}  // namespace weft
