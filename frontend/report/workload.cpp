// Sessions and their data.
#include "frontend/report/workload.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft {

PredictWorkload::PredictWorkload(const Plan& plan, const Corpus& corpus, std::int64_t batch,
                                 int threads)
    : session_(plan, {threads}),
      data_(encode(corpus, session_.encoder(), session_.labels())),
      cut_{data_.size(), std::min(static_cast<std::size_t>(batch), data_.size())} {
  if (data_.size() == 0) throw Error("there is nothing to measure: the data has no texts");
}

std::size_t PredictWorkload::operator()(std::size_t i) {
  const auto [first, last] = cut_(i);
  session_.predict_ids(data_.texts(first, last), out_);
  return last - first;
}

double PredictWorkload::tokens_per_sentence() const {
  return static_cast<double>(data_.ids.size()) / static_cast<double>(data_.size());
}

TrainWorkload::TrainWorkload(const Plan& plan, const Corpus& corpus, int threads)
    : session_(plan, {threads, /*train=*/true}),
      data_(encode(corpus, session_.encoder(), session_.labels())),
      batches_(data_, batch(), session_.train_capacity(), /*seed=*/1) {
  if (data_.space.names.size() > data_.space.known) {
    throw Error(fmt::format("the data has the label `{}`, which the plan does not know",
                            data_.space.names[data_.space.known]),
                "measure with data that has the labels of the plan");
  }
  batches_.start(epoch_);
}

std::size_t TrainWorkload::operator()(std::size_t) {
  if (!batches_.next()) {
    batches_.start(++epoch_);
    batches_.next();
  }
  session_.train_step(batches_.texts(), batches_.labels(), 0.001);
  return batches_.texts().size();
}

}  // namespace weft
