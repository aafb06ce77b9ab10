// What the nodes of a program cost, beside what the machine can do.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/report/node_timer.h"

namespace weft {

// The most that the threads of a request can do on this machine, measured.
struct MachineLimits {
  double flops = 0;  // fp32 operations in a second
  // Bytes in a second that are read from so many bytes, in the order of their sizes: from the
  // caches, and from memory.
  std::vector<std::pair<double, double>> bandwidth;

  double bandwidth_of(double bytes) const;
};
MachineLimits measure_limits(int threads);

// A node's share of a request from ids, or of a training step; and, where `count` is not 1, that of
// all nodes of an op.
struct BenchNode {
  std::string name, op;
  double us = 0;                // microseconds in a run of the program, on average
  double share = 0;             // of all nodes of the program
  double flops = 0, bytes = 0;  // in a run, as `weft inspect` counts them
  // The least time that this machine needs: for the operations or, if that is longer, the bytes.
  double least_us = 0;
  bool memory_bound = false;  // the bytes take longer
  std::int64_t count = 1;

  double of_limit() const { return us > 0 ? least_us / us : 0; }
};

// One for each op, that which takes longest first.
std::vector<BenchNode> by_op(const std::vector<BenchNode>&);

// The nodes of the runs that were timed, in the order of execution, with their costs at the mean
// extents of these.
std::vector<BenchNode> node_profile(const Executor&, const NodeTimer&, const MachineLimits&);

// Tables: by op and by node.
std::string op_table(std::string_view heading, const std::vector<BenchNode>&);
std::string node_table(std::string_view heading, const std::vector<BenchNode>&);
std::string limits_text(const MachineLimits&);  // one line
nlohmann::ordered_json limits_json(const MachineLimits&);
nlohmann::ordered_json nodes_json(const std::vector<BenchNode>&);

}  // namespace weft
