// Random numbers by hash, and the dropout made of them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>

#include "ir/random.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

Tensor dropped(double rate, int seed, int step, int stream, std::int64_t rows = 1000) {
  return run_sample(
      fmt::format("input %x : f32[N, 100]\n input %seed : i32[]\n input %step : i32[]\n"
                  "%y = dropout(%x, %seed, %step) rate={:.3f} stream={}",
                  rate, stream),
      {{{}, rows},
       {{"x", Numbers(static_cast<std::size_t>(rows) * 100, 1.0)},
        {"seed", {static_cast<double>(seed)}},
        {"step", {static_cast<double>(step)}}}})[0];
}

TEST_CASE("dropout keeps its share, scales it, and differs between seeds, steps and streams") {
  for (const double rate : {0.1, 0.5, 0.9}) {
    const Tensor y = dropped(rate, 1, 1, 0);
    double kept = 0;
    for (const double value : y.data) {
      const bool expected = value == 0 || std::abs(value * (1 - rate) - 1) < 1e-12;
      REQUIRE(expected);
      kept += value != 0;
    }
    const auto n = static_cast<double>(y.size());
    CHECK(std::abs(kept - n * (1 - rate)) < 4 * std::sqrt(n * rate * (1 - rate)));  // four sigmas
  }
  check_numbers(dropped(0.0, 1, 1, 0, 1), Numbers(100, 1.0));
  const Tensor y = dropped(0.5, 1, 1, 0);
  CHECK(dropped(0.5, 1, 1, 0).data == y.data);
  // Two masks that have nothing to do with one another agree in half of the elements.
  for (const Tensor& other : {dropped(0.5, 2, 1, 0), dropped(0.5, 1, 2, 0), dropped(0.5, 1, 1, 1),
                              dropped(0.5, -1, 1, 0)}) {
    double same = 0;
    for (std::size_t i = 0; i < y.data.size(); ++i) same += y.data[i] == other.data[i];
    CHECK(std::abs(same - 50000) < 4 * std::sqrt(25000.0));
  }
}

TEST_CASE("token_dropout makes its share of the words unknown and leaves the others as they are") {
  const auto ids_after = [](double rate, int step) {
    Numbers ids(40000);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<double>(i + 1);
    Graph graph =
        parse_one(fmt::format("program @p {{\n symbol T <= 40000\n input %ids : i32[T]\n"
                              "input %seed : i32[]\n input %step : i32[]\n"
                              "%y = token_dropout(%ids, %seed, %step) rate={:.3f} stream=4\n}}",
                              rate));
    graph.results = graph.nodes.back().outputs;
    Bindings given{{"ids", Tensor({40000})}, {"seed", Tensor({}, 1)}, {"step", Tensor({}, step)}};
    given["ids"].data = ids;
    return interpret(graph, given).results[0].data;
  };
  for (const double rate : {0.0, 0.1, 0.5}) {
    const Numbers y = ids_after(rate, 3);
    double dropped_words = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const bool expected = y[i] == 0 || y[i] == static_cast<double>(i + 1);
      REQUIRE(expected);
      dropped_words += y[i] == 0;
    }
    CHECK(std::abs(dropped_words - 40000 * rate) <= 4 * std::sqrt(40000 * rate * (1 - rate)));
    CHECK(ids_after(rate, 3) == y);
    if (rate > 0) CHECK(ids_after(rate, 4) != y);
  }
}

TEST_CASE("random bits: every bit is fair, changes with every bit of the index, and is fixed") {
  const RandomKey key = random_key(3, 5, 7);
  std::array<int, 32> ones{};
  for (std::uint32_t i = 0; i < 10000; ++i) {
    for (std::size_t bit = 0; bit < 32; ++bit) ones[bit] += (random_bits(key, i) >> bit) & 1U;
  }
  for (const int count : ones) CHECK(std::abs(count - 5000) < 4 * 50);
  for (int bit = 0; bit < 32; ++bit) {
    int flips = 0;
    for (std::uint32_t i = 0; i < 1000; ++i) {
      flips += std::popcount(random_bits(key, i) ^ random_bits(key, i ^ (1U << bit)));
    }
    CHECK(std::abs(flips / 1000.0 - 16) < 1);
  }
  // SplitMix64 from state 0: the published first output of its finaliser.
  CHECK(mix64(0x9E3779B97F4A7C15U) == 0xE220A8397B1DCDAFU);
  CHECK(dropout_threshold(0.5) == 0x80000000U);
  CHECK(dropout_threshold(0.0) == 0);
}

}  // namespace
}  // namespace weft
