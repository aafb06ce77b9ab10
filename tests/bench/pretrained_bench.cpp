// Times the reading of a BERT-base-sized folder (110 M random parameters, 440 MB), written first.
//
//   weft_bench_pretrained FOLDER [THREADS]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <vector>

#include "frontend/pretrained/pretrained_model.h"
#include "frontend/pretrained/write_pretrained.h"

namespace weft {
namespace {

PretrainedConfig bert_base() {
  PretrainedConfig config;
  config.family = "bert";
  config.layers = 12, config.width = 768, config.heads = 12, config.inner = 3072;
  config.positions = 512, config.types = 2, config.vocabulary = 30'522;
  config.epsilon = 1e-12;
  return config;
}

template <typename F>
void time(const char* what, const F& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  fmt::print("{}: {:.3f} s\n", what, seconds.count());
}

void run(const std::string& folder, int threads) {
  const PretrainedConfig config = bert_base();
  const std::vector<PretrainedWeight> weights = pretrained_weights(config, true);
  std::int64_t total = 0, largest = 0;
  for (const PretrainedWeight& weight : weights) {
    total += elements_of(weight.shape);
    largest = std::max(largest, elements_of(weight.shape));
  }
  std::vector<float> random(static_cast<std::size_t>(largest));
  std::minstd_rand generator(1);  // NOLINT: the same each time
  for (float& x : random) x = std::uniform_real_distribution<float>(-0.05F, 0.05F)(generator);
  time("write", [&] {
    write_pretrained(folder, config, "bert.", [&](const std::string& name) {
      const auto at = std::ranges::find(weights, name, &PretrainedWeight::name);
      return std::span<const float>(random).first(static_cast<std::size_t>(elements_of(at->shape)));
    });
  });
  std::vector<float> values(static_cast<std::size_t>(total));
  for (const char* round : {"read, fresh memory", "read again"}) {
    time(round, [&] {
      const PretrainedModel model(folder);
      auto into = std::span(values);
      for (const PretrainedWeight& weight : model.weights()) {
        const auto size = static_cast<std::size_t>(elements_of(weight.shape));
        model.read(weight.name, into.first(size), threads);
        into = into.subspan(size);
      }
    });
  }
  fmt::print("{} parameters, {} threads\n", total, threads);
}

}  // namespace
}  // namespace weft

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: weft_bench_pretrained FOLDER [THREADS]\n");
    return 2;
  }
  weft::run(argv[1], argc > 2 ? std::atoi(argv[2]) : 1);  // NOLINT: a bench
  return 0;
}
