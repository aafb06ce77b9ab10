// Each measurement warms up, then runs whole requests until its time is up.
#include "frontend/report/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "frontend/format/table.h"
#include "frontend/train/dataset.h"
#include "ir/op.h"
#include "ir/plan/program_interface.h"
#include "runtime/executor.h"
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
std::vector<BenchNode> measure_nodes(double seconds, Executor& executor, Request request) {
  executor.time_nodes();
  const auto runs = static_cast<double>(measure(seconds, 0, request).each.size());
  const std::span<const double> spent = executor.node_seconds();
  const double total = std::max(std::accumulate(spent.begin(), spent.end(), 0.0), 1e-9);
  std::vector<BenchNode> nodes;
  for (std::size_t i = 0; i < spent.size(); ++i) {
    const Graph& graph = executor.graph();
    const Node& node = graph.nodes[i];
    const std::string& name = graph[node.outputs[0]].name;
    nodes.push_back({name, std::string(node.op->name), spent[i] / runs * 1e6, spent[i] / total});
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
  for (std::size_t i = 0; i < corpus.size(); ++i) texts.push_back(corpus.input(i));
  result.from_text = rate_of(measure(result.settings.seconds, warm_up, [&](std::size_t i) {
    const auto [first, last] = cut(i);
    session.predict(std::span(texts).subspan(first, last - first), out);
    return last - first;
  }));
  if (!result.settings.nodes) return;
  result.predict_nodes =
      measure_nodes(result.settings.seconds, *session.predict_executor(), from_ids);
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
  result.train_nodes = measure_nodes(result.settings.seconds, *session.train_executor(), step);
}

}  // namespace

Bench bench(const Plan& plan, const Corpus& corpus, const BenchSettings& settings) {
  if (corpus.size() == 0) throw Error("there is nothing to measure: the data has no texts");
  Bench result;
  result.settings = settings;
  result.sentences = corpus.size();
  bench_predict(plan, corpus, result);
  bench_train(plan, corpus, result);
  return result;
}

namespace {

std::string node_table(std::string_view heading, const std::vector<BenchNode>& nodes) {
  TextTable table;
  table.add({"node", "op", "us", "%"});
  for (const BenchNode& node : nodes) {
    table.add({"%" + node.name, node.op, fmt::format("{:.1f}", node.us),
               fmt::format("{:.1f}", 100 * node.share)});
  }
  return fmt::format("\n{}\n{}", heading, table.str("    "));
}

nlohmann::ordered_json node_list(const std::vector<BenchNode>& nodes) {
  auto list = nlohmann::ordered_json::array();
  for (const BenchNode& node : nodes) {
    list.push_back({{"node", node.name}, {"op", node.op}, {"us", node.us}, {"share", node.share}});
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
  if (!b.predict_nodes.empty()) json["predict_nodes"] = node_list(b.predict_nodes);
  if (!b.train_nodes.empty()) json["train_nodes"] = node_list(b.train_nodes);
  return json.dump() + "\n";
}

}  // namespace weft
