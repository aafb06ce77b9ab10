// Packed attention and its gradients against plain loops in double, for every instruction set.
#include "runtime/kernels/simd/attention.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tests/support/every_target.h"

namespace weft {
namespace {

using simd::Attention;
using simd::AttentionScratch;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;
using Offsets = std::vector<std::int32_t>;

// With memory even where there is none of them: a null pointer has no columns to point at.
Floats floats(std::size_t count, float value) {
  Floats numbers;
  numbers.reserve(count + 1);
  numbers.assign(count, value);
  return numbers;
}

Floats random_floats(std::size_t count, std::int64_t stream) {
  Floats numbers = floats(count, 0.0F);
  for (std::uint32_t i = 0; i < count; ++i) {
    numbers[i] = static_cast<float>(4.0 * random_uniform(random_key(1, 2, stream), i) - 2.0);
  }
  return numbers;
}

Offsets offsets_of(const std::vector<std::int32_t>& lengths) {
  Offsets offsets{0};
  for (const std::int32_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

std::size_t size_of(std::int64_t rows, std::int64_t columns) {
  return static_cast<std::size_t>(rows * columns);
}

// One query row's probabilities, and the factors of dropout, of keys [begin, end) of a head.
struct Asked {
  Doubles p, kept;
};

// Matrices as the ops have them: row i of q, k, v of a head begins at data + i * stride.
struct Head {
  const float *q, *k, *v;
  std::int64_t q_stride, kv_stride, head;
};

Asked ask(const Attention& shape, const Head& h, std::int64_t row, std::int64_t begin,
          std::int64_t end) {
  Asked asked;
  for (std::int64_t t = begin; t < end; ++t) {
    double score = 0;
    for (std::int64_t c = 0; c < shape.width; ++c) {
      score += static_cast<double>(h.q[row * h.q_stride + c]) *
               static_cast<double>(h.k[t * h.kv_stride + c]);
    }
    asked.p.push_back(score * static_cast<double>(shape.scale));
  }
  const double max = *std::ranges::max_element(asked.p);
  double sum = 0;
  for (double& x : asked.p) sum += x = std::exp(x - max);
  for (double& x : asked.p) x /= sum;
  const RandomKey key = attention_key(shape.key, row, h.head);
  for (std::uint32_t j = 0; j < asked.p.size(); ++j) {
    const bool drop = random_bits(key, j) < shape.threshold;
    asked.kept.push_back(drop ? 0.0 : static_cast<double>(shape.factor));
  }
  return asked;
}

struct Expected {
  Doubles y, dq, dk, dv;  // [rows, H] each
};

// `queries`: rows of q, y, dq; one per sequence if `pooled`, else as many as of k and v.
Expected expect(const Attention& shape, const Offsets& offsets, const Head& first, const Floats& dy,
                bool pooled) {
  const std::int64_t all = shape.columns(), d = shape.width, rows = offsets.back();
  const auto sequences = static_cast<std::int64_t>(offsets.size()) - 1;
  const std::int64_t queries = pooled ? sequences : rows;
  Expected e{Doubles(size_of(queries, all)), Doubles(size_of(queries, all)),
             Doubles(size_of(rows, all)), Doubles(size_of(rows, all))};
  for (std::int64_t b = 0; b < sequences; ++b) {
    const std::int64_t begin = offsets[static_cast<std::size_t>(b)];
    const std::int64_t end = offsets[static_cast<std::size_t>(b) + 1];
    const std::int64_t from = pooled ? b : begin, until = pooled ? b + (end > begin ? 1 : 0) : end;
    for (std::int64_t row = from; row < until; ++row) {
      for (std::int64_t head = 0; head < shape.heads; ++head) {
        const Head h{first.q + head * d, first.k + head * d, first.v + head * d,
                     first.q_stride,     first.kv_stride,    head};
        const bool causal = shape.causal && !pooled;
        const Asked asked = ask(shape, h, row, begin, causal ? row + 1 : end);
        const std::size_t at = size_of(row, all) + static_cast<std::size_t>(head * d);
        Doubles dp(asked.p.size());
        double dot = 0;
        for (std::size_t j = 0; j < dp.size(); ++j) {
          const std::int64_t t = begin + static_cast<std::int64_t>(j);
          const std::size_t to = size_of(t, all) + static_cast<std::size_t>(head * d);
          for (std::size_t c = 0; c < static_cast<std::size_t>(d); ++c) {
            const double v = static_cast<double>(h.v[size_of(t, h.kv_stride) + c]);
            const double g = static_cast<double>(dy[at + c]);
            e.y[at + c] += asked.p[j] * asked.kept[j] * v;
            e.dv[to + c] += asked.p[j] * asked.kept[j] * g;
            dp[j] += g * v * asked.kept[j];
          }
          dot += asked.p[j] * dp[j];
        }
        for (std::size_t j = 0; j < dp.size(); ++j) {
          const std::int64_t t = begin + static_cast<std::int64_t>(j);
          const std::size_t to = size_of(t, all) + static_cast<std::size_t>(head * d);
          const double ds = asked.p[j] * (dp[j] - dot) * static_cast<double>(shape.scale);
          for (std::size_t c = 0; c < static_cast<std::size_t>(d); ++c) {
            e.dq[at + c] += ds * static_cast<double>(h.k[size_of(t, h.kv_stride) + c]);
            e.dk[to + c] += ds * static_cast<double>(h.q[size_of(row, h.q_stride) + c]);
          }
        }
      }
    }
  }
  return e;
}

// Columns [column, column + width) of rows of `found` against `expected`.
void check_close(const Floats& found, std::int64_t stride, std::int64_t column, std::int64_t width,
                 const Doubles& expected) {
  double largest = 1.0;
  for (const double y : expected) largest = std::max(largest, std::abs(y));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::size_t row = i / static_cast<std::size_t>(width);
    const std::size_t c = i % static_cast<std::size_t>(width);
    const float x =
        found[row * static_cast<std::size_t>(stride) + static_cast<std::size_t>(column) + c];
    if (std::abs(static_cast<double>(x) - expected[i]) <= 1e-5 * largest) continue;
    CAPTURE(row);
    CAPTURE(c);
    CAPTURE(column);
    REQUIRE(static_cast<double>(x) == expected[i]);
  }
}

struct Case {
  std::vector<std::int32_t> lengths;
  std::int64_t heads, width;
  bool causal = false;
  double dropout = 0;
};

const std::vector<Case> kCases{
    {{0}, 2, 8},
    {{1}, 1, 5},
    {{7, 0, 8, 9, 1}, 3, 8},
    {{7, 0, 8, 9, 1}, 3, 5, true},
    {{33, 12, 13}, 2, 32},
    {{33, 12, 13}, 2, 32, true, 0.1},
    {{130}, 1, 64, true},
    {{9, 130, 0, 24}, 2, 64, false, 0.3},
    {{25, 33}, 2, 5, false, 0.5},
    {{0, 0, 33, 16, 15, 17}, 1, 20, true},
};

Attention shape_of(const Case& c) {
  Attention shape{.heads = c.heads,
                  .width = c.width,
                  .scale = 1.0F / std::sqrt(static_cast<float>(c.width)),
                  .causal = c.causal};
  if (c.dropout > 0) {
    shape.key = random_key(3, 4, 5);
    shape.threshold = dropout_threshold(c.dropout);
    shape.factor = static_cast<float>(1.0 / (1.0 - c.dropout));
  }
  return shape;
}

std::int64_t longest(const Case& c) { return *std::ranges::max_element(c.lengths); }

TEST_CASE("attention and its gradient agree with plain loops") {
  for (const Case& c : kCases) {
    CAPTURE(c.lengths);
    CAPTURE(c.width);
    const Attention shape = shape_of(c);
    const Offsets offsets = offsets_of(c.lengths);
    const std::int64_t all = shape.columns(), rows = offsets.back();
    const Floats qkv = random_floats(size_of(rows, 3 * all), 1);
    const Floats dy = random_floats(size_of(rows, all), 2);
    const Head first{qkv.data(), qkv.data() + all, qkv.data() + 2 * all, 3 * all, 3 * all, 0};
    const Expected expected = expect(shape, offsets, first, dy, false);
    with_every_target([&] {
      for (const int threads : {1, 2}) {
        const AttentionScratch scratch(threads, longest(c), c.width, false);
        const AttentionScratch more(threads, longest(c), c.width, true);
        Floats y = floats(size_of(rows, all), NAN), dqkv = floats(size_of(rows, 3 * all), NAN);
        simd::attention(shape, offsets, qkv.data(), y.data(), scratch, threads);
        simd::attention_grad(shape, offsets, qkv.data(), dy.data(), dqkv.data(), more, threads);
        check_close(y, all, 0, all, expected.y);
        check_close(dqkv, 3 * all, 0, all, expected.dq);
        check_close(dqkv, 3 * all, all, all, expected.dk);
        check_close(dqkv, 3 * all, 2 * all, all, expected.dv);
      }
    });
  }
}

TEST_CASE("pooling attention and its gradient agree with plain loops") {
  for (const Case& c : kCases) {
    CAPTURE(c.lengths);
    CAPTURE(c.width);
    const Attention shape = shape_of(c);
    const Offsets offsets = offsets_of(c.lengths);
    const std::int64_t all = shape.columns(), rows = offsets.back();
    const auto sequences = static_cast<std::int64_t>(c.lengths.size());
    const Floats q = random_floats(size_of(sequences, all), 1);
    const Floats kv = random_floats(size_of(rows, 2 * all), 2);
    const Floats dy = random_floats(size_of(sequences, all), 3);
    const Head first{q.data(), kv.data(), kv.data() + all, all, 2 * all, 0};
    const Expected expected = expect(shape, offsets, first, dy, true);
    with_every_target([&] {
      for (const int threads : {1, 2}) {
        const AttentionScratch scratch(threads, longest(c), c.width, false);
        const AttentionScratch more(threads, longest(c), c.width, true);
        Floats y = floats(q.size(), NAN), dq = floats(q.size(), NAN), dkv = floats(kv.size(), NAN);
        simd::pool_attention(shape, offsets, q.data(), kv.data(), y.data(), scratch, threads);
        simd::pool_attention_grad(shape, offsets, q.data(), kv.data(), dy.data(), dq.data(),
                                  dkv.data(), more, threads);
        check_close(y, all, 0, all, expected.y);
        check_close(dq, all, 0, all, expected.dq);
        check_close(dkv, 2 * all, 0, all, expected.dk);
        check_close(dkv, 2 * all, all, all, expected.dv);
      }
    });
  }
}

TEST_CASE("scores far apart and equal ones give what they should") {
  const Attention shape{.heads = 1, .width = 8, .scale = 1.0F};
  const Offsets offsets{0, 3};
  Floats qkv(3 * 24, 0.0F);
  for (std::size_t row = 0; row < 3; ++row) {
    qkv[row * 24] = 100.0F;                               // q
    qkv[row * 24 + 8] = row == 1 ? 50.0F : -50.0F;        // k: 5000 or -5000
    qkv[row * 24 + 16] = static_cast<float>(row) + 1.0F;  // v
  }
  with_every_target([&] {
    const AttentionScratch scratch(1, 3, 8, false);
    Floats y(24, NAN);
    simd::attention(shape, offsets, qkv.data(), y.data(), scratch, 1);
    for (std::size_t row = 0; row < 3; ++row) CHECK(y[row * 8] == 2.0F);
  });
}

TEST_CASE("a sequence's attention has the same bits alone, in any batch, on any threads") {
  const Case c{{5, 40, 0, 33, 1, 64, 26}, 4, 16, true};
  const Attention shape = shape_of(c);
  const Offsets offsets = offsets_of(c.lengths);
  const std::int64_t all = shape.columns(), rows = offsets.back();
  const Floats qkv = random_floats(size_of(rows, 3 * all), 1);
  const Floats dy = random_floats(size_of(rows, all), 2);
  for (const int threads : {1, 2, 3}) {
    const AttentionScratch scratch(threads, rows, c.width, true);
    Floats y(size_of(rows, all)), dqkv(size_of(rows, 3 * all));
    simd::attention(shape, offsets, qkv.data(), y.data(), scratch, threads);
    simd::attention_grad(shape, offsets, qkv.data(), dy.data(), dqkv.data(), scratch, threads);
    for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
      const std::int64_t begin = offsets[b], length = offsets[b + 1] - begin;
      const Offsets alone{0, static_cast<std::int32_t>(length)};
      Floats own_y(size_of(length, all)), own_dqkv(size_of(length, 3 * all));
      simd::attention(shape, alone, qkv.data() + begin * 3 * all, own_y.data(), scratch, 1);
      simd::attention_grad(shape, alone, qkv.data() + begin * 3 * all, dy.data() + begin * all,
                           own_dqkv.data(), scratch, 1);
      REQUIRE(std::equal(own_y.begin(), own_y.end(), y.begin() + begin * all));
      REQUIRE(std::equal(own_dqkv.begin(), own_dqkv.end(), dqkv.begin() + begin * 3 * all));
    }
  }
}

}  // namespace
}  // namespace weft
