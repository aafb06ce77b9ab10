// A report on a plan and labelled data: scores, curves, calibration, mistakes, size and speed. It
// is one HTML file without external resources.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/report/explain.h"
#include "frontend/report/memory_picture.h"
#include "frontend/report/page.h"
#include "frontend/report/step_history.h"
#include "frontend/train/curves.h"
#include "frontend/train/evaluate.h"
#include "runtime/session.h"

namespace weft {

struct ClassCurve {
  std::string label;
  ScoreCurve curve;
};

// How a label does at each threshold 0, 0.01 … 1: how often it is given, and how often rightly.
struct ThresholdTable {
  static constexpr std::size_t kSteps = 101;
  std::string name;
  std::uint64_t support = 0;  // texts that have the label
  std::array<std::uint64_t, kSteps> given{}, right{};
};

struct Mistake {
  std::string text;
  std::string truth, predicted;  // multi-label: `not x` and `x`, or the other way round
  double confidence = 0;
  std::string explained;  // the label that `why` is about
  std::optional<Explanation> why = {};
};

struct Report {
  std::string title;                  // the name of the plan
  Origin origin;                      // the data, and the program that made the page
  std::string description;            // of the plan
  std::vector<std::string> settings;  // NAME=VALUE, given on its command line
  Evaluation evaluation;
  std::vector<HistoryEntry> history;
  std::vector<StepPoint> steps;    // of the run that made the report; none: not known
  std::vector<ClassCurve> curves;  // for the most frequent labels
  std::vector<ReliabilityBin> reliability;
  std::vector<ThresholdTable> thresholds;  // multi-label: for all labels, then for frequent ones
  std::vector<Mistake> mistakes;           // the most confident first
  std::string unexplained;                 // the reason if mistakes have no n-grams; else empty

  double temperature = 1;
  std::size_t words = 0, labels = 0;
  std::int64_t parameters = 0;
  std::uint64_t plan_bytes = 0;   // 0: not known
  std::vector<MemoryMap> memory;  // by program
  double seconds = 0;             // the time to label all texts
  int threads = 0;
};

// `data` is what the session reads in the examples, and `evaluation` what evaluate() found on it.
// Title, origin and plan_bytes are the caller's to set.
Report make_report(Session& session, const CorpusView& examples, const Dataset& data,
                   Evaluation evaluation);
// The same, evaluated here; `threshold` as in evaluate().
Report make_report(Session& session, const CorpusView& examples, std::optional<double> threshold);

// The page, with its styles, charts and script. Text that comes from data is escaped.
std::string to_html(const Report&);

}  // namespace weft
