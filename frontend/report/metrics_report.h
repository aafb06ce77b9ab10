// Metrics as text for people and as JSON for programs.
#pragma once

#include <string>

#include "frontend/train/metrics.h"

namespace weft {

// A summary, a row for each class, the averages, and the confusion matrix; for more than 20
// classes, the most frequent confusions. `colour`: the matrix is a heat map, by terminal escapes.
std::string to_text(const Metrics& metrics, bool colour = false);

// A JSON object: examples, accuracy, micro_f1, macro_f1, weighted_f1, micro/macro/weighted (each
// with precision, recall, f1) and classes (label, precision, recall, f1, support, predicted).
// One label per text: also `confusion`, with `labels` and a `matrix` of truth by prediction, or
// above 500 classes `cells` [truth, predicted, count]. Several: `subset_accuracy` and
// `hamming_loss`. Labels of the data that the plan does not know: `unknown_labels`.
std::string to_json(const Metrics& metrics);

}  // namespace weft
