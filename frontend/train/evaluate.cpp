// Predicts in portions and hands truth and predictions to the metrics.
#include "frontend/train/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <utility>

namespace weft {

std::size_t texts_at_once(std::size_t labels, std::size_t most) {
  constexpr std::size_t kMaxScores = std::size_t{1} << 22U;
  return std::clamp<std::size_t>(kMaxScores / std::max<std::size_t>(labels, 1), 1, most);
}

void predict_all(Session& session, const Dataset& data, const TakePrediction& take,
                 StoredRows* rows) {
  const std::size_t max_texts = rows == nullptr ? 4096 : 256;  // rows take more room than ids
  const std::size_t portion = texts_at_once(session.labels().size(), max_texts);
  Predictions predictions;
  for (std::size_t begin = 0; begin < data.size(); begin += portion) {
    const std::size_t count = std::min(portion, data.size() - begin);
    const PackedIds texts = data.texts(begin, begin + count);
    if (rows == nullptr) {
      session.predict_ids(texts, predictions);
    } else {
      session.predict_rows(texts, rows->of(begin, count), predictions);
    }
    for (std::size_t k = 0; k < count; ++k) take(begin + k, predictions, k);
  }
}

namespace {

std::vector<std::uint32_t> as_numbers(std::span<const std::int32_t> labels) {
  return {labels.begin(), labels.end()};
}

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// -log p of each example's labels, from logits, and the mean.
class MeanLoss {
 public:
  // `logits`: one per label, or one that tells the second label from the first.
  void add_single(std::span<const float> logits, std::size_t label, std::size_t known) {
    if (label >= known) return;
    ++count_;
    if (logits.size() == 1 && known == 2) {
      const auto x = static_cast<double>(logits[0]);
      sum_ += softplus(label == 1 ? -x : x);
      return;
    }
    const auto max = static_cast<double>(*std::ranges::max_element(logits));
    double total = 0;
    for (const float x : logits) total += std::exp(static_cast<double>(x) - max);
    sum_ += max + std::log(total) - static_cast<double>(logits[label]);
  }
  void add_multi(std::span<const float> logits, std::span<const std::int32_t> labels) {
    for (std::size_t c = 0; c < logits.size(); ++c) {
      const bool on = std::ranges::find(labels, static_cast<std::int32_t>(c)) != labels.end();
      const auto x = static_cast<double>(logits[c]);
      sum_ += softplus(on ? -x : x);
      ++count_;
    }
  }
  std::optional<double> mean() const {
    if (count_ == 0) return std::nullopt;
    return sum_ / static_cast<double>(count_);
  }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

Evaluation evaluate_single(Session& session, const Dataset& data, StoredRows* rows,
                           const TakePrediction& also) {
  std::vector<std::uint32_t> truth;
  std::vector<std::uint32_t> predicted;
  MeanLoss loss;
  const auto take = [&](std::size_t i, const Predictions& all, std::size_t k) {
    const auto labels = data.labels_of(i);
    if (labels.size() != 1) {
      throw Error(fmt::format("texts[{}] has {} labels, but the plan gives each text exactly one",
                              i, labels.size()),
                  "train a model that ends with sigmoid(logits)");
    }
    truth.push_back(static_cast<std::uint32_t>(labels.front()));
    predicted.push_back(static_cast<std::uint32_t>(all.label(k)));
    loss.add_single(all.logits(k), truth.back(), data.space.known);
    if (also) also(i, all, k);
  };
  predict_all(session, data, take, rows);
  return {evaluate(data.space, truth, predicted), 0.5, loss.mean()};
}

// The set of labels whose scores reach the threshold.
void add_reaching(std::span<const float> scores, double threshold, LabelSets& sets) {
  std::vector<std::uint32_t> chosen;
  for (std::size_t c = 0; c < scores.size(); ++c) {
    if (static_cast<double>(scores[c]) >= threshold)
      chosen.push_back(static_cast<std::uint32_t>(c));
  }
  sets.add(chosen);
}

Evaluation evaluate_multi(Session& session, const Dataset& data, std::optional<double> threshold,
                          StoredRows* rows, const TakePrediction& also) {
  LabelSets truth;
  LabelSets predicted;
  std::vector<float> scores;  // of all labels, only to choose the threshold by
  MeanLoss loss;
  const auto take = [&](std::size_t i, const Predictions& all, std::size_t k) {
    truth.add(as_numbers(data.labels_of(i)));
    loss.add_multi(all.logits(k), data.labels_of(i));
    if (also) also(i, all, k);
    const auto row = all.probabilities(k);
    if (threshold) {
      add_reaching(row, *threshold, predicted);
    } else {
      scores.insert(scores.end(), row.begin(), row.end());
    }
  };
  predict_all(session, data, take, rows);
  Evaluation evaluation;
  evaluation.loss = loss.mean();
  evaluation.threshold =
      threshold ? *threshold : choose_threshold(data.space, scores, truth).threshold;
  for (std::size_t at = 0; at < scores.size(); at += data.space.known) {
    add_reaching(std::span(scores).subspan(at, data.space.known), evaluation.threshold, predicted);
  }
  evaluation.metrics = evaluate(data.space, truth, predicted);
  return evaluation;
}

}  // namespace

Evaluation evaluate(Session& session, const Dataset& data, std::optional<double> threshold,
                    StoredRows* rows, const TakePrediction& also) {
  return session.plan().task == Task::multi_label
             ? evaluate_multi(session, data, threshold, rows, also)
             : evaluate_single(session, data, rows, also);
}

void expect_labels_of(const Plan& plan, const CorpusView& examples) {
  if (plan.task == Task::multi_label || !examples.corpus().multi_label()) return;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (examples.labels(i).size() == 1) continue;
    throw Error(fmt::format("the plan gives each text one label, but {} has {}", examples.place(i),
                            examples.labels(i).size()),
                "train a description that ends with `output sigmoid(logits)`");
  }
}

Evaluation evaluate(Plan plan, const CorpusView& examples) {
  const double threshold = plan.threshold;
  Session session(std::move(plan), {/*threads=*/1});
  return evaluate(session, encode(examples, session.encoder(), session.labels()), threshold);
}

double score(const Evaluation& evaluation, BestBy by) {
  const Metrics& metrics = evaluation.metrics;
  switch (by) {
    case BestBy::automatic: {
      const double measure =
          metrics.multi_label ? metrics.micro.f1 : (metrics.accuracy + metrics.macro.f1) / 2;
      const double texts = std::max(1.0, static_cast<double>(metrics.examples));
      return measure - evaluation.loss.value_or(0) / (2 * std::sqrt(texts));
    }
    case BestBy::accuracy:
      return metrics.accuracy;
    case BestBy::macro_f1:
      return metrics.macro.f1;
    case BestBy::micro_f1:
      return metrics.micro.f1;
    case BestBy::loss:
      return -evaluation.loss.value_or(std::numeric_limits<double>::max());
  }
  return 0.0;
}

BestBy shown_measure(BestBy by, bool multi_label) {
  if (by != BestBy::automatic) return by;
  return multi_label ? BestBy::micro_f1 : BestBy::accuracy;
}

double standard_error(double accuracy, std::size_t texts) {
  return std::sqrt(accuracy * (1 - accuracy) /
                   static_cast<double>(std::max<std::size_t>(1, texts)));
}

double chance_of_best(const Evaluation& evaluation, BestBy by, std::int64_t epochs) {
  const Metrics& metrics = evaluation.metrics;
  if (by != BestBy::automatic) return 0;
  if (metrics.examples < kEnoughToValidate) return std::numeric_limits<double>::infinity();
  // One answer more of each kind: where all are right, the next may still be wrong.
  const auto texts = static_cast<double>(metrics.examples);
  const double right = (metrics.accuracy * texts + 1) / (texts + 2);
  const double error = standard_error(right, metrics.examples);
  return error * std::sqrt(std::log(static_cast<double>(std::max<std::int64_t>(2, epochs))) / 2);
}

}  // namespace weft
