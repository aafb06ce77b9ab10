// Metrics as people and programs read them.
#pragma once

#include <string>

#include "frontend/train/metrics.h"

namespace weft {

// A summary, a row for each class, the averages, and what is confused with what: the matrix of up
// to 20 classes, else the most frequent confusions. `colour`: the matrix as a heat map by terminal
// escapes.
std::string to_text(const Metrics& metrics, bool colour = false);

// A JSON object: examples, accuracy, micro_f1, macro_f1, weighted_f1, micro/macro/weighted (each
// with precision, recall, f1), classes (label, precision, recall, f1, support, predicted), for one
// label each `confusion` (labels, and rows of truth by columns of predictions; left out above 500
// classes), for several `subset_accuracy` and `hamming_loss`, and where the data has labels that
// the plan has not `unknown_labels`.
std::string to_json(const Metrics& metrics);

}  // namespace weft
