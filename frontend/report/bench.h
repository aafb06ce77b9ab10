// How fast a plan is on this machine: requests and training steps on real texts, timed one by one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "ir/plan/plan.h"

namespace weft {

struct BenchSettings {
  std::int64_t batch =
      50;  // texts to a request; a training step has as many as the plan trains with
  int threads = 1;
  double seconds = 1.0;  // spent on each measurement
  bool nodes = false;    // time the programs' nodes too
};

// The time that one kind of request took.
struct BenchRate {
  double sentences_per_second = 0;
  double p50_us = 0, p99_us = 0;  // of a request
};

struct BenchStep {
  double sentences_per_second = 0;
  double step_ms = 0;  // the median
  std::int64_t batch = 0;
};

// A node's part in a request from ids or in a training step.
struct BenchNode {
  std::string name, op;
  double us = 0;     // a run, on average
  double share = 0;  // of all nodes of the program
};

struct Bench {
  BenchSettings settings;
  std::size_t sentences = 0;
  double tokens_per_sentence = 0;
  BenchRate from_ids, from_text;
  std::optional<BenchStep> train;                     // where the plan can train
  std::vector<BenchNode> predict_nodes, train_nodes;  // if asked for, in the order they run in
};

// The plan in memory is trained on; the file it came from is not. Throws Error if there is no text,
// or a label that the plan cannot train on.
Bench bench(const Plan&, const Corpus&, const BenchSettings&);

std::string to_text(const Bench&);
std::string to_json(const Bench&);

}  // namespace weft
