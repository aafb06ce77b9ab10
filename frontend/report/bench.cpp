// Each measurement warms up, then runs whole requests until its time is up.
#include "frontend/report/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "frontend/format/table.h"
#include "frontend/report/inspect.h"
#include "frontend/report/node_timer.h"
#include "frontend/train/dataset.h"
#include "ir/op.h"
#include "ir/plan/program_interface.h"
#include "runtime/kernels/simd/peak.h"
#include "runtime/resources/threads.h"
#include "runtime/session.h"

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
  const std::vector<NodeCost> costs = costs_of(executor.graph(), timer.mean_extents());
  const auto runs = static_cast<double>(std::max<std::int64_t>(1, timer.runs()));
  const std::span<const double> spent = timer.seconds();
  const double total = std::max(std::accumulate(spent.begin(), spent.end(), 0.0), 1e-9);
  std::vector<BenchNode> nodes;
  for (std::size_t i = 0; i < spent.size(); ++i) {
    const Graph& graph = executor.graph();
    const Node& node = graph.nodes[i];
    BenchNode& timed = nodes.emplace_back();
    timed.name = graph[node.outputs[0]].name;
    timed.op = node.op->name;
    timed.us = spent[i] / runs * 1e6;
    timed.share = spent[i] / total;
    timed.flops = costs[i].flops;
    timed.bytes = costs[i].bytes;
    const double arithmetic = timed.flops / bench.limits.flops * 1e6;
    const double memory = timed.bytes / bench.limits.bandwidth_of(timed.bytes) * 1e6;
    timed.least_us = std::max(arithmetic, memory);
    timed.memory_bound = memory > arithmetic;
  }
  return nodes;
}

BenchRate rate_of(Times times) {
  return {times.throughput(), times.quantile(0.5) * 1e6, times.quantile(0.99) * 1e6};
}

// Request i has the sentences [first, last); after the last sentence come the first ones again.
struct Cut {
  std::size_t sentences, batch;

  std::size_t requests() const { return (sentences + batch - 1) / batch; }
  std::pair<std::size_t, std::size_t> operator()(std::size_t i) const {
    const std::size_t first = i % requests() * batch;
    return {first, std::min(sentences, first + batch)};
  }
};

void bench_predict(const Plan& plan, const Corpus& corpus, Bench& result) {
  Session session(plan, {result.settings.threads});
  const Dataset data = encode(corpus, session.encoder(), session.labels());
  const Cut cut{data.size(), static_cast<std::size_t>(result.settings.batch)};
  const std::size_t warm_up = cut.requests();  // every sentence once: rows on demand are computed
  result.tokens_per_sentence =
      static_cast<double>(data.ids.size()) / static_cast<double>(data.size());
  Predictions out;
  const auto from_ids = [&](std::size_t i) {
    const auto [first, last] = cut(i);
    session.predict_ids(data.texts(first, last), out);
    return last - first;
  };
  result.from_ids = rate_of(measure(result.settings.seconds, warm_up, from_ids));
  std::vector<TextInput> texts;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    texts.push_back(corpus.input(i, session.encoder().reads_pairs()));
  }
  result.from_text = rate_of(measure(result.settings.seconds, warm_up, [&](std::size_t i) {
    const auto [first, last] = cut(i);
    session.predict(std::span(texts).subspan(first, last - first), out);
    return last - first;
  }));
  if (!result.settings.nodes) return;
  result.predict_nodes = measure_nodes(result, *session.predict_executor(), from_ids);
}

void bench_train(const Plan& plan, const Corpus& corpus, Bench& result) {
  if (plan.program(programs::kTrain) == nullptr) return;
  Session session(plan, {result.settings.threads, /*train=*/true});
  const Dataset data = encode(corpus, session.encoder(), session.labels());
  if (data.space.names.size() > data.space.known) {
    throw Error(fmt::format("the data has the label `{}`, which the plan does not know",
                            data.space.names[data.space.known]),
                "measure with data that has the labels of the plan");
  }
  const std::int64_t batch = session.train_capacity().examples;
  Batches batches(data, batch, session.train_capacity(), /*seed=*/1);
  std::int64_t epoch = 0;
  batches.start(epoch);
  const auto step = [&](std::size_t) {
    if (!batches.next()) {
      batches.start(++epoch);
      batches.next();
    }
    session.train_step(batches.texts(), batches.labels(), 0.001);
    return batches.texts().size();
  };
  Times times = measure(2 * result.settings.seconds, 3, step);
  result.train = BenchStep{times.throughput(), times.quantile(0.5) * 1e3, batch};
  if (!result.settings.nodes) return;
  result.train_nodes = measure_nodes(result, *session.train_executor(), step);
}

}  // namespace

double MachineLimits::bandwidth_of(double bytes) const {
  for (const auto& [size, rate] : bandwidth) {
    if (bytes <= size) return rate;
  }
  return bandwidth.empty() ? 1 : bandwidth.back().second;
}

MachineLimits measure_limits(int threads) {
  const int all = threads == 0 ? default_threads() : threads;
  // The sum of what each thread reaches while the others are at it too.
  const auto sum = [&](auto rate) {
    std::vector<double> rates(static_cast<std::size_t>(all), 0.0);
    parallel_for(all, all, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) rates[static_cast<std::size_t>(i)] = rate();
    });
    return std::accumulate(rates.begin(), rates.end(), 0.0);
  };
  MachineLimits limits;
  limits.flops = sum([] { return multiply_add_peak(); });
  for (const std::int64_t kilobytes : {16, 256, 8 << 10, 96 << 10}) {
    const std::int64_t bytes = kilobytes << 10U;
    limits.bandwidth.emplace_back(static_cast<double>(bytes * all),
                                  sum([&] { return read_peak(bytes); }));
  }
  return limits;
}

std::vector<BenchNode> by_op(const std::vector<BenchNode>& nodes) {
  std::vector<BenchNode> ops;
  std::vector<double> memory_us;  // by op: of its nodes that memory binds
  for (const BenchNode& node : nodes) {
    auto at = std::ranges::find(ops, node.op, &BenchNode::op);
    if (at == ops.end()) {
      at = ops.insert(ops.end(), BenchNode());
      at->op = node.op;
      at->count = 0;
      memory_us.push_back(0);
    }
    ++at->count;
    at->us += node.us;
    at->share += node.share;
    at->flops += node.flops;
    at->bytes += node.bytes;
    at->least_us += node.least_us;
    double& memory = memory_us[static_cast<std::size_t>(at - ops.begin())];
    if (node.memory_bound) memory += node.least_us;
    at->memory_bound = 2 * memory > at->least_us;
  }
  std::ranges::stable_sort(ops, std::greater<>(), &BenchNode::us);
  return ops;
}

Bench bench(const Plan& plan, const Corpus& corpus, const BenchSettings& settings) {
  if (corpus.size() == 0) throw Error("there is nothing to measure: the data has no texts");
  Bench result;
  result.settings = settings;
  result.sentences = corpus.size();
  if (settings.nodes) result.limits = measure_limits(settings.threads);
  bench_predict(plan, corpus, result);
  bench_train(plan, corpus, result);
  return result;
}

namespace {

// "GF/s 78.1, 83 % of the limit" or, where the bytes take longer than the arithmetic, GB/s.
std::vector<TextTable::Cell> figures(const BenchNode& node) {
  const double per_second = 1e6 / std::max(node.us, 1e-3);
  const double done = node.memory_bound ? node.bytes : node.flops;
  return {fmt::format("{:.1f}", node.us),
          fmt::format("{:.1f}", 100 * node.share),
          fmt::format("{:.3g}", node.flops * 1e-6),
          fmt::format("{:.3g}", node.bytes * 1e-6),
          fmt::format("{:.3g}", done * per_second * 1e-9),
          node.memory_bound ? "GB/s" : "GF/s",
          fmt::format("{:.0f}", 100 * node.of_limit())};
}

std::string node_table(std::string_view heading, const std::vector<BenchNode>& nodes) {
  const auto titles = [](const char* first, const char* second) {
    return std::vector<TextTable::Cell>{first, second,  "us", "%",         "MFLOP",
                                        "MB",  "speed", "of", "% of limit"};
  };
  const auto add = [](TextTable& table, std::string first, std::string second,
                      const BenchNode& node) {
    std::vector<TextTable::Cell> row{std::move(first), std::move(second)};
    for (TextTable::Cell& cell : figures(node)) row.push_back(std::move(cell));
    table.add(std::move(row));
  };
  TextTable ops, each;
  ops.add(titles("op", "nodes"));
  for (const BenchNode& op : by_op(nodes)) add(ops, op.op, fmt::format("{}", op.count), op);
  each.add(titles("node", "op"));
  for (const BenchNode& node : nodes) add(each, "%" + node.name, node.op, node);
  return fmt::format("\n{}, by op\n{}\n{}, by node\n{}", heading, ops.str("    "), heading,
                     each.str("    "));
}

std::string limits_text(const MachineLimits& limits) {
  std::string out = fmt::format("limits    {:.1f} GF/s;", limits.flops * 1e-9);
  for (const auto& [bytes, rate] : limits.bandwidth) {
    out += fmt::format(" {:.1f} GB/s in {:.3g} MB;", rate * 1e-9, bytes / (1 << 20));
  }
  out.back() = '\n';
  return out;
}

nlohmann::ordered_json limits_json(const MachineLimits& limits) {
  auto bandwidth = nlohmann::ordered_json::array();
  for (const auto& [bytes, rate] : limits.bandwidth) {
    bandwidth.push_back({{"bytes", bytes}, {"bytes_per_second", rate}});
  }
  return {{"flops_per_second", limits.flops}, {"bandwidth", std::move(bandwidth)}};
}

nlohmann::ordered_json node_list(const std::vector<BenchNode>& nodes) {
  auto list = nlohmann::ordered_json::array();
  for (const BenchNode& node : nodes) {
    list.push_back({{"node", node.name},
                    {"op", node.op},
                    {"us", node.us},
                    {"share", node.share},
                    {"flops", node.flops},
                    {"bytes", node.bytes},
                    {"bound", node.memory_bound ? "memory" : "arithmetic"},
                    {"of_limit", node.of_limit()}});
  }
  return list;
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
  if (!b.predict_nodes.empty()) out += node_table("a request from ids", b.predict_nodes);
  if (!b.train_nodes.empty()) out += node_table("a training step", b.train_nodes);
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
  if (!b.predict_nodes.empty()) json["predict_nodes"] = node_list(b.predict_nodes);
  if (!b.train_nodes.empty()) json["train_nodes"] = node_list(b.train_nodes);
  return json.dump() + "\n";
}

}  // namespace weft
