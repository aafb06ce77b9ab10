// What a measurement runs: requests and training steps on real texts.
#pragma once

#include <cstdint>
#include <utility>

#include "frontend/data/corpus.h"
#include "frontend/train/dataset.h"
#include "ir/plan/plan.h"
#include "runtime/session.h"

namespace weft {

// Request i has the sentences [first, last); after the last sentence come the first ones again.
struct RequestCut {
  std::size_t sentences, batch;

  std::size_t requests() const { return (sentences + batch - 1) / batch; }
  std::pair<std::size_t, std::size_t> operator()(std::size_t i) const {
    const std::size_t first = i % requests() * batch;
    return {first, std::min(sentences, first + batch)};
  }
};

// Predictions from ids. Error for data without texts.
class PredictWorkload {
 public:
  PredictWorkload(const Plan&, const Corpus&, std::int64_t batch, int threads);

  std::size_t operator()(std::size_t i);  // runs request i; the number of its sentences
  std::size_t requests() const { return cut_.requests(); }  // until every sentence was in one
  std::size_t batch() const { return cut_.batch; }          // texts in a request, if it is full
  const RequestCut& cut() const { return cut_; }
  double tokens_per_sentence() const;
  Session& session() { return session_; }

 private:
  Session session_;
  Dataset data_;
  RequestCut cut_;
  Predictions out_;
};

// Training steps of the plan's own batch, on a copy of the plan in memory. Error for a label that
// the plan cannot train on.
class TrainWorkload {
 public:
  TrainWorkload(const Plan&, const Corpus&, int threads);

  std::size_t operator()(std::size_t);  // one step; the number of its sentences
  std::int64_t batch() { return session_.train_capacity().examples; }
  Session& session() { return session_; }

 private:
  Session session_;
  Dataset data_;
  Batches batches_;
  std::int64_t epoch_ = 0;
};

}  // namespace weft
