// Layer normalisation with a residual, and its gradients, against plain loops in double.
#include "runtime/kernels/simd/norm.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ir/random.h"
#include "tests/support/every_target.h"

namespace weft {
namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

constexpr double kEpsilon = 1e-12;  // BERT's: nothing hides behind it

Floats random_floats(std::int64_t count, std::int64_t stream, double center = 0.0) {
  Floats numbers(static_cast<std::size_t>(count));
  for (std::uint32_t i = 0; i < numbers.size(); ++i) {
    numbers[i] =
        static_cast<float>(center + 2.0 * random_uniform(random_key(7, 8, stream), i) - 1.0);
  }
  return numbers;
}

double at(const Floats& x, std::size_t i) { return static_cast<double>(x[i]); }

struct Expected {
  Doubles y, mean, rstd, dx, dgamma, dbeta;
};

Expected expect(const Floats& s, const Floats& gamma, const Floats& beta, const Floats& dy) {
  const std::size_t n = gamma.size(), rows = s.size() / n;
  const auto count = static_cast<double>(n);
  Expected e{Doubles(s.size()), {}, {}, Doubles(s.size()), Doubles(n), Doubles(n)};
  for (std::size_t row = 0; row < rows; ++row) {
    double sum = 0, square = 0, first = 0, second = 0;
    for (std::size_t c = 0; c < n; ++c) sum += at(s, row * n + c);
    const double mean = sum / count;
    for (std::size_t c = 0; c < n; ++c) square += std::pow(at(s, row * n + c) - mean, 2);
    const double rstd = 1.0 / std::sqrt(square / count + kEpsilon);
    for (std::size_t c = 0; c < n; ++c) {
      const double normal = (at(s, row * n + c) - mean) * rstd, d = at(dy, row * n + c);
      e.y[row * n + c] = normal * at(gamma, c) + at(beta, c);
      e.dgamma[c] += d * normal;
      e.dbeta[c] += d;
      first += d * at(gamma, c);
      second += d * at(gamma, c) * normal;
    }
    for (std::size_t c = 0; c < n; ++c) {
      const double normal = (at(s, row * n + c) - mean) * rstd;
      const double d = at(dy, row * n + c) * at(gamma, c);
      e.dx[row * n + c] = rstd * (d - first / count - normal * second / count);
    }
    e.mean.push_back(mean);
    e.rstd.push_back(rstd);
  }
  return e;
}

void check_close(const Floats& found, const Doubles& expected, double bound = 1e-5) {
  REQUIRE(found.size() == expected.size());
  double largest = 1.0;
  for (const double y : expected) largest = std::max(largest, std::abs(y));
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::abs(at(found, i) - expected[i]) <= bound * largest) continue;
    CAPTURE(i);
    REQUIRE(at(found, i) == expected[i]);
  }
}

TEST_CASE("layer_norm with and without a residual agrees with plain loops") {
  for (const std::int64_t width : {2, 5, 8, 33, 64, 384, 771}) {
    for (const std::int64_t rows : {0, 1, 9}) {
      CAPTURE(width);
      CAPTURE(rows);
      const Floats x = random_floats(rows * width, 1), residual = random_floats(rows * width, 2);
      const Floats gamma = random_floats(width, 3), beta = random_floats(width, 4);
      Floats both = x;
      for (std::size_t i = 0; i < both.size(); ++i) both[i] += residual[i];
      const Expected alone = expect(x, gamma, beta, x), added = expect(both, gamma, beta, x);
      with_every_target([&] {
        Floats y(x.size(), NAN), sum(x.size(), NAN);
        Floats mean(static_cast<std::size_t>(rows), NAN), rstd = mean;
        simd::LayerNorm norm{.width = width,
                             .epsilon = kEpsilon,
                             .x = x.data(),
                             .gamma = gamma.data(),
                             .beta = beta.data(),
                             .y = y.data()};
        simd::layer_norm(norm, 0, rows);
        check_close(y, alone.y);
        norm.residual = residual.data();
        norm.mean = mean.data();
        norm.rstd = rstd.data();
        norm.sum = sum.data();
        simd::layer_norm(norm, 0, rows);
        check_close(y, added.y);
        check_close(mean, added.mean);
        check_close(rstd, added.rstd);
        REQUIRE(std::equal(sum.begin(), sum.end(), both.begin()));
        norm.sum = nullptr;
        Floats in_place = x;
        norm.x = norm.y = in_place.data();
        simd::layer_norm(norm, 0, rows);
        REQUIRE(std::equal(y.begin(), y.end(), in_place.begin()));
      });
    }
  }
}

TEST_CASE("a mean far from zero costs no more than the inputs' own rounding") {
  constexpr std::int64_t width = 384;
  const Floats x = random_floats(4 * width, 1, 1000.0), ones(width, 1.0F), zeros(width, 0.0F);
  const Expected expected = expect(x, ones, zeros, x);
  with_every_target([&] {
    Floats y(x.size());
    simd::layer_norm({.width = width,
                      .epsilon = kEpsilon,
                      .x = x.data(),
                      .gamma = ones.data(),
                      .beta = zeros.data(),
                      .y = y.data()},
                     0, 4);
    // A float mean of about 1000 is off by 3e-5, the row's deviation being 0.6.
    check_close(y, expected.y, 1e-4);
  });
}

TEST_CASE("layer_norm_grad agrees with plain loops, in any cut of its blocks") {
  for (const std::int64_t width : {2, 5, 33, 384, 771}) {
    for (const std::int64_t rows : {0, 1, 64, 150}) {
      CAPTURE(width);
      CAPTURE(rows);
      const Floats x = random_floats(rows * width, 1), dy = random_floats(rows * width, 2);
      const Floats gamma = random_floats(width, 3), beta(gamma.size());
      const Expected expected = expect(x, gamma, beta, dy);
      const Floats mean(expected.mean.begin(), expected.mean.end());
      const Floats rstd(expected.rstd.begin(), expected.rstd.end());
      with_every_target([&] {
        const std::int64_t blocks = simd::norm_blocks(rows);
        // One block at least: a null pointer has no second half to point at.
        Floats dx = dy;
        Floats partial(static_cast<std::size_t>(2 * std::max<std::int64_t>(1, blocks) * width),
                       NAN);
        Floats dgamma(gamma.size(), NAN), dbeta(gamma.size(), NAN);
        const simd::LayerNormGrad grad{.width = width,
                                       .x = x.data(),
                                       .gamma = gamma.data(),
                                       .mean = mean.data(),
                                       .rstd = rstd.data(),
                                       .dy = dx.data(),
                                       .dx = dx.data(),
                                       .partial = partial.data()};
        simd::layer_norm_grad(grad, rows, 0, blocks);
        simd::layer_norm_sums(grad, rows, dgamma.data(), dbeta.data());
        // Of two columns the gradient is a difference that all but vanishes, times a large rstd.
        if (width > 2) check_close(dx, expected.dx, 2e-5);
        check_close(dgamma, expected.dgamma);
        check_close(dbeta, expected.dbeta);
        Floats again = dy;
        simd::LayerNormGrad other = grad;
        other.dy = other.dx = again.data();
        for (std::int64_t block = blocks; block-- > 0;) {
          simd::layer_norm_grad(other, rows, block, block + 1);
        }
        Floats same_gamma(gamma.size()), same_beta(gamma.size());
        simd::layer_norm_sums(other, rows, same_gamma.data(), same_beta.data());
        REQUIRE(std::equal(dx.begin(), dx.end(), again.begin()));
        REQUIRE(std::equal(dgamma.begin(), dgamma.end(), same_gamma.begin()));
        REQUIRE(std::equal(dbeta.begin(), dbeta.end(), same_beta.begin()));
      });
    }
  }
}

TEST_CASE("a row's norm has the same bits wherever it stands") {
  constexpr std::int64_t width = 300, rows = 7;
  Floats x = random_floats(width, 1);
  for (std::int64_t row = 1; row < rows; ++row) x.insert(x.end(), x.begin(), x.begin() + width);
  const Floats gamma = random_floats(width, 3), beta = random_floats(width, 4);
  Floats y(x.size());
  simd::layer_norm({.width = width,
                    .epsilon = 1e-5,
                    .x = x.data(),
                    .gamma = gamma.data(),
                    .beta = beta.data(),
                    .y = y.data()},
                   0, rows);
  for (std::int64_t row = 1; row < rows; ++row) {
    REQUIRE(std::equal(y.begin(), y.begin() + width, y.begin() + row * width));
  }
}

}  // namespace
}  // namespace weft
