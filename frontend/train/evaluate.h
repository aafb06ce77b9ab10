// A session's predictions on labelled data, measured.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "frontend/description/settings.h"
#include "frontend/train/dataset.h"
#include "frontend/train/metrics.h"
#include "frontend/train/stored_rows.h"
#include "ir/diagnostic.h"
#include "ir/plan/plan.h"
#include "runtime/session.h"

namespace weft {

struct Evaluation {
  Metrics metrics;
  double threshold = 0.5;  // of a multi-label plan: given, or chosen on this data
  // Mean cross-entropy over labels that are known; none: none is. Multi-label: per label.
  std::optional<double> loss;
};

// A larger score is better, whatever the measure. `automatic` is the mean of accuracy and macro F1,
// so that rare labels count; micro F1 if a text can have several labels. From that it takes the
// loss / (2 sqrt(n)) of n texts, since with few of them epochs are equally accurate by chance, and
// the loss still tells them apart.
double score(const Evaluation&, BestBy);
// What a person is told the score of: accuracy or micro F1 for `automatic`.
BestBy shown_measure(BestBy, bool multi_label);
// Of an accuracy that was measured on so many texts, by the binomial distribution.
double standard_error(double accuracy, std::size_t texts);
// By so much the best of several epochs that are alike may exceed another by chance, as far as
// these texts tell. The best of E scores lies some sqrt(2 ln E) standard errors above their mean;
// those of epochs, whose answers mostly agree, vary half as much as the accuracy does. Infinite
// below kEnoughToValidate texts. 0 for a measure that was asked for by name, which is obeyed.
double chance_of_best(const Evaluation&, BestBy, std::int64_t epochs);
inline constexpr std::size_t kEnoughToValidate = 50;

// The number of texts whose answers are held at once, from 1 to `most`: fewer where labels are very
// many.
std::size_t texts_at_once(std::size_t labels, std::size_t most);

// Is called with (i, predictions, k): example i is the k-th of the predictions.
using TakePrediction = std::function<void(std::size_t, const Predictions&, std::size_t)>;

// Predicts a portion at a time, and hands them on. With `rows`, of that session
// and data, no text is encoded that has been before.
void predict_all(Session& session, const Dataset& data, const TakePrediction& take,
                 StoredRows* rows = nullptr);

// Error where a text has several labels or none, but the plan gives each text one.
void expect_labels_of(const Plan&, const CorpusView&);

// If no threshold is given, that of a multi-label plan is chosen for the best micro F1 on this
// data. Predictions are handed to `also` too, if it is given.
Evaluation evaluate(Session& session, const Dataset& data, std::optional<double> threshold,
                    StoredRows* rows = nullptr, const TakePrediction& also = {});

// A plan by its own threshold, on one thread.
Evaluation evaluate(Plan plan, const CorpusView& examples);

}  // namespace weft
