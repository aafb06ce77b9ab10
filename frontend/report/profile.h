// Where the time of a plan goes: node by node, beside what the machine can do, and run by run.
#pragma once

#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/report/node_profile.h"
#include "ir/plan/plan.h"

namespace weft {

struct ProfileSettings {
  std::int64_t batch = 50;  // texts in a request; a training step has the plan's own batch
  int threads = 1;
  double seconds = 1.0;   // of each program
  bool train = false;     // profile the training step too
  std::size_t runs = 20;  // kept for the trace, of each program
};

// One stretch of time in the trace, from the first run on.
struct TraceSpan {
  std::size_t node;  // of ProgramProfile::nodes; kWholeRun: a request or a step
  double begin_us, us;
};
inline constexpr std::size_t kWholeRun = static_cast<std::size_t>(-1);

struct ProgramProfile {
  std::string program;  // predict
  std::string unit;     // "a request of 50 texts"
  std::int64_t runs = 0;
  double us = 0;                      // of a request or a step, on average
  double nodes_us = 0;                // of these its nodes
  std::vector<BenchNode> nodes = {};  // in the order of execution; of a request or a step
  std::vector<TraceSpan> trace = {};
};

struct Profile {
  ProfileSettings settings;
  std::size_t sentences = 0;
  double tokens_per_sentence = 0;
  MachineLimits limits;
  std::vector<ProgramProfile> programs;
};

// Measures the limits, warms up, then times. Trains a copy of the plan in memory. Error if the data
// has no texts, or a label that the plan cannot train on; or for `train` of a plan that cannot.
Profile profile(const Plan&, const Corpus&, const ProfileSettings&);

std::string to_text(const Profile&);
// The trace in the JSON that Perfetto and chrome://tracing open: an event for each run and node.
std::string trace_json(const Profile&);

}  // namespace weft
