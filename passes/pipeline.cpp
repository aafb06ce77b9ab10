// Runs a list of passes: skip, time, run, verify; names the pass that broke the graph.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ostream>

#include "ir/print.h"
#include "ir/verify.h"
#include "passes/pass.h"

namespace weft {

namespace {

[[noreturn]] void unknown_pass(std::string_view name) {
  std::string known;
  for (const Pass& pass : all_passes()) known += fmt::format("{} ", pass.name);
  for (const Pipeline& pipeline : all_pipelines()) known += fmt::format("{} ", pipeline.name);
  known.pop_back();
  throw Error(fmt::format("there is no pass or pipeline `{}`", name), "known are: " + known);
}

void verify_after(const Pass& pass, const Graph& graph) {
  try {
    verify(graph);
  } catch (const Error& error) {
    throw Error(fmt::format("pass `{}` broke program @{}: {}", pass.name, graph.name, error.what()),
                fmt::format("this is a defect of weft; --skip={} may avoid it", pass.name));
  }
}

}  // namespace

std::vector<const Pass*> parse_passes(std::string_view list) {
  std::vector<const Pass*> passes;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view name = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (const Pipeline* pipeline = find_pipeline(name)) {
      std::ranges::copy(parse_passes(pipeline->passes()), std::back_inserter(passes));
    } else if (const Pass* pass = find_pass(name)) {
      passes.push_back(pass);
    } else {
      unknown_pass(name);
    }
  }
  return passes;
}

Graph run_passes(Graph graph, std::span<const Pass* const> passes, PassContext& context,
                 const PipelineOptions& options) {
  using Clock = std::chrono::steady_clock;
  if (!options.print_after.empty() && options.print_after != "all" &&
      find_pass(options.print_after) == nullptr) {
    unknown_pass(options.print_after);
  }
  for (const std::string& name : options.skip) {
    if (find_pass(name) == nullptr) unknown_pass(name);
  }
  for (const Pass* pass : passes) {
    if (std::ranges::find(options.skip, pass->name) != options.skip.end()) continue;
    const auto start = Clock::now();
    Graph after = pass->run(graph, context);
    const std::chrono::duration<double, std::milli> taken = Clock::now() - start;
    if (options.watch) options.watch(*pass, graph, after);
    graph = std::move(after);
    if (options.log != nullptr) {
      if (options.time)
        *options.log << fmt::format("// {}: {:.3f} ms\n", pass->name, taken.count());
      if (options.print_after == "all" || options.print_after == pass->name) {
        *options.log << fmt::format("// after {}\n", pass->name) << print(graph) << '\n';
      }
    }
    if (options.verify) verify_after(*pass, graph);
  }
  return graph;
}

}  // namespace weft
