// Predicts in portions and hands truth and predictions to the metrics.
#include "frontend/evaluate.h"

#include <algorithm>
#include <functional>

namespace weft {

void predict_all(Session& session, const Dataset& data,
                 const std::function<void(std::size_t, const Predictions&, std::size_t)>& take) {
  constexpr std::size_t kPortion = 4096;
  Predictions predictions;
  for (std::size_t begin = 0; begin < data.size(); begin += kPortion) {
    const std::size_t count = std::min(kPortion, data.size() - begin);
    // Offsets are relative to `ids`, which is whole: a portion of texts is a part of them.
    session.predict_ids({data.ids, std::span(data.offsets).subspan(begin, count + 1)}, predictions);
    for (std::size_t k = 0; k < count; ++k) take(begin + k, predictions, k);
  }
}

namespace {

std::vector<std::uint32_t> as_numbers(std::span<const std::int32_t> labels) {
  return {labels.begin(), labels.end()};
}

Evaluation evaluate_single(Session& session, const Dataset& data) {
  std::vector<std::uint32_t> truth;
  std::vector<std::uint32_t> predicted;
  predict_all(session, data, [&](std::size_t i, const Predictions& all, std::size_t k) {
    const auto labels = data.labels_of(i);
    if (labels.size() != 1) {
      throw Error("a text has several labels or none, but the plan gives each text exactly one",
                  "train a model that ends with sigmoid(logits)");
    }
    truth.push_back(static_cast<std::uint32_t>(labels.front()));
    predicted.push_back(static_cast<std::uint32_t>(all.label(k)));
  });
  return {evaluate(data.space, truth, predicted)};
}

Evaluation evaluate_multi(Session& session, const Dataset& data, std::optional<double> threshold) {
  LabelSets truth;
  std::vector<float> scores;
  predict_all(session, data, [&](std::size_t i, const Predictions& all, std::size_t k) {
    truth.add(as_numbers(data.labels_of(i)));
    const auto row = all.probabilities(k);
    scores.insert(scores.end(), row.begin(), row.end());
  });
  Evaluation evaluation;
  evaluation.threshold =
      threshold ? *threshold : choose_threshold(data.space, scores, truth).threshold;
  LabelSets predicted;
  std::vector<std::uint32_t> chosen;
  for (std::size_t i = 0; i < data.size(); ++i) {
    chosen.clear();
    for (std::size_t c = 0; c < data.space.known; ++c) {
      const double score = scores[i * data.space.known + c];
      if (score >= evaluation.threshold) chosen.push_back(static_cast<std::uint32_t>(c));
    }
    predicted.add(chosen);
  }
  evaluation.metrics = evaluate(data.space, truth, predicted);
  return evaluation;
}

}  // namespace

Evaluation evaluate(Session& session, const Dataset& data, std::optional<double> threshold) {
  return session.plan().task == Task::multi_label ? evaluate_multi(session, data, threshold)
                                                  : evaluate_single(session, data);
}

}  // namespace weft
