// Attention and the rows of sequences, against numbers worked out by hand or by PyTorch 2.13 in
// double, and the equivalences that passes rely on.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "ir/op.h"
#include "ir/ops/nn/attention.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

const std::string kOffsets = "input %from : i32[B+1 -> T]\n";

TEST_CASE("positions count from `first` in each sequence") {
  const std::string head = kOffsets + "input %x : f32[T, 1]\n";
  check_numbers(run_sample(head + "%y = positions(%from) first=2", {{{3, 0, 1, 2}}})[0],
                {2, 3, 4, 2, 2, 3});
  check_numbers(run_sample(head + "%y = positions(%from)", {{{0, 2}}})[0], {0, 1});
}

TEST_CASE("pick_row takes the first or last row, and zeros of an empty sequence") {
  const std::string head = kOffsets + "input %x : f32[T, 2]\n";
  const Given given{{{2, 0, 1}}, {{"x", {1, 2, 3, 4, 5, 6}}}};
  check_numbers(run_sample(head + "%y = pick_row(%x, %from)", given)[0], {1, 2, 0, 0, 5, 6});
  check_numbers(run_sample(head + "%y = pick_row(%x, %from) which=\"last\"", given)[0],
                {3, 4, 0, 0, 5, 6});
}

// Softmax weights of two keys whose scores differ by `d`.
double first_of_two(double d) { return 1.0 / (1.0 + std::exp(-d)); }

TEST_CASE("attention is a softmax mean of values, for each head and sequence by itself") {
  // One head of one column: q, k, v of three rows in sequences of 2 and 1.
  const std::string head = kOffsets + "input %x : f32[T, 3]\n";
  const Given given{{{2, 1}}, {{"x", {1, 2, 10, -1, 0.5, 20, 3, 4, 30}}}};
  const double a = first_of_two(1 * (2 - 0.5)), b = first_of_two(-1 * (2 - 0.5));
  check_numbers(run_sample(head + "%y = attention(%x, %from) heads=1", given)[0],
                {10 * a + 20 * (1 - a), 10 * b + 20 * (1 - b), 30});
  check_numbers(run_sample(head + "%y = attention(%x, %from) heads=1 causal=1", given)[0],
                {10, 10 * b + 20 * (1 - b), 30});
  const double half = first_of_two(0.5 * (2 - 0.5));
  check_numbers(run_sample(head + "%y = attention(%x, %from) heads=1 scale=0.5", given)[0],
                {10 * half + 20 * (1 - half), 10 * (1 - half) + 20 * half, 30});
}

TEST_CASE("heads lie side by side, and scores are divided by the root of their width") {
  // Two heads of two columns, two rows: q[4] k[4] v[4].
  const std::string head = kOffsets + "input %x : f32[T, 12]\n";
  const Given given{{{2}}, {{"x", {1, 0, 0, 2, /**/ 1, 1, 1, 1, /**/ 1, 2, 3, 4,
                                   0, 1, 1, 0, /**/ 0, 3, 1, 0, /**/ 5, 6, 7, 8}}}};
  const double root = std::sqrt(2.0);
  const double a = first_of_two((1 - 0) / root), b = first_of_two((2 - 0) / root);
  const double c = first_of_two((1 - 3) / root), d = first_of_two(0);
  const auto mean = [](double p, double x, double y) { return p * x + (1 - p) * y; };
  check_numbers(run_sample(head + "%y = attention(%x, %from) heads=2", given)[0],
                {mean(a, 1, 5), mean(a, 2, 6), mean(b, 3, 7), mean(b, 4, 8),  //
                 mean(c, 1, 5), mean(c, 2, 6), mean(d, 3, 7), mean(d, 4, 8)});
}

TEST_CASE("pool_attention is a row of attention") {
  const std::string body =
      kOffsets +
      "input %x : f32[T, 12]\n %whole = attention(%x, %from) heads=2\n"
      "%qs = slice(%x) axis=1 begin=0 end=4\n %kv = slice(%x) axis=1 begin=4 end=12\n"
      "%q = pick_row(%qs, %from)\n %expected = pick_row(%whole, %from)\n"
      "%pooled = pool_attention(%q, %kv, %from) heads=2\n %y = sub(%pooled, %expected)";
  check_numbers(run_sample(body, {{{3, 0, 1}}, {{"x", wave({4, 12}, 0.7).data}}})[0],
                std::vector<double>(12, 0.0));
}

TEST_CASE("dropout of probabilities keeps each by its own number, scaled") {
  // Equal scores: each of the 64 probabilities of a row is 1 / 64, and the values are 64.
  std::vector<double> x(std::size_t{64} * 3, 0.0);
  for (std::size_t t = 0; t < 64; ++t) x[t * 3 + 2] = 64;
  const std::string body = kOffsets +
                           "input %x : f32[T, 3]\n input %seed : i32[]\n input %step : i32[]\n"
                           "%y = attention(%x, %from, %seed, %step) heads=1 rate=0.25 stream=7";
  const Tensor y = run_sample(body, {{{64}}, {{"x", x}, {"seed", {3}}, {"step", {9}}}})[0];
  const RandomKey whole = random_key(3, 9, 7);
  for (std::int64_t t = 0; t < 64; ++t) {
    std::int64_t kept = 0;
    for (std::uint32_t j = 0; j < 64; ++j) {
      if (random_bits(attention_key(whole, t, 0), j) >= dropout_threshold(0.25)) ++kept;
    }
    CHECK(y.data[static_cast<std::size_t>(t)] ==
          doctest::Approx(static_cast<double>(kept) / 0.75).epsilon(1e-12));
  }
}

TEST_CASE("what attention refuses, and why") {
  const auto refusal = [](const std::string& line) {
    try {
      sample_program(kOffsets +
                     "input %x : f32[T, 12]\n input %q : f32[B, 4]\n input %kv : f32[T, 8]\n"
                     "input %n : f32[N, 4]\n input %seed : i32[]\n input %step : i32[]\n" +
                     line);
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  const auto refuses = [&](const std::string& line, const std::string& why) {
    CAPTURE(line);
    CHECK(refusal(line).find(why) != std::string::npos);
  };
  CHECK(refusal("%y = attention(%x, %from) heads=4").empty());
  refuses("%y = attention(%x, %from) heads=3", "4 columns cannot be cut into 3 heads");
  refuses("%y = attention(%x, %from) heads=0", "cannot be cut into 0 heads");
  refuses("%y = attention(%q, %from) heads=1", "3 parts of equal width");
  refuses("%y = attention(%x, %from) heads=2 rate=0.1", "seed and step are left out");
  refuses("%y = attention(%x, %from, %seed, %step) heads=2", "seed and step are given");
  refuses("%y = attention(%x, %from, %seed, %step) heads=2 rate=1.0", "must be at least 0");
  refuses("%y = attention(%x, %from) heads=2 scale=-1.0", "scale is -1");
  refuses("%y = pool_attention(%n, %kv, %from) heads=2", "q is f32[N, 4]");
  refuses("%y = pool_attention(%q, %x, %from) heads=2", "q is f32[B, 4]");
  refuses("%y = pick_row(%x, %from) which=\"middle\"", "which is \"middle\"");
}

}  // namespace
}  // namespace weft
