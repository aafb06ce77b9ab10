// Times whole requests and their nodes in the same runs.
#include "frontend/report/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "frontend/report/workload.h"
#include "ir/plan/program_interface.h"

namespace weft {
namespace {

using Clock = NodeTimer::Clock;

double us_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

template <typename Workload>
ProgramProfile measure(std::string_view program, std::string unit, Executor& executor,
                       Workload& workload, std::size_t warm_up, const Profile& profile) {
  for (std::size_t i = 0; i < warm_up; ++i) workload(i);
  ProgramProfile result{.program = std::string(program), .unit = std::move(unit)};
  const std::size_t max_spans = profile.settings.runs * executor.graph().nodes.size();
  const NodeTimer timer(executor, max_spans);
  const Clock::time_point start = Clock::now();
  double total = 0;
  std::vector<TraceSpan> whole;
  Clock::time_point end = start;
  for (std::size_t i = 0; i < 5 || us_between(start, end) < 1e6 * profile.settings.seconds; ++i) {
    const bool kept = timer.spans().size() < max_spans;
    const Clock::time_point begin = Clock::now();
    workload(i);
    end = Clock::now();
    ++result.runs;
    total += us_between(begin, end);
    if (kept) whole.push_back({kWholeRun, us_between(start, begin), us_between(begin, end)});
  }
  const auto runs = static_cast<double>(result.runs);
  result.us = total / runs;
  result.nodes = node_profile(executor, timer, profile.limits);
  // A request of more texts than the program takes is several runs of it.
  const double runs_of_program = static_cast<double>(timer.runs()) / runs;
  for (BenchNode& node : result.nodes) {
    for (double* of_a_run : {&node.us, &node.flops, &node.bytes, &node.least_us}) {
      *of_a_run *= runs_of_program;
    }
  }
  result.nodes_us =
      std::accumulate(timer.seconds().begin(), timer.seconds().end(), 0.0) * 1e6 / runs;
  result.trace = std::move(whole);
  for (const NodeTimer::Span& span : timer.spans()) {
    const double begin = us_between(start, span.begin);
    result.trace.push_back({span.node, begin, us_between(span.begin, span.end)});
  }
  return result;
}

nlohmann::ordered_json event(const char* phase, int process, std::string name) {
  return {{"name", std::move(name)}, {"ph", phase}, {"pid", process}, {"tid", 1}};
}

void add_events(const ProgramProfile& program, int process, const Profile& profile,
                nlohmann::ordered_json& events) {
  auto process_name = event("M", process, "process_name");
  process_name["args"] = {{"name", "@" + program.program}};
  events.push_back(std::move(process_name));
  for (const TraceSpan& span : program.trace) {
    const bool whole = span.node == kWholeRun;
    auto one = event("X", process, whole ? program.unit : "%" + program.nodes[span.node].name);
    one["ts"] = span.begin_us;
    one["dur"] = span.us;
    if (whole) {
      one["cat"] = "run";
      one["args"] = {{"threads", profile.settings.threads}};
    } else {
      const BenchNode& node = program.nodes[span.node];
      one["cat"] = node.op;
      one["args"] = {{"op", node.op},
                     {"flops", node.flops},
                     {"bytes", node.bytes},
                     {"mean_us", node.us},
                     {"of_limit", node.of_limit()}};
    }
    events.push_back(std::move(one));
  }
}

}  // namespace

Profile profile(const Plan& plan, const Corpus& corpus, const ProfileSettings& settings) {
  Profile result;
  result.settings = settings;
  result.sentences = corpus.size();
  if (settings.train && plan.program(programs::kTrain) == nullptr) {
    throw Error("the plan only predicts: it holds no program that trains",
                "leave out --train, or give the plan that it was made from");
  }
  PredictWorkload requests(plan, corpus, settings.batch, settings.threads);
  result.tokens_per_sentence = requests.tokens_per_sentence();
  result.settings.batch = static_cast<std::int64_t>(requests.batch());
  result.limits = measure_limits(settings.threads);
  result.programs.push_back(
      measure(programs::kPredict, fmt::format("a request of {} texts", requests.batch()),
              *requests.session().predict_executor(), requests, requests.requests(), result));
  if (!settings.train) return result;
  TrainWorkload steps(plan, corpus, settings.threads);
  result.programs.push_back(measure(programs::kTrain,
                                    fmt::format("a step of {} texts", steps.batch()),
                                    *steps.session().train_executor(), steps, 3, result));
  return result;
}

std::string to_text(const Profile& profile) {
  std::string text = fmt::format("{} texts of {:.1f} tokens, threads {}\n", profile.sentences,
                                 profile.tokens_per_sentence, profile.settings.threads);
  text += limits_text(profile.limits);
  for (const ProgramProfile& program : profile.programs) {
    text += fmt::format("\n@{}: {} takes {:.1f} us, its nodes {:.1f} us; {} runs\n",
                        program.program, program.unit, program.us, program.nodes_us, program.runs);
    std::vector<BenchNode> slowest_first = program.nodes;
    std::ranges::stable_sort(slowest_first, std::greater<>(), &BenchNode::us);
    text += op_table("@" + program.program, program.nodes);
    text += node_table("@" + program.program, slowest_first);
  }
  return text;
}

std::string trace_json(const Profile& profile) {
  auto events = nlohmann::ordered_json::array();
  int process = 0;
  for (const ProgramProfile& program : profile.programs) {
    add_events(program, ++process, profile, events);
  }
  const nlohmann::ordered_json json{
      {"displayTimeUnit", "ms"},
      {"otherData",
       {{"threads", profile.settings.threads}, {"limits", limits_json(profile.limits)}}},
      {"traceEvents", std::move(events)}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace weft
