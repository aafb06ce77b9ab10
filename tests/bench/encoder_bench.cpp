// How fast the kernels of encoders are, each beside the machine's limit, on one thread.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <deque>
#include <numeric>
#include <string>
#include <vector>

#include "ir/random.h"
#include "runtime/kernels/onednn/row_convolution.h"
#include "runtime/kernels/simd/attention.h"
#include "runtime/kernels/simd/norm.h"
#include "runtime/kernels/simd/peak.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace {

using namespace weft;

double peak = 0;

// This thread's time at work: what other processes take does not count.
double now() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// The best of many short runs, in seconds: others on the machine only ever add to it.
template <typename F>
double best_time(F work) {
  double best = 1e9, all = 0;
  for (int run = 0; run < 400 && (run < 5 || all < 0.3); ++run) {
    const double start = now();
    work();
    const double time = now() - start;
    best = std::min(best, time);
    all += time;
  }
  return best;
}

std::vector<float> random_floats(std::int64_t count) {
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (std::uint32_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<float>(random_uniform(random_key(3, 1, 0), i)) - 0.5F;
  }
  return numbers;
}

void print(const std::string& name, double flops, double seconds) {
  fmt::print("{:<44} {:8.1f} us {:7.1f} GF/s {:4.0f} %\n", name, seconds * 1e6,
             flops / seconds * 1e-9, 100 * flops / seconds / peak);
}

void bench_attention(std::int64_t heads, std::int64_t width, std::int32_t length) {
  const std::int32_t sequences = 832 / length;
  std::vector<std::int32_t> offsets{0};
  for (std::int32_t b = 0; b < sequences; ++b) offsets.push_back(offsets.back() + length);
  const std::int64_t rows = offsets.back(), all = heads * width;
  const auto qkv = random_floats(rows * 3 * all), dy = random_floats(rows * all);
  std::vector<float> y(dy.size()), dqkv(qkv.size());
  simd::Attention shape{
      .heads = heads, .width = width, .scale = 1.0F / std::sqrt(static_cast<float>(width))};
  const simd::AttentionScratch scratch(1, length, width, true);
  const double product = 2.0 * static_cast<double>(rows * length * all);
  for (const double rate : {0.0, 0.1}) {
    shape.threshold = dropout_threshold(rate);
    const std::string name =
        fmt::format("{}x{} S={}{}", heads, width, length, rate > 0 ? " dropout" : "");
    print("attention " + name, 2 * product,
          best_time([&] { simd::attention(shape, offsets, qkv.data(), y.data(), scratch, 1); }));
    print("attention_grad " + name, 5 * product, best_time([&] {
            simd::attention_grad(shape, offsets, qkv.data(), dy.data(), dqkv.data(), scratch, 1);
          }));
  }
}

// Their flops mean little: a row is read from the cache or memory, and that is the limit.
void bench_norm(std::int64_t rows, std::int64_t width) {
  const auto x = random_floats(rows * width), residual = random_floats(rows * width);
  const auto gamma = random_floats(width), beta = random_floats(width);
  std::vector<float> y(x.size()), sum(x.size()), mean(static_cast<std::size_t>(rows));
  std::vector<float> rstd(mean.size());
  std::vector<float> partial(static_cast<std::size_t>(2 * simd::norm_blocks(rows) * width));
  const simd::LayerNorm norm{.width = width,
                             .epsilon = 1e-12,
                             .x = x.data(),
                             .residual = residual.data(),
                             .gamma = gamma.data(),
                             .beta = beta.data(),
                             .sum = sum.data(),
                             .y = y.data(),
                             .mean = mean.data(),
                             .rstd = rstd.data()};
  const simd::LayerNormGrad grad{.width = width,
                                 .x = sum.data(),
                                 .gamma = gamma.data(),
                                 .mean = mean.data(),
                                 .rstd = rstd.data(),
                                 .dy = x.data(),
                                 .dx = y.data(),
                                 .partial = partial.data()};
  const auto print_norm = [&](const char* name, double bytes, double seconds) {
    fmt::print("{:<44} {:8.1f} us {:7.1f} GB/s, a row {:.0f} ns\n",
               fmt::format("{} {}x{}", name, rows, width), seconds * 1e6,
               bytes * static_cast<double>(rows * width) / seconds * 1e-9,
               seconds * 1e9 / static_cast<double>(rows));
  };
  print_norm("layer_norm, residual", 16, best_time([&] { simd::layer_norm(norm, 0, rows); }));
  print_norm("layer_norm_grad", 12,
             best_time([&] { simd::layer_norm_grad(grad, rows, 0, simd::norm_blocks(rows)); }));
}

// Rows times weights, as a model's linear layers are computed.
void bench_rows(std::int64_t rows, std::int64_t in, std::int64_t out) {
  const ConvolutionShape shape{in, out, 1, 1, 1, true};
  const auto x = random_floats(rows * in), w = random_floats(in * out), bias = random_floats(out);
  std::vector<float> y(static_cast<std::size_t>(rows * out));
  const double flops = 2.0 * static_cast<double>(rows * in * out);
  for (const RowForm form : {RowForm::convolution, RowForm::product}) {
    const RowClasses& classes = RowClasses::of(shape, form);
    const RowWeights weights{w.data(), {1, out, 0}, bias.data()};
    OnednnConvolution convolution(shape, weights, 1, classes);
    convolution.pack(1);
    const char* const name = form == RowForm::product ? "product" : "convolution";
    const std::string used = &RowClasses::of(shape) == &classes ? ", used" : "";
    print(fmt::format("{}x{}x{} {}{}", rows, in, out, name, used), flops,
          best_time([&] { convolution.compute(x.data(), y.data(), rows, 0); }));
  }
}

// Seconds that the linear layers of a 12-layer encoder, 768 wide, take until they can run: to find
// out about their shapes, to make their primitives, to pack; and once more with all known.
void bench_bind() {
  const auto w = random_floats(768 * 3072), bias = random_floats(3072);
  for (const char* const when : {"first", "again"}) {
    PackedCopies copies;
    std::deque<OnednnConvolution> all;
    const double start = now();
    for (int layer = 0; layer < 12; ++layer) {
      for (const auto& [in, out] : {std::pair(768, 2304), {768, 768}, {768, 3072}, {3072, 768}}) {
        all.emplace_back(ConvolutionShape{in, out, 1, 1, 1, true},
                         RowWeights{w.data(), {1, out, 0}, bias.data(), &copies}, 1);
        all.back().make_all();
      }
    }
    const double bound = now();
    for (OnednnConvolution& rows : all) rows.pack(1);
    fmt::print("bind of 12 layers, {}: {:.1f} ms; to pack a layer's: {:.1f} ms\n", when,
               (bound - start) * 1e3, (now() - bound) * 1e3);
  }
}

}  // namespace

int main() {
  peak = multiply_add_peak();
  fmt::print("fp32 multiply-add peak {:.1f} GF/s, {}\n", peak * 1e-9, simd::target_name());
  const FlushDenormals flush;
  const SingleThreadedLibraries single;
  bench_bind();
  for (const std::int64_t rows : {8, 26, 832}) {
    for (const auto& [in, out] :
         {std::pair(384, 1152), {384, 384}, {384, 1536}, {1536, 384}, {768, 3072}, {3072, 768}}) {
      bench_rows(rows, in, out);
    }
  }
  bench_norm(832, 384);
  bench_norm(832, 768);
  for (const std::int32_t length : {26, 64, 128, 512}) {
    bench_attention(12, 32, length);
    bench_attention(12, 64, length);
  }
}
