// A session's predictions on labelled data, measured.
#pragma once

#include <optional>

#include "frontend/dataset.h"
#include "frontend/metrics.h"
#include "runtime/session.h"

namespace weft {

struct Evaluation {
  Metrics metrics;
  double threshold = 0.5;  // of a multi-label plan: given, or chosen on this data
};

// Without a threshold, a multi-label plan's is chosen for the best micro-averaged F1 on this data.
Evaluation evaluate(Session& session, const Dataset& data, std::optional<double> threshold);

}  // namespace weft
