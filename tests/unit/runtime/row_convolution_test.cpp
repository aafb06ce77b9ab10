// Rows through size classes: right, the same bits in any cut, by either of oneDNN's primitives; and
// packed weights that are shared.
#include "runtime/kernels/onednn/row_convolution.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "runtime/kernels/counters.h"
#include "runtime/resources/threads.h"
#include "tests/support/random_floats.h"

namespace weft {
namespace {

using Floats = std::vector<float>;

// act(bias + in W) of a shape of one tap, w[in, out].
double expected(const ConvolutionShape& shape, const Floats& in, const Floats& w,
                const Floats& bias, std::int64_t row, std::int64_t out) {
  double sum = shape.bias ? static_cast<double>(bias[static_cast<std::size_t>(out)]) : 0.0;
  for (std::int64_t k = 0; k < shape.in; ++k) {
    sum += static_cast<double>(in[static_cast<std::size_t>(row * shape.in + k)]) *
           static_cast<double>(w[static_cast<std::size_t>(k * shape.out + out)]);
  }
  return activate(shape.act, sum);
}

const std::vector<ConvolutionShape> kShapes{
    {64, 33},
    {13, 100, 1, 1, 1, true, Activation::relu},
    {96, 96, 1, 1, 1, true, Activation::gelu},
    {128, 40, 1, 1, 1, true},
    {40, 56, 1, 1, 1, true, Activation::gelu_tanh},
    {2048, 512},  // of the largest class too
};

constexpr std::int64_t kRows = 700;

TEST_CASE("rows are right and have the same bits in any cut, by either primitive") {
  const SingleThreadedLibraries single;
  for (const ConvolutionShape& shape : kShapes) {
    CAPTURE(shape.in);
    CAPTURE(shape.out);
    const Floats in = random_floats(kRows * shape.in, 1);
    const Floats w = random_floats(shape.in * shape.out, 2), bias = random_floats(shape.out, 3);
    const RowWeights weights{w.data(), {1, shape.out, 0}, bias.data()};
    for (const RowForm form : {RowForm::convolution, RowForm::product}) {
      OnednnConvolution rows(shape, weights, 1, RowClasses::of(shape, form));
      rows.pack(1);
      Floats whole(static_cast<std::size_t>(kRows * shape.out));
      rows.compute(in.data(), whole.data(), kRows, 0);
      for (std::int64_t row = 0; row < kRows; row += 50) {
        for (std::int64_t out = 0; out < shape.out; ++out) {
          const double found =
              static_cast<double>(whole[static_cast<std::size_t>(row * shape.out + out)]);
          REQUIRE(std::abs(found - expected(shape, in, w, bias, row, out)) < 1e-4);
        }
      }
      for (const std::int64_t cut : {1, 2, 3, 7, 8, 9, 64, 65, 131, 300}) {
        CAPTURE(cut);
        Floats parts(whole.size());
        for (std::int64_t row = 0; row < kRows; row += cut) {
          rows.compute(in.data() + row * shape.in, parts.data() + row * shape.out,
                       std::min(cut, kRows - row), 0);
        }
        REQUIRE(std::equal(whole.begin(), whole.end(), parts.begin()));
      }
    }
  }
}

TEST_CASE("what is found about a shape is found once") {
  const SingleThreadedLibraries single;
  const ConvolutionShape shape{48, 56, 1, 1, 1, true};
  const Floats w = random_floats(48 * 56, 2), bias = random_floats(56, 3);
  const RowWeights weights{w.data(), {1, 56, 0}, bias.data()};
  OnednnConvolution first(shape, weights, 1);
  const std::int64_t probed = onednn_primitives_created();
  OnednnConvolution second(shape, weights, 1);
  CHECK(onednn_primitives_created() == probed + 1);  // its own base class
}

TEST_CASE("packed weights of one order are shared, and made again when their version has moved") {
  const SingleThreadedLibraries single;
  const ConvolutionShape shape{32, 48};
  Floats w = random_floats(32 * 48, 2);
  const Floats in = random_floats(8 * 32, 1), none;
  PackedCopies copies;
  OnednnConvolution first(shape, {w.data(), {1, 48, 0}, nullptr, &copies}, 1);
  OnednnConvolution second(shape, {w.data(), {1, 48, 0}, nullptr, &copies}, 1);
  Floats y(8 * 48);
  const auto check_row = [&](OnednnConvolution& rows, const Floats& of) {
    rows.compute(in.data(), y.data(), 8, 0);
    for (std::int64_t out = 0; out < 48; ++out) {
      const double found = static_cast<double>(y[static_cast<std::size_t>(out)]);
      REQUIRE(std::abs(found - expected(shape, in, of, none, 0, out)) < 1e-4);
    }
  };
  first.pack(1);
  check_row(first, w);
  const Floats old = w;
  for (float& x : w) x = -2 * x;
  second.pack(1);  // nobody has said that they changed
  check_row(second, old);
  second.pack(2);
  check_row(second, w);
  check_row(first, w);
  // The transposed matrix is another copy.
  const ConvolutionShape back{48, 32};
  OnednnConvolution other(back, {w.data(), {48, 1, 0}, nullptr, &copies}, 1);
  other.pack(2);
  const Floats dy = random_floats(48, 4);
  Floats dx(32);
  other.compute(dy.data(), dx.data(), 1, 0);
  double sum = 0;
  for (std::size_t k = 0; k < 48; ++k) {
    sum += static_cast<double>(dy[k]) * static_cast<double>(w[5 * 48 + k]);
  }
  CHECK(std::abs(static_cast<double>(dx[5]) - sum) < 1e-4);
}

TEST_CASE("weights that are shared are packed into scratch in the first run, then kept") {
  const SingleThreadedLibraries single;
  const ConvolutionShape shape{32, 48};
  Floats w = random_floats(32 * 48, 2), v = random_floats(32 * 48, 3);
  const Floats in = random_floats(8 * 32, 1), none;
  PackedCopies copies;
  const auto scratch = std::make_shared<PackedScratch>();
  const auto rows_of = [&](const Floats& of) {
    return RowWeights{of.data(), {1, 48, 0}, nullptr, &copies, scratch};
  };
  OnednnConvolution first(shape, rows_of(w), 1), second(shape, rows_of(v), 1);
  Floats y(8 * 48);
  const auto run = [&](OnednnConvolution& rows, const Floats& of) {
    rows.pack(1);
    rows.compute(in.data(), y.data(), 8, 0);
    for (std::int64_t out = 0; out < 48; ++out) {
      const double found = static_cast<double>(y[static_cast<std::size_t>(out)]);
      REQUIRE(std::abs(found - expected(shape, in, of, none, 0, out)) < 1e-4);
    }
  };
  run(first, w);
  run(second, v);  // over the weights of the first
  for (float& x : w) x = -2 * x;
  run(first, w);  // packed again, and kept
  const Floats kept = w;
  for (float& x : w) x = -2 * x;
  run(second, v);
  run(first, kept);
  // Copies that are kept serve the first run of another.
  OnednnConvolution third(shape, rows_of(w), 1);
  run(third, kept);
}

TEST_CASE("a copy lives as long as it is used") {
  PackedCopies copies;
  const int tensor = 0;
  std::shared_ptr<PackedCopy> first = copies.find_or_make(&tensor, "order", 64);
  CHECK((copies.find_or_make(&tensor, "order", 64) == first));
  CHECK((copies.find_or_make(&tensor, "other", 64) != first));
  int made = 0;
  const auto make = [&](std::byte*) { ++made; };
  first->refresh(1, make);
  first->refresh(1, make);
  CHECK(made == 1);
  first->refresh(0, make);
  first->refresh(0, make);
  CHECK(made == 3);
  CHECK((copies.find(&tensor, "order") == first));
  first.reset();
  CHECK((copies.find(&tensor, "order") == nullptr));
  copies.find_or_make(&tensor, "order", 64)->refresh(1, make);
  CHECK(made == 4);
}

}  // namespace
}  // namespace weft
