// The training loop. What it does next depends on the plan, the data and the settings only.
#include "frontend/trainer.h"

#include <fmt/format.h>

#include <cmath>

namespace weft {
namespace {

class Trainer {
 public:
  Trainer(Session& session, const Dataset& data, const Dataset* valid,
          const TrainSettings& settings, TrainObserver& observer,
          const std::atomic<bool>* interrupt)
      : session_(session),
        valid_(valid),
        settings_(settings),
        observer_(observer),
        interrupt_(interrupt),
        batches_(data, settings.batch, session.train_capacity(), settings.seed),
        history_(session.plan().history) {}

  TrainOutcome run(std::size_t examples) {
    const std::int64_t first = history_.empty() ? 1 : history_.back().epoch + 1;
    step_ = history_.empty() ? 0 : history_.back().step;
    observer_.began(settings_.epochs, examples);
    std::int64_t worse = 0;
    for (std::int64_t i = 0; i < settings_.epochs; ++i) {
      const std::int64_t epoch = first + i;
      const double loss = run_epoch(epoch);
      if (interrupted()) break;
      const bool better = end_epoch(epoch, loss);
      worse = better ? 0 : worse + 1;
      if (settings_.patience > 0 && worse >= settings_.patience) {
        outcome_.stopped_early = i + 1 < settings_.epochs;
        break;
      }
    }
    outcome_.interrupted = interrupted();
    if (outcome_.epochs == 0) outcome_.plan = session_.snapshot();
    outcome_.plan.history = history_;
    return std::move(outcome_);
  }

 private:
  bool interrupted() const {
    return interrupt_ != nullptr && interrupt_->load(std::memory_order_relaxed);
  }

  // The mean loss.
  double run_epoch(std::int64_t epoch) {
    batches_.start(epoch);
    double sum = 0;
    std::size_t seen = 0;
    while (!interrupted() && batches_.next()) {
      const double loss = session_.train_step(batches_.texts(), batches_.labels(), settings_.rate);
      ++step_;
      if (!std::isfinite(loss)) {
        throw Error(fmt::format("the loss became {} in epoch {}, step {}", loss, epoch, step_),
                    fmt::format("the learning rate {} may be too high: try --rate {}",
                                settings_.rate, settings_.rate / 10));
      }
      sum += loss * static_cast<double>(batches_.texts().size());
      seen += batches_.texts().size();
      observer_.stepped(epoch, seen, sum / static_cast<double>(seen));
    }
    return seen == 0 ? 0.0 : sum / static_cast<double>(seen);
  }

  bool end_epoch(std::int64_t epoch, double loss) {
    EpochReport report{epoch, step_, loss, std::nullopt, true};
    HistoryEntry entry;
    entry.epoch = epoch;
    entry.step = step_;
    entry.rate = settings_.rate;
    entry.train_loss = loss;
    if (valid_ != nullptr) {
      report.valid = evaluate(session_, *valid_, std::nullopt);
      report.best = outcome_.epochs == 0 || report.valid->metrics.accuracy > best_accuracy_;
      entry.metrics = {{"accuracy", report.valid->metrics.accuracy},
                       {"macro_f1", report.valid->metrics.macro.f1}};
    }
    history_.push_back(entry);
    ++outcome_.epochs;
    if (report.best) {
      outcome_.plan = session_.snapshot();
      outcome_.best_epoch = epoch;
      if (report.valid) {
        best_accuracy_ = report.valid->metrics.accuracy;
        outcome_.plan.threshold = report.valid->threshold;
      }
    }
    observer_.epoch_ended(report);
    return report.best;
  }

  Session& session_;
  const Dataset* valid_;
  const TrainSettings& settings_;
  TrainObserver& observer_;
  const std::atomic<bool>* interrupt_;
  Batches batches_;
  std::vector<HistoryEntry> history_;
  std::int64_t step_ = 0;
  double best_accuracy_ = 0;
  TrainOutcome outcome_;
};

}  // namespace

TrainOutcome train(Session& session, const Dataset& data, const Dataset* valid,
                   const TrainSettings& settings, TrainObserver& observer,
                   const std::atomic<bool>* interrupt) {
  if (data.size() == 0) throw Error("there is nothing to train on: the data has no examples");
  if (data.space.names.size() > data.space.known) {
    throw Error(
        fmt::format("the label `{}` is not one of the plan's", data.space.names[data.space.known]),
        "a plan's labels are fixed when it is made; train a new one from its description");
  }
  return Trainer(session, data, valid, settings, observer, interrupt).run(data.size());
}

}  // namespace weft
