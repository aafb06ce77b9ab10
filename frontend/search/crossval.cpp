// Folds are trials side by side, each on one thread, so that results do not depend on how many.
#include "frontend/search/crossval.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "frontend/data/split.h"
#include "frontend/format/table.h"
#include "frontend/search/run_in_parallel.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// P(|T| > t), by Simpson's rule after t = sqrt(degrees) tan(angle), which makes the range finite.
double student_tail(double t, int degrees) {
  const double n = degrees;
  const double scale =
      2 / std::sqrt(std::numbers::pi) * std::exp(std::lgamma((n + 1) / 2) - std::lgamma(n / 2));
  constexpr int kSteps = 2000;
  const double step = std::atan(t / std::sqrt(n)) / kSteps;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double weight = i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2;
    sum += weight * std::pow(std::cos(i * step), n - 1);
  }
  return 1 - scale * sum * step / 3;
}

Spread spread(const Crossval& result, double FoldScore::*score, double tested, double trained) {
  std::vector<double> scores;
  for (const FoldScore& fold : result.folds) scores.push_back(fold.*score);
  return spread_of(scores, tested, trained);
}

std::optional<Spread> loss_spread(const Crossval& result, double tested, double trained) {
  std::vector<double> losses;
  for (const FoldScore& fold : result.folds) {
    if (fold.loss) losses.push_back(*fold.loss);
  }
  if (losses.empty()) return std::nullopt;
  Spread spread = spread_of(losses, tested, trained);
  spread.low = std::max(spread.low, 0.0);
  return spread;
}

// Few folds that differ much can put an end of the interval where no share can be.
Spread within_shares(Spread s) {
  s.low = std::clamp(s.low, 0.0, 1.0);
  s.high = std::clamp(s.high, 0.0, 1.0);
  return s;
}

// The parts of one fold, as the settings want them.
struct Parts {
  std::vector<std::uint32_t> train, valid, test;
};

Parts parts_of(const Corpus& corpus, const std::vector<std::uint32_t>& fold_of, std::uint32_t fold,
               double valid_fraction, std::uint64_t seed) {
  Split split = split_of_fold(fold_of, fold);
  if (valid_fraction <= 0) return {std::move(split.train), {}, std::move(split.valid)};
  Parts parts{{}, {}, std::move(split.valid)};
  const Split inner = stratified_split(corpus, split.train, valid_fraction, seed);
  parts.train = inner.train;
  parts.valid = inner.valid;
  return parts;
}

nlohmann::ordered_json json_of(const Spread& s) {
  return {{"mean", s.mean}, {"deviation", s.deviation}, {"low", s.low}, {"high", s.high}};
}

}  // namespace

double student_t95(int degrees) {
  double low = 0;
  double high = 13;  // one degree of freedom: 12.7
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (student_tail(middle, degrees) > 0.05 ? low : high) = middle;
  }
  return (low + high) / 2;
}

Spread spread_of(const std::vector<double>& scores, double tested, double trained) {
  const auto n = static_cast<double>(scores.size());
  Spread s;
  s.mean = std::accumulate(scores.begin(), scores.end(), 0.0) / n;
  double squares = 0;
  for (const double score : scores) squares += (score - s.mean) * (score - s.mean);
  s.low = s.high = s.mean;
  if (scores.size() < 2) return s;
  const double variance = squares / (n - 1);
  s.deviation = std::sqrt(variance);
  const double half = student_t95(static_cast<int>(scores.size()) - 1) *
                      std::sqrt(variance * (1 / n + tested / trained));
  s.low = s.mean - half;
  s.high = s.mean + half;
  return s;
}

Crossval cross_validate(const Trial& trial, const CrossvalSettings& settings,
                        const std::function<void(const FoldScore&)>& ended) {
  const std::size_t examples = trial.corpus->size();
  if (examples < settings.folds) {
    throw Error(fmt::format("{} folds need as many examples at least, but there {} {}",
                            settings.folds, examples == 1 ? "is" : "are", examples),
                "ask for fewer with --folds");
  }
  const auto seed =
      static_cast<std::uint64_t>(settings_of(*trial.description, trial.overrides).seed);
  std::vector<std::vector<std::uint32_t>> fold_of;  // [repeats, examples]
  for (std::uint32_t r = 0; r < settings.repeats; ++r) {
    fold_of.push_back(settings.folds_by_row
                          ? folds_by_row(examples, settings.folds)
                          : stratified_folds(*trial.corpus, settings.folds, seed + r));
  }

  Crossval result;
  result.warnings = fold_warnings(*trial.corpus, fold_of.front());
  result.folds.resize(std::size_t{settings.repeats} * settings.folds);
  std::mutex mutex;
  const int threads = settings.threads > 0 ? settings.threads : default_threads();
  run_in_parallel(result.folds.size(), threads, [&](std::size_t i) {
    const auto repeat = static_cast<std::uint32_t>(i / settings.folds);
    const auto fold = static_cast<std::uint32_t>(i % settings.folds);
    Trial one = trial;
    one.overrides.set("train.seed", static_cast<std::int64_t>(seed + repeat));
    Parts parts =
        parts_of(*trial.corpus, fold_of[repeat], fold, settings.valid_fraction, seed + repeat);
    one.train_rows = std::move(parts.train);
    one.valid_rows = std::move(parts.valid);
    FitObserver silent;
    FitResult fitted = fit(one, silent);
    if (fitted.interrupted) return;
    const std::int64_t epoch = fitted.best_epoch;
    const Evaluation test = evaluate(std::move(fitted.plan), {*trial.corpus, parts.test});
    const FoldScore score{repeat,   fold, epoch, test.metrics.accuracy, test.metrics.macro.f1,
                          test.loss};
    const std::lock_guard lock(mutex);
    result.folds[i] = score;
    ended(score);
  });

  const double tested = static_cast<double>(examples) / settings.folds;
  const double trained = static_cast<double>(examples) - tested;
  result.accuracy = within_shares(spread(result, &FoldScore::accuracy, tested, trained));
  result.macro_f1 = within_shares(spread(result, &FoldScore::macro_f1, tested, trained));
  result.loss = loss_spread(result, tested, trained);
  for (std::uint32_t r = 0; r < settings.repeats; ++r) {
    double sum = 0;
    for (std::uint32_t f = 0; f < settings.folds; ++f) {
      sum += result.folds[std::size_t{r} * settings.folds + f].accuracy;
    }
    result.repeat_accuracy.push_back(sum / settings.folds);
  }
  return result;
}

std::string to_text(const Crossval& result) {
  TextTable table;
  table.add({"", "mean", "deviation of a fold", "95 % confidence interval"});
  const auto row = [&](const char* name, const Spread& s) {
    table.add({name, fmt::format("{:.4f}", s.mean), fmt::format("{:.4f}", s.deviation),
               fmt::format("{:.4f} to {:.4f}", s.low, s.high)});
  };
  row("accuracy", result.accuracy);
  row("macro F1", result.macro_f1);
  if (result.loss) row("loss", *result.loss);
  std::string text = table.str();
  if (result.repeat_accuracy.size() > 1) {
    text += "accuracy of each repeat:";
    for (const double accuracy : result.repeat_accuracy) text += fmt::format(" {:.4f}", accuracy);
    text += "\n";
  }
  return text;
}

std::string to_json(const Crossval& result) {
  nlohmann::ordered_json json{{"accuracy", json_of(result.accuracy)},
                              {"macro_f1", json_of(result.macro_f1)}};
  if (result.loss) json["loss"] = json_of(*result.loss);
  json["repeat_accuracy"] = result.repeat_accuracy;
  for (const FoldScore& fold : result.folds) {
    nlohmann::ordered_json one{{"repeat", fold.repeat + 1},
                               {"fold", fold.fold + 1},
                               {"epoch", fold.epoch},
                               {"accuracy", fold.accuracy},
                               {"macro_f1", fold.macro_f1}};
    if (fold.loss) one["loss"] = *fold.loss;
    json["folds"].push_back(std::move(one));
  }
  return json.dump();
}

}  // namespace weft
