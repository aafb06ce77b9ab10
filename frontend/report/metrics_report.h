// Metrics as text for people and as JSON for programs.
#pragma once

#include <optional>
#include <string>

#include "frontend/report/probabilities.h"
#include "frontend/train/evaluate.h"
#include "frontend/train/metrics.h"
#include "frontend/train/top_labels.h"

namespace weft {

// A summary, a row for each class, the averages, and the confusion matrix; for more than 20
// classes, the most frequent confusions. `colour`: the matrix is a heat map, by terminal escapes.
std::string to_text(const Metrics& metrics, bool colour = false);

// A line: precision and recall of the K most probable labels.
std::string to_text(const TopLabels&);

// A JSON object: examples, loss, accuracy, micro_f1, macro_f1, weighted_f1, micro/macro/weighted
// (each with precision, recall, f1), classes (label, precision, recall, f1, support, predicted) and
// `calibration`: error (ECE), with the bins that it is the mean over, each with the count of
// answers, their mean confidence and the share of them that is right.
// Labels that the probabilities follow have roc_auc and average_precision where they are
// defined, and the object has their means over labels where they are defined.
// One label per text: also `confusion`, with `labels` and a `matrix` of truth by prediction, or
// above 500 classes `cells` [truth, predicted, count]. Several: `threshold`, `subset_accuracy` and
// `hamming_loss`. Labels of the data that the plan does not know: `unknown_labels`.
// With `top`, also an object of that name: k, and precision and recall of the k most probable
// labels of each text.
std::string to_json(const Evaluation&, const Probabilities&,
                    const std::optional<TopLabels>& top = std::nullopt);

}  // namespace weft
