// k-fold cross-validation: how good a model is on data it was not trained on, and how sure that is.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "frontend/search/trial.h"
#include "frontend/train/data_warnings.h"

namespace weft {

struct CrossvalSettings {
  std::uint32_t folds = 10;
  std::uint32_t repeats = 1;  // each with another seed, and other folds unless they go by row
  bool folds_by_row = false;  // fold = row number modulo folds, as published results have it
  double valid_fraction = 0;  // share of the training part held out to choose the best epoch by
  int threads = 0;            // folds side by side; 0: as many as this process may use
};

struct FoldScore {
  std::uint32_t repeat = 0, fold = 0;  // from 0 here, from 1 where shown
  std::int64_t epoch = 0;              // whose weights were measured
  double accuracy = 0, macro_f1 = 0;
  std::optional<double> loss;  // none: no tested text has a label that was learnt
};

// Over the folds of all repeats.
struct Spread {
  double mean = 0;
  double deviation = 0;      // standard, of a fold (n - 1)
  double low = 0, high = 0;  // the mean's 95 % confidence interval; within what can be
};

struct Crossval {
  std::vector<FoldScore> folds;  // by repeat, then fold
  Spread accuracy, macro_f1;
  std::optional<Spread> loss;           // of the folds that have one
  std::vector<double> repeat_accuracy;  // the mean of each repeat's folds
  Warnings warnings;                    // on the folds of the first repeat
};

// Training sets of folds overlap, so that folds vary less than independent samples would: the
// interval is Student's, with the variance corrected by Nadeau and Bengio ("Inference for the
// generalization error", Machine Learning 52, 2003). `tested` and `trained` are examples per fold.
Spread spread_of(const std::vector<double>& scores, double tested, double trained);

// The t that Student's distribution of `degrees` freedom exceeds in absolute value with probability
// 0.05.
double student_t95(int degrees);

// `trial` says what to train; its rows are chosen here. `ended` is called after each fold, one call
// at a time, in any order of folds. Error if there are fewer examples than folds.
Crossval cross_validate(const Trial& trial, const CrossvalSettings&,
                        const std::function<void(const FoldScore&)>& ended);

std::string to_text(const Crossval&);
std::string to_json(const Crossval&);

}  // namespace weft
