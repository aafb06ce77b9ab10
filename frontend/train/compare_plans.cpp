// Both plans predict everything; then text by text.
#include "frontend/train/compare_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/train/evaluate.h"

namespace weft {

Comparison compare(const Plan& one, const Plan& other, const Corpus& corpus, int threads) {
  Comparison result;
  Predictions predictions[2];
  const Plan* plans[] = {&one, &other};
  for (std::size_t i = 0; i < 2; ++i) {
    Session session(*plans[i], {threads});
    const Dataset data = encode(corpus, session.encoder(), session.labels());
    result.accuracy[i] = evaluate(session, data, plans[i]->threshold).metrics.accuracy;
    session.predict_ids(data.texts(), predictions[i]);
  }
  result.texts = predictions[0].size();
  for (std::size_t i = 0; i < result.texts; ++i) {
    if (predictions[0].label(i) == predictions[1].label(i)) ++result.same_labels;
    const auto a = predictions[0].logits(i), b = predictions[1].logits(i);
    for (std::size_t c = 0; c < a.size(); ++c) {
      const double apart = std::abs(static_cast<double>(a[c]) - static_cast<double>(b[c]));
      result.logit_difference = std::max(result.logit_difference, apart);
    }
  }
  return result;
}

std::string to_text(const Comparison& c) {
  return fmt::format(
      "accuracy {:.4f} -> {:.4f} on {} texts; {} labels the same; logits within {:.1e}",
      c.accuracy[0], c.accuracy[1], c.texts, c.same_labels, c.logit_difference);
}

}  // namespace weft
