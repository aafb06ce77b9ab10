// Measures how fast a plan is on this machine, by timing requests and training steps on real texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/report/node_profile.h"
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
