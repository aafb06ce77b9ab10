// Each measurement warms up, then runs whole requests until its time is up.
#include "frontend/report/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "frontend/report/workload.h"
#include "ir/plan/program_interface.h"

namespace weft {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The times of requests, in seconds, and the number of their sentences.
struct Times {
  std::vector<double> each;
  double sentences = 0;

  double total() const { return std::accumulate(each.begin(), each.end(), 0.0); }
  double throughput() const { return sentences / std::max(total(), 1e-9); }
  double quantile(double q) {
    const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(each.size() - 1));
    std::nth_element(each.begin(), each.begin() + at, each.end());
    return each[static_cast<std::size_t>(at)];
  }
};

// Calls `request(i)` for i = 0, 1, … until the time is up. It returns its number of sentences.
template <typename Request>
Times measure(double seconds, std::size_t warm_up, Request request) {
  for (std::size_t i = 0; i < warm_up; ++i) request(i);
  Times times;
  times.each.reserve(std::size_t{1} << 16);
  const Clock::time_point start = Clock::now();
  for (std::size_t i = 0; times.each.size() < 5 || seconds_since(start) < seconds; ++i) {
    const Clock::time_point begin = Clock::now();
    times.sentences += static_cast<double>(request(i));
    times.each.push_back(seconds_since(begin));
  }
  return times;
}

// Runs `request` again with its nodes timed.
template <typename Request>
std::vector<BenchNode> measure_nodes(const Bench& bench, Executor& executor, Request request) {
  const NodeTimer timer(executor);
  measure(bench.settings.seconds, 0, request);
  return node_profile(executor, timer, bench.limits);
}

BenchRate rate_of(Times times) {
  return {times.throughput(), times.quantile(0.5) * 1e6, times.quantile(0.99) * 1e6};
}

void bench_predict(const Plan& plan, const Corpus& corpus, Bench& result) {
  PredictWorkload from_ids(plan, corpus, result.settings.batch, result.settings.threads);
  result.settings.batch = static_cast<std::int64_t>(from_ids.batch());
  Session& session = from_ids.session();
  // Every sentence once: rows on demand are computed.
  const std::size_t warm_up = from_ids.requests();
  result.tokens_per_sentence = from_ids.tokens_per_sentence();
  const auto request = [&](std::size_t i) { return from_ids(i); };
  result.from_ids = rate_of(measure(result.settings.seconds, warm_up, request));
  std::vector<TextInput> texts;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    texts.push_back(corpus.input(i, session.encoder().reads_pairs()));
  }
  Predictions out;
  result.from_text = rate_of(measure(result.settings.seconds, warm_up, [&](std::size_t i) {
    const auto [first, last] = from_ids.cut()(i);
    session.predict(std::span(texts).subspan(first, last - first), out);
    return last - first;
  }));
  if (!result.settings.nodes) return;
  result.predict_nodes = measure_nodes(result, *session.predict_executor(), request);
}

void bench_train(const Plan& plan, const Corpus& corpus, Bench& result) {
  if (plan.program(programs::kTrain) == nullptr) return;
  TrainWorkload step(plan, corpus, result.settings.threads);
  const auto request = [&](std::size_t i) { return step(i); };
  Times times = measure(2 * result.settings.seconds, 3, request);
  result.train = BenchStep{times.throughput(), times.quantile(0.5) * 1e3, step.batch()};
  if (!result.settings.nodes) return;
  result.train_nodes = measure_nodes(result, *step.session().train_executor(), request);
}

}  // namespace

Bench bench(const Plan& plan, const Corpus& corpus, const BenchSettings& settings) {
  Bench result;
  result.settings = settings;
  result.sentences = corpus.size();
  if (settings.nodes) result.limits = measure_limits(settings.threads);
  bench_predict(plan, corpus, result);
  bench_train(plan, corpus, result);
  return result;
}

namespace {

std::string tables(std::string_view heading, const std::vector<BenchNode>& nodes) {
  return op_table(heading, nodes) + node_table(heading, nodes);
}

}  // namespace

std::string to_text(const Bench& b) {
  std::string out =
      fmt::format("{} sentences of {:.1f} words, requests of {}, threads {}\n", b.sentences,
                  b.tokens_per_sentence, b.settings.batch, b.settings.threads);
  const auto row = [&](std::string_view what, const BenchRate& throughput) {
    out += fmt::format("{:<10}{:>12.0f} sentences/s   request p50 {:>8.1f} us   p99 {:>8.1f} us\n",
                       what, throughput.sentences_per_second, throughput.p50_us, throughput.p99_us);
  };
  row("from ids", b.from_ids);
  row("from text", b.from_text);
  if (b.train) {
    out += fmt::format("{:<10}{:>12.0f} sentences/s   step of {} {:.2f} ms\n", "training",
                       b.train->sentences_per_second, b.train->batch, b.train->step_ms);
  }
  if (b.settings.nodes) out += limits_text(b.limits);
  if (!b.predict_nodes.empty()) out += tables("a request from ids", b.predict_nodes);
  if (!b.train_nodes.empty()) out += tables("a training step", b.train_nodes);
  return out;
}

std::string to_json(const Bench& b) {
  const auto throughput = [](const BenchRate& r) {
    return nlohmann::ordered_json{{"sentences_per_second", r.sentences_per_second},
                                  {"p50_us", r.p50_us},
                                  {"p99_us", r.p99_us}};
  };
  nlohmann::ordered_json json{
      {"sentences", b.sentences},           {"tokens_per_sentence", b.tokens_per_sentence},
      {"batch", b.settings.batch},          {"threads", b.settings.threads},
      {"from_ids", throughput(b.from_ids)}, {"from_text", throughput(b.from_text)}};
  if (b.train) {
    json["train"] = {{"sentences_per_second", b.train->sentences_per_second},
                     {"step_ms", b.train->step_ms},
                     {"batch", b.train->batch}};
  }
  if (b.settings.nodes) json["limits"] = limits_json(b.limits);
  if (!b.predict_nodes.empty()) json["predict_nodes"] = nodes_json(b.predict_nodes);
  if (!b.train_nodes.empty()) json["train_nodes"] = nodes_json(b.train_nodes);
  return json.dump() + "\n";
}

}  // namespace weft
