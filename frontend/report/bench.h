// Measures how fast a plan is on this machine, by timing requests and training steps on real texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "frontend/data/corpus.h"
#include "ir/plan/plan.h"

namespace weft {

struct BenchSettings {
  std::int64_t batch = 50;  // texts in a request; a training step has the plan's own batch
  int threads = 1;
  double seconds = 1.0;  // the time of each measurement
  bool nodes = false;    // time the programs' nodes too
};

// The speed of one kind of request.
struct BenchRate {
  double sentences_per_second = 0;
  double p50_us = 0, p99_us = 0;  // of a request
};

struct BenchStep {
  double sentences_per_second = 0;
  double step_ms = 0;  // the median
  std::int64_t batch = 0;
};

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

struct Bench {
  BenchSettings settings;
  std::size_t sentences = 0;
  double tokens_per_sentence = 0;
  BenchRate from_ids, from_text;
  std::optional<BenchStep> train;  // if the plan can train
  // If nodes were asked for, in the order of execution.
  MachineLimits limits;
  std::vector<BenchNode> predict_nodes, train_nodes;
};

// Trains a copy of the plan in memory; its file stays as it is. Error if the data has no texts, or
// a label that the plan cannot train on.
Bench bench(const Plan&, const Corpus&, const BenchSettings&);

std::string to_text(const Bench&);
std::string to_json(const Bench&);

}  // namespace weft
