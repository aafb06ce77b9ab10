// Costs from the graph, times from the runs, limits from short loops.
#include "frontend/report/node_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "frontend/format/table.h"
#include "frontend/report/inspect.h"
#include "ir/op.h"
#include "runtime/kernels/simd/peak.h"
#include "runtime/resources/threads.h"

namespace weft {

double MachineLimits::bandwidth_of(double bytes) const {
  for (const auto& [size, rate] : bandwidth) {
    if (bytes <= size) return rate;
  }
  return bandwidth.empty() ? 1 : bandwidth.back().second;
}

MachineLimits measure_limits(int threads) {
  // Threads that share a processor do not do more than one.
  const int most = default_threads();
  const int all = threads == 0 ? most : std::min(threads, most);
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
  for (const std::int64_t kilobytes : {16, 256, 1 << 10, 8 << 10, 96 << 10}) {
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

std::vector<BenchNode> node_profile(const Executor& executor, const NodeTimer& timer,
                                    const MachineLimits& limits) {
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
    const double arithmetic = timed.flops / limits.flops * 1e6;
    const double memory = timed.bytes / limits.bandwidth_of(timed.bytes) * 1e6;
    timed.least_us = std::max(arithmetic, memory);
    timed.memory_bound = memory > arithmetic;
  }
  return nodes;
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

std::vector<TextTable::Cell> titles(const char* first, const char* second) {
  return {first, second, "us", "%", "MFLOP", "MB", "speed", "of", "% of limit"};
}

void add_row(TextTable& table, std::string first, std::string second, const BenchNode& node) {
  std::vector<TextTable::Cell> row{std::move(first), std::move(second)};
  for (TextTable::Cell& cell : figures(node)) row.push_back(std::move(cell));
  table.add(std::move(row));
}

}  // namespace

std::string op_table(std::string_view heading, const std::vector<BenchNode>& nodes) {
  TextTable table;
  table.add(titles("op", "nodes"));
  for (const BenchNode& op : by_op(nodes)) add_row(table, op.op, fmt::format("{}", op.count), op);
  return fmt::format("\n{}, by op\n{}", heading, table.str("    "));
}

std::string node_table(std::string_view heading, const std::vector<BenchNode>& nodes) {
  TextTable table;
  table.add(titles("node", "op"));
  for (const BenchNode& node : nodes) add_row(table, "%" + node.name, node.op, node);
  return fmt::format("\n{}, by node\n{}", heading, table.str("    "));
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

nlohmann::ordered_json nodes_json(const std::vector<BenchNode>& nodes) {
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

}  // namespace weft
