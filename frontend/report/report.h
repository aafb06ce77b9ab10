// All that is worth knowing about a plan on labelled data, gathered in one pass, and as one HTML
// file without external resources.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/report/explain.h"
#include "frontend/report/inspect.h"
#include "frontend/train/curves.h"
#include "frontend/train/evaluate.h"
#include "runtime/session.h"

namespace weft {

struct ClassCurve {
  std::string label;
  ScoreCurve curve;
};

// For each threshold 0, 0.01 … 1: how many answers are given, and how many of them are right.
struct ThresholdTable {
  static constexpr std::size_t kSteps = 101;
  std::string name;
  std::uint64_t support = 0;
  std::array<std::uint64_t, kSteps> given{}, right{};
};

struct Mistake {
  std::string text;
  std::string truth, predicted;  // multi-label: `not x` and `x`, or the other way round
  double confidence = 0;
  std::string explained;  // the label that `why` is about
  std::optional<Explanation> why = {};
};

// The place of a value in the memory of a program, and the steps during which it occupies it.
struct ArenaBlock {
  std::string value;
  ArenaStay stay;
};

struct Report {
  std::string title, data;  // what the plan and its data are called
  Evaluation evaluation;
  std::vector<HistoryEntry> history;
  std::vector<ClassCurve> curves;  // of the labels that are most frequent
  std::vector<ReliabilityBin> reliability;
  std::vector<ThresholdTable> thresholds;  // multi-label: of all labels, then of frequent ones
  std::vector<Mistake> mistakes;           // the most confident first
  std::string unexplained;                 // why mistakes have no n-grams; or empty

  double temperature = 1;
  std::size_t words = 0, labels = 0;
  std::int64_t parameters = 0;
  std::uint64_t plan_bytes = 0;                              // 0: not known
  std::vector<std::pair<std::string, std::int64_t>> arenas;  // by program
  std::vector<ArenaBlock> arena;                             // of the program that predicts
  double seconds = 0;  // to label all texts: the only part of a report that differs from run to run
  int threads = 0;
};

// `threshold` as in evaluate(). Titles, history's owner and plan_bytes are the caller's to set.
Report make_report(Session& session, const CorpusView& examples, std::optional<double> threshold);

// One file: styles, charts and script are in it. What comes from data is escaped.
std::string to_html(const Report&);

}  // namespace weft
