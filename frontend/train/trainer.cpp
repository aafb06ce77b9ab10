// The training loop. What it does next depends on the plan, the data and the settings only.
#include "frontend/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <utility>

#include "frontend/train/plan_settings.h"
#include "frontend/train/spill.h"
#include "frontend/train/stored_rows.h"
#include "ir/finite.h"

namespace weft {
namespace {

// True if all weights are numbers.
bool is_finite(const Plan& plan) {
  return std::ranges::all_of(plan.tensors, [](const PlanTensor& tensor) {
    return tensor.role != Role::param || tensor.type.dtype != DType::f32 ||
           all_finite(tensor.bytes);
  });
}

class Trainer {
 public:
  Trainer(Session& session, const Dataset& data, const Dataset* valid,
          const TrainSettings& settings, FitObserver& observer, const std::atomic<bool>* interrupt,
          const Checkpointing* checkpoints)
      : session_(session),
        data_(data),
        examples_(data.size()),
        valid_(valid),
        settings_(settings),
        observer_(observer),
        interrupt_(interrupt),
        checkpoints_(checkpoints),
        batches_(data, settings.batch, session.train_capacity(), settings.seed) {
    store_rows();
    if (checkpoints != nullptr && checkpoints->from) {
      state_ = *checkpoints->from;
      first_loss_ = 0;  // not known any more
      return;
    }
    state_.history = session.plan().history;
    state_.step = state_.history.empty() ? 0 : state_.history.back().step;
    state_.recent = RecentWeights(static_cast<std::size_t>(settings.average), spill_folder());
  }

  FitResult run() {
    observer_.began(settings_.epochs - state_.ended, examples_);
    evaluate_start();
    while (state_.ended < settings_.epochs && !gets_no_better()) {
      run_epoch();
      if (interrupted()) break;
      end_epoch();
    }
    FitResult result;
    result.interrupted = interrupted();
    if (result.interrupted) save();
    result.best_epoch = state_.best_epoch;
    result.epochs = state_.ended;
    result.stopped_early = !result.interrupted && state_.ended < settings_.epochs;
    if (state_.best) {
      result.plan = std::move(*state_.best);
    } else {
      result.plan = session_.flushed();
    }
    result.valid = std::move(best_valid_);
    if (!result.interrupted) try_mean(result);
    if (valid_ != nullptr && !result.valid && !result.interrupted)
      result.valid = evaluated(result.plan);
    mark_kept(result);
    warn_of_divergence(result);
    result.plan.history = state_.history;
    return result;
  }

 private:
  bool interrupted() const {
    return interrupt_ != nullptr && interrupt_->load(std::memory_order_relaxed);
  }
  bool gets_no_better() const {
    return settings_.patience > 0 && state_.worse >= settings_.patience;
  }
  std::int64_t epoch() const {
    return state_.history.empty() ? 1 : state_.history.back().epoch + 1;
  }
  double mean_loss() const {
    return state_.seen == 0 ? 0.0 : state_.loss_sum / static_cast<double>(state_.seen);
  }

  // The rate of the step that sees the batch at hand.
  double learning_rate() const {
    const auto all = static_cast<std::int64_t>(examples_);
    const std::int64_t before = state_.ended * all + state_.seen;
    const auto size = static_cast<std::int64_t>(batches_.texts().size());
    return settings_.learning_rate *
           learning_rate_factor(settings_.schedule, {before, before + size, settings_.epochs * all,
                                                     state_.ended, settings_.batch});
  }

  // Where the texts are seen more than once.
  void store_rows() {
    const std::int64_t row_size = session_.row_size().of(1, 1);
    if (!settings_.stored_rows || settings_.epochs < 2 || row_size == 0) return;
    std::int64_t memory =
        settings_.row_memory < 0 ? memory_for_rows(session_.threads()) : settings_.row_memory;
    const auto room = [&] {
      return StoredRows::Room{memory, spill_folder(),
                              [this](const std::string& message) { observer_.warned(message); }};
    };
    rows_.emplace(session_, data_, room());
    if (valid_ == nullptr || !session_.can_predict_rows()) return;
    memory = std::max<std::int64_t>(memory - rows_->bytes(), 0);
    valid_rows_.emplace(session_, *valid_, room());
  }

  Evaluation evaluated_now() {
    return evaluate(session_, *valid_, std::nullopt, valid_rows_ ? &*valid_rows_ : nullptr);
  }

  // A plan that was trained before competes, as it was given, with the epochs of this run.
  void evaluate_start() {
    const bool trained = !state_.history.empty() || trained_elsewhere(session_.plan()).has_value();
    if (valid_ == nullptr || !trained || state_.best_score) return;
    best_valid_ = evaluated_now();
    state_.best = spilled(session_.flushed(), spill_folder());
    state_.best->threshold = best_valid_->threshold;
    state_.best_score = score(*best_valid_, settings_.metric);
    observer_.start_evaluated(*best_valid_);
  }

  void run_epoch() {
    batches_.start(epoch(), static_cast<std::size_t>(state_.seen));
    while (!interrupted() && batches_.next()) {
      state_.learning_rate = learning_rate();
      const double loss =
          session_.train_step(batches_.texts(), batches_.labels(), state_.learning_rate,
                              rows_ ? rows_->of(batches_.examples()) : std::span<const float>());
      ++state_.step;
      if (!first_loss_) first_loss_ = loss;
      if (!std::isfinite(loss)) diverged(fmt::format("the loss became {}", loss));
      state_.loss_sum += loss * static_cast<double>(batches_.texts().size());
      state_.seen = static_cast<std::int64_t>(batches_.done());
      observer_.step_ended(state_.step, loss, state_.learning_rate);
      observer_.stepped(epoch(), batches_.done(), mean_loss());
      save_if_due();
    }
  }

  [[noreturn]] void diverged(const std::string& what) const {
    throw TrainingFailed(fmt::format("{} in epoch {}, step {}", what, epoch(), state_.step),
                         fmt::format("the learning rate {} may be too high: try --rate {}",
                                     settings_.learning_rate, settings_.learning_rate / 10));
  }

  // The weights that an epoch ends with. The loss of its last step tells nothing about them.
  const Plan& finite_weights() {
    const Plan& now = session_.flushed();
    if (!is_finite(now)) diverged("weights became no numbers");
    return now;
  }

  // On the validation data, if there is any.
  std::optional<Evaluation> validated() {
    try {
      if (valid_ != nullptr) return evaluated_now();
      Predictions answers;
      const std::size_t some = std::min(data_.size(), kProbedTexts);
      session_.predict_ids(data_.texts(0, some), answers);
      return std::nullopt;
    } catch (const NoNumber&) {  // of finite weights that are too large
      diverged("answers became no numbers");
    }
  }

  void end_epoch() {
    EpochReport report{epoch(), state_.step, state_.learning_rate, mean_loss(), std::nullopt, true};
    HistoryEntry entry{epoch(), state_.step, state_.learning_rate, mean_loss(), {}};
    std::optional<double> reached;
    const Plan& now = finite_weights();
    session_.trim();
    report.valid = validated();
    session_.trim();
    if (report.valid) {
      reached = score(*report.valid, settings_.metric);
      report.best = !state_.best_score || *reached > *state_.best_score;
      entry.metrics = {{"accuracy", report.valid->metrics.accuracy},
                       {"macro_f1", report.valid->metrics.macro.f1}};
      if (report.valid->loss) entry.metrics.emplace_back("loss", *report.valid->loss);
    }
    state_.history.push_back(entry);
    if (settings_.average > 0) state_.recent.add(now);
    if (report.best) {
      state_.best = spilled(now, spill_folder());
      if (report.valid) state_.best->threshold = report.valid->threshold;
      state_.best_epoch = report.epoch;
      state_.best_score = reached;
      best_valid_ = report.valid;
    }
    state_.worse = report.best ? 0 : state_.worse + 1;
    ++state_.ended;
    state_.seen = 0;
    state_.loss_sum = 0;
    observer_.epoch_ended(report);
  }

  // After training: the session that trained, whose memory is no longer needed, makes room.
  Evaluation evaluated(const Plan& plan) {
    session_ = Session(plan, {.threads = session_.threads(), .train = false});
    return evaluate(session_, *valid_, std::nullopt);
  }

  // Takes the mean of the last epochs' weights, unless the best epoch's, the best of many by the
  // same few texts, are better than chance can explain. A plan as it was given was not chosen among
  // many.
  void try_mean(FitResult& result) {
    if (state_.recent.size() == 0) return;
    Plan mean = state_.recent.mean_in(session_.flushed());
    if (valid_ != nullptr) {
      Evaluation evaluation = evaluated(mean);
      const double chance =
          result.best_epoch == 0 ? 0 : chance_of_best(evaluation, settings_.metric, state_.ended);
      if (score(evaluation, settings_.metric) + chance < state_.best_score) return;
      mean.threshold = evaluation.threshold;
      result.valid = std::move(evaluation);
    }
    result.averaged = static_cast<std::int64_t>(state_.recent.size());
    result.plan = std::move(mean);
  }

  // The history says which epochs the weights are of, where validation chose them.
  void mark_kept(const FitResult& result) {
    const bool start = valid_ != nullptr && result.averaged == 0 && result.best_epoch == 0;
    if (start) return;  // it says so already
    const std::int64_t last = state_.history.empty() ? 0 : state_.history.back().epoch;
    for (HistoryEntry& entry : state_.history) {
      const bool kept = result.averaged > 0 ? entry.epoch > last - result.averaged
                                            : entry.epoch == result.best_epoch;
      entry.kept = valid_ != nullptr && kept;
    }
  }

  // Finite numbers may be as useless as infinite ones: the loss of guessing, which knows nothing of
  // a text, is the logarithm of the number of answers. First weights may do worse.
  void warn_of_divergence(const FitResult& result) {
    const std::size_t labels = session_.labels().size();
    const bool yes_or_no = session_.plan().task != Task::single_label;
    const double guessing = std::log(yes_or_no ? 2.0 : std::max(2.0, static_cast<double>(labels)));
    const HistoryEntry* kept = nullptr;
    for (const HistoryEntry& entry : state_.history) {
      if (result.averaged > 0 || entry.epoch == result.best_epoch) kept = &entry;
    }
    const double poor = 2 * std::max(guessing, first_loss_.value_or(0));
    if (kept == nullptr || !(kept->train_loss > poor)) return;
    observer_.warned(
        fmt::format("training diverged: the loss of epoch {} is {:.4g}, where guessing has {:.4f}; "
                    "try --rate {}",
                    kept->epoch, kept->train_loss, guessing, settings_.learning_rate / 10));
  }

  bool saves() const { return checkpoints_ != nullptr && !checkpoints_->path.empty(); }

  void save_if_due() {
    if (!saves()) return;
    const std::chrono::duration<double> since = Clock::now() - saved_;
    // A checkpoint of a large model takes seconds: at most a twentieth of the time goes to them.
    const double least = cost_ > 1 ? 20 * cost_ : 0;
    if (since.count() >= std::max(checkpoints_->seconds, least)) save();
  }

  // A disk that is full is no reason to lose the run.
  void save() {
    if (!saves()) return;
    const Clock::time_point start = Clock::now();
    try {
      save_checkpoint(checkpoints_->path, checkpoints_->fingerprint, session_.threads(),
                      session_.plan(), state_);
    } catch (const Error& e) {
      observer_.warned(e.what());
    }
    saved_ = Clock::now();
    cost_ = std::chrono::duration<double>(saved_ - start).count();
  }

  // Where the best epoch and the recent ones are kept: beside the checkpoint, which is beside the
  // plan. The system's folder for temporary files may be in memory.
  std::string spill_folder() const {
    if (checkpoints_ == nullptr) return {};
    const auto folder = std::filesystem::path(checkpoints_->path).parent_path();
    return folder.empty() ? "." : folder.string();
  }

  using Clock = std::chrono::steady_clock;

  Session& session_;
  const Dataset& data_;
  const std::size_t examples_;
  const Dataset* valid_;
  const TrainSettings& settings_;
  FitObserver& observer_;
  const std::atomic<bool>* interrupt_;
  const Checkpointing* checkpoints_;
  Batches batches_;
  std::optional<StoredRows> rows_, valid_rows_;
  TrainState state_;
  std::optional<double> first_loss_;      // of the first batch, before a step
  std::optional<Evaluation> best_valid_;  // of state_.best; none after an interruption
  Clock::time_point saved_ = Clock::now();
  double cost_ = 0;  // of the last checkpoint, in seconds
};

}  // namespace

TrainSettings train_settings(const DescriptionSettings& s, std::size_t examples) {
  const std::int64_t steps_of_epoch =
      std::max<std::int64_t>(1, (static_cast<std::int64_t>(examples) + s.batch - 1) / s.batch);
  // None stays none: such a run writes what it begins with.
  const std::int64_t least = s.epochs == 0 ? 0 : (s.steps + steps_of_epoch - 1) / steps_of_epoch;
  const std::int64_t epochs = std::max(s.epochs, least);
  return {epochs,       s.batch,    s.learning_rate, static_cast<std::uint64_t>(s.seed),
          s.patience,   s.schedule, s.metric,        s.average,
          s.stored_rows};
}

std::string to_string(const TrainSettings& s) {
  constexpr std::array kShapes{"constant", "linear", "cosine", "step"};
  constexpr std::array kMetrics{"auto", "accuracy", "macro_f1", "micro_f1", "loss"};
  return fmt::format(
      "epochs={} batch={} rate={} seed={} patience={} schedule={} warmup={} final_rate={} "
      "step_epochs={} step_factor={} metric={} average={}",
      s.epochs, s.batch, s.learning_rate, s.seed, s.patience,
      kShapes[static_cast<std::size_t>(s.schedule.shape)], s.schedule.warmup, s.schedule.final_rate,
      s.schedule.step_epochs, s.schedule.step_factor, kMetrics[static_cast<std::size_t>(s.metric)],
      s.average);
}

FitResult train(Session& session, const Dataset& data, const Dataset* valid,
                const TrainSettings& settings, FitObserver& observer,
                const std::atomic<bool>* interrupt, const Checkpointing* checkpoints) {
  if (data.size() == 0) throw Error("there is nothing to train on: the data has no examples");
  if (data.space.names.size() > data.space.known) {
    throw Error(
        fmt::format("the label `{}` is not one of the plan's", data.space.names[data.space.known]),
        "a plan's labels are fixed when it is made; train a new one from its description");
  }
  return Trainer(session, data, valid, settings, observer, interrupt, checkpoints).run();
}

}  // namespace weft
