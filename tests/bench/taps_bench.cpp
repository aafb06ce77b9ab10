// How fast the kernels on tap tables are, alone and one step of training after another.
//
//   weft_bench_taps [corpus.tsv]     (label<TAB>text; without one, ids drawn by Zipf's law)
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "ir/parse.h"
#include "ir/random.h"
#include "runtime/executor.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"
#include "tests/support/bound_program.h"

namespace {

using namespace weft;

constexpr const char* kTaps = "kernels=[3, 4, 5] channels=[100, 100, 100]";
constexpr std::int64_t kRow = 1200, kWidth = 300, kOutputs = 300;

struct Corpus {
  std::vector<std::vector<std::int32_t>> texts;
  std::int64_t words = 0, tokens = 0;
};

Corpus read_corpus(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::vector<std::string>> lines;
  std::map<std::string, std::int64_t> counts;
  std::string line, word;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream words(line.substr(line.find('\t') + 1));
    lines.emplace_back();
    while (words >> word) {
      lines.back().push_back(word);
      ++counts[word];
    }
  }
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [name, count] : counts) order.emplace_back(-count, name);
  std::sort(order.begin(), order.end());
  std::map<std::string, std::int32_t> ids;
  for (const auto& [count, name] : order) ids.emplace(name, static_cast<std::int32_t>(ids.size()));
  Corpus corpus;
  for (const auto& words : lines) {
    corpus.texts.emplace_back();
    for (const std::string& name : words) corpus.texts.back().push_back(ids[name]);
  }
  corpus.words = static_cast<std::int64_t>(ids.size());
  return corpus;
}

Corpus draw_corpus() {
  Corpus corpus;
  corpus.words = 21000;
  const RandomKey key = random_key(7, 0, 0);
  std::uint32_t next = 0;
  for (int i = 0; i < 10000; ++i) {
    corpus.texts.emplace_back(4 + static_cast<std::size_t>(random_uniform(key, next++) * 34));
    for (std::int32_t& id : corpus.texts.back()) {
      const double rank = std::exp(random_uniform(key, next++) * std::log(21000.0));
      id = static_cast<std::int32_t>(std::min(rank - 1.0, 20999.0));
    }
  }
  return corpus;
}

// This thread's time at work: what other processes take does not count. With more threads, the time
// on the wall.
double now(int threads) {
  timespec t{};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Best and median of some runs of `work`, in seconds.
struct Timing {
  double best, median;
};
template <typename F>
Timing time_of(int threads, int runs, F work) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const double start = now(threads);
    work();
    times.push_back(now(threads) - start);
  }
  std::sort(times.begin(), times.end());
  return {times.front(), times[times.size() / 2]};
}

// Numbers as those of a trained table: small, of both signs.
AlignedBytes random_floats(std::int64_t count) {
  AlignedBytes bytes(static_cast<std::size_t>(count) * sizeof(float));
  const RandomKey key = random_key(3, 1, 0);
  for (std::int64_t i = 0; i < count; ++i) {
    reinterpret_cast<float*>(bytes.data())[i] =
        static_cast<float>(random_uniform(key, static_cast<std::uint32_t>(i))) - 0.5F;
  }
  return bytes;
}

Graph program(const std::string& body, std::int64_t examples, std::int64_t tokens) {
  return plan_simply(parse_one(
      fmt::format("program @bench {{\n symbol B <= {}\n symbol T <= {}\n input %ids : i32[T]\n"
                  "input %offsets : i32[B+1 -> T]\n{}\n}}\n",
                  examples, tokens, body)));
}

// Runs the texts [first, first + count) of a corpus.
class Runner {
 public:
  Runner(const std::string& body, std::vector<PlanTensor> tensors, std::int64_t examples,
         const Corpus& corpus, int threads)
      : corpus_(corpus),
        tensors_(std::move(tensors)),
        graph_(program(body, examples, 80 * examples)),
        memory_(tensors_, Access::shared),
        executor_(graph_, memory_, threads) {}

  std::int64_t fill(std::size_t first, std::size_t count) {
    auto* ids = executor_.input_i32("ids").data();
    auto* offsets = executor_.input_i32("offsets").data();
    std::int32_t tokens = 0;
    offsets[0] = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& text = corpus_.texts[first + i];
      std::copy(text.begin(), text.end(), ids + tokens);
      tokens += static_cast<std::int32_t>(text.size());
      offsets[i + 1] = tokens;
    }
    examples_ = static_cast<std::int64_t>(count);
    tokens_ = tokens;
    return tokens;
  }
  void run() { executor_.run({{"B", examples_}, {"T", tokens_}}); }
  Executor& executor() { return executor_; }

 private:
  const Corpus& corpus_;
  std::vector<PlanTensor> tensors_;
  Graph graph_;
  Memory memory_;
  Executor executor_;
  std::int64_t examples_ = 0, tokens_ = 0;
};

TensorType f32(std::vector<Dim> shape) { return {DType::f32, std::move(shape), {}}; }

void bench_table(const Corpus& corpus, const std::string& name, const PlanTensor& table,
                 const std::vector<PlanTensor>& more, int threads) {
  const std::string body = fmt::format(
      "param %table : {}\nparam %bias : f32[300]\n{}"
      "%y, %at = tap_max_pool(%ids, %table, %offsets, %bias, {}) {} act=\"relu\"\nreturn %y",
      to_string(table.type), more.size() > 1 ? "param %scale : f32[300]\n" : "",
      more.size() > 1 ? "%scale" : "_", kTaps);
  std::vector<PlanTensor> tensors{table};
  tensors.insert(tensors.end(), more.begin(), more.end());
  Runner runner(body, tensors, 64, corpus, threads);
  double best = 1e9;
  std::vector<double> medians;
  for (int round = 0; round < 7; ++round) {
    double seconds = 0;
    std::int64_t tokens = 0;
    for (std::size_t first = 0; first + 50 <= corpus.texts.size(); first += 50) {
      tokens += runner.fill(first, 50);
      seconds += time_of(threads, 1, [&] { runner.run(); }).best;
    }
    best = std::min(best, seconds / static_cast<double>(tokens));
    medians.push_back(seconds / static_cast<double>(tokens));
  }
  std::sort(medians.begin(), medians.end());
  std::vector<double> single;
  for (std::size_t i = 0; i < 2000; ++i) {
    runner.fill(i, 1);
    single.push_back(time_of(threads, 1, [&] { runner.run(); }).best);
  }
  std::sort(single.begin(), single.end());
  fmt::print(
      "{:>5} {}T  {:6.1f} ns/token best, {:6.1f} median   {:5.1f} GB/s   batch 1: {:.2f} us\n",
      name, threads, best * 1e9, medians[3] * 1e9,
      static_cast<double>(kRow * size_of(table.type.dtype)) / best * 1e-9, single[1000] * 1e6);
}

void bench_inference(const Corpus& corpus) {
  const AlignedBytes floats = random_floats(corpus.words * kRow), bias = random_floats(kOutputs);
  const PlanTensor table{"table", f32({corpus.words, kRow}), Role::param, floats.span()};
  const PlanTensor biases{"bias", f32({kOutputs}), Role::param, bias.span()};
  for (const int threads : {1, 2}) bench_table(corpus, "f32", table, {biases}, threads);
  for (const char* dtype : {"i16", "i8"}) {
    Runner quantize(
        fmt::format("param %table : {}\n%q, %s = quantize_taps(%table) dtype=\"{}\" {}\n"
                    "return %q, %s",
                    to_string(table.type), dtype, kTaps),
        {table}, 1, corpus, 2);
    quantize.fill(0, 1);
    const double seconds = time_of(2, 1, [&] { quantize.run(); }).best;
    const TensorView q = quantize.executor().result("q"), s = quantize.executor().result("s");
    AlignedBytes numbers(static_cast<std::size_t>(q.size() * size_of(q.dtype)));
    AlignedBytes scales(static_cast<std::size_t>(s.size()) * sizeof(float));
    std::memcpy(numbers.data(), q.data, numbers.size());
    std::memcpy(scales.data(), s.data, scales.size());
    const PlanTensor integers{
        "table", {q.dtype, {corpus.words, q.shape[1]}, {}}, Role::param, numbers.span()};
    const PlanTensor scale{"scale", f32({kOutputs}), Role::param, scales.span()};
    for (const int threads : {1, 2}) bench_table(corpus, dtype, integers, {biases, scale}, threads);
    fmt::print("      quantize_taps: {:.0f} ms\n", seconds * 1e3);
  }
}

// Steps of one batch: each line adds work to the one before it.
void bench_training(const Corpus& corpus, std::size_t batch, int threads) {
  const AlignedBytes e = random_floats(corpus.words * kWidth);
  const AlignedBytes w = random_floats(5 * kWidth * 100);
  const std::vector<PlanTensor> tensors{
      {"e", f32({corpus.words, kWidth}), Role::param, e.span()},
      {"v3", f32({3, kWidth, 100}), Role::param, w.span().first(3 * kWidth * 400)},
      {"v4", f32({4, kWidth, 100}), Role::param, w.span().first(4 * kWidth * 400)},
      {"v5", f32({5, kWidth, 100}), Role::param, w.span()}};
  std::string body = "param %e : " + to_string(tensors[0].type) + "\n input %dz : f32[B, 300]\n";
  for (const int taps : {3, 4, 5}) body += fmt::format("param %v{0} : f32[{0}, 300, 100]\n", taps);
  // Weights that are computed, as in training, are packed each time.
  for (const int taps : {3, 4, 5}) body += fmt::format("%w{0} = scale(%v{0}) factor=1.0\n", taps);
  const std::string winners = "(%dz, %at, %inverse, %offsets";
  const std::vector<std::pair<std::string, std::string>> steps{
      {"unique, rows",
       fmt::format("%u, %inverse = unique(%ids) size={}\n%rows = embedding(%u, %e)\n",
                   corpus.words)},
      {"tap_table", "%t = tap_table(%rows, %w3, %w4, %w5)\n"},
      {"tap_max_pool", fmt::format("%y, %at = tap_max_pool(%inverse, %t, %offsets) {}\n", kTaps)},
      {"sparse dE",
       fmt::format("%de = sparse_tap_input_grad{}, %w3, %w4, %w5) rows=\"T.unique\"\n", winners)},
      {"sparse dW", fmt::format("%d3 = sparse_tap_weight_grad{0}, %rows) index=0 {1}\n"
                                "%d4 = sparse_tap_weight_grad{0}, %rows) index=1 {1}\n"
                                "%d5 = sparse_tap_weight_grad{0}, %rows) index=2 {1}\n",
                                winners, kTaps)},
      {"(dense) dT",
       fmt::format("%dt = tap_max_pool_grad{}) rows=\"T.unique\" {}\n", winners, kTaps)},
      {"(dense) dE", "%dd = tap_table_input_grad(%dt, %w3, %w4, %w5)\n"},
      {"(dense) dW", fmt::format("%e3 = tap_table_weight_grad(%rows, %dt) index=0 {0}\n"
                                 "%e4 = tap_table_weight_grad(%rows, %dt) index=1 {0}\n"
                                 "%e5 = tap_table_weight_grad(%rows, %dt) index=2 {0}\n",
                                 kTaps)}};
  fmt::print("training, batch {}, {}T, ms:", batch, threads);
  double before = 0;
  for (const auto& [name, more] : steps) {
    body += more;
    const std::string last = more.substr(more.rfind("\n%") + 1);
    const auto from = last.find('%');
    Runner runner(body + " return " + last.substr(from, last.find_first_of(" ,", from) - from) +
                      (name == "tap_max_pool" ? ", %at" : ""),
                  tensors, static_cast<std::int64_t>(batch), corpus, threads);
    float* dz = runner.executor().input_f32("dz").data();
    for (std::size_t i = 0; i < batch * 300; ++i) dz[i] = i % 2 == 0 ? 0.01F : 0.0F;  // dropout
    std::vector<double> times;
    for (std::size_t round = 0; round < 12; ++round) {
      runner.fill(round * batch % (corpus.texts.size() - batch), batch);
      times.push_back(time_of(threads, 3, [&] { runner.run(); }).best);
    }
    const double mean = std::accumulate(times.begin(), times.end(), 0.0) / 12.0;
    fmt::print("  {} {:.2f}", name, (mean - before) * 1e3);
    before = mean;
  }
  fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
  Corpus corpus = argc > 1 ? read_corpus(argv[1]) : draw_corpus();
  for (const auto& text : corpus.texts) corpus.tokens += static_cast<std::int64_t>(text.size());
  fmt::print("{} texts, {} tokens, {} words, table {} MB in f32; {}\n", corpus.texts.size(),
             corpus.tokens, corpus.words, corpus.words * kRow * 4 >> 20, simd::target_name());
  const FlushDenormals flush;
  bench_inference(corpus);
  for (const int threads : {1, 2}) bench_training(corpus, 50, threads);
  bench_training(corpus, 256, 1);
}
