// Builds what is to be trained, opens a session on it, finds its checkpoint, and trains.
#include "frontend/train/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frontend/train/build_plan.h"
#include "frontend/train/calibrate.h"
#include "frontend/train/data_warnings.h"
#include "frontend/train/memory_limit.h"
#include "frontend/train/plan_settings.h"
#include "frontend/train/unread_text.h"
#include "runtime/kernels/instruction_set.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

void warn(FitObserver& observer, const Warnings& warnings) {
  for (const std::string& warning : warnings) observer.warned(warning);
}

void warn_of_data(const FitData& data, const DescriptionSettings& settings, FitObserver& observer) {
  warn(observer, label_warnings(data.train, settings));
  warn(observer, text_warnings(data.train, settings));
  if (data.valid) warn(observer, split_warnings(data.train, *data.valid));
}

// Of what the plan does not read of the texts.
void warn_of_reading(const FitData& given, const Dataset& data, const std::optional<Dataset>& valid,
                     const Plan& plan, const Encoder& encoder, FitObserver& observer) {
  // An encoder of a pretrained model has its words already.
  const bool counted = tokenizer_of(plan.text).split != nullptr;
  if (counted && plan.vocabulary.ends.size() <= 1) {
    observer.warned(
        "the vocabulary is empty: no training text has a word that is kept (tokenizer, min_count "
        "and vocabulary on the line `text` decide), so that all texts look alike");
  }
  const auto unread = [&](const CorpusView& examples, const Dataset& read, const char* noun) {
    warn(observer, unread_warnings(count_unread(examples, read, plan, encoder), noun, plan));
  };
  warn(observer, window_warnings(data, plan.text));
  unread(given.train, data, "training text");
  if (valid) unread(*given.valid, *valid, "validation text");
}

// Error where a text has a label that the plan lacks.
void check_known(const CorpusView& examples, const Dataset& data) {
  if (data.space.names.size() == data.space.known) return;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    for (const std::int32_t label : data.labels_of(i)) {
      const auto number = static_cast<std::size_t>(label);
      if (number < data.space.known) continue;
      throw Error(
          fmt::format("the label `{}`, of {}, is not one of the plan's", data.space.names[number],
                      examples.place(i)),
          "a plan's labels are fixed when it is made; train a new one from its description");
    }
  }
}

// Error where the data cannot tell one epoch from another.
void check_validation(const Dataset& valid) {
  if (valid.size() == 0) {
    throw Error("there is no text to validate on", "name some, or train without validation");
  }
  const auto known = [&](std::int32_t label) {
    return static_cast<std::size_t>(label) < valid.space.known;
  };
  if (std::ranges::any_of(valid.labels, known)) return;
  throw Error("no validation text has a label of the training data",
              "validate on texts with the labels that are trained: see --label-column");
}

// One run, from its checkpoint, if there is one, to its last epoch.
class Run {
 public:
  // `memory`: bytes, as FitStart has it.
  Run(const DescriptionSettings& settings, std::size_t examples, const FitOptions& options,
      FitObserver& observer, double memory)
      : settings_(train_settings(settings, examples)),
        options_(options),
        observer_(observer),
        memory_(memory) {}

  FitResult train(Session session, const Dataset& data, const Dataset* valid) {
    observer_.started({data.size(), session.labels().size(), session.plan().vocabulary.ends.size(),
                       session.threads(), memory_});
    const std::optional<Checkpointing> checkpoints = checkpointing(session, data, valid);
    return weft::train(session, data, valid, settings_, observer_, options_.interrupt,
                       checkpoints ? &*checkpoints : nullptr);
  }

 private:
  // The run's checkpoint. On resuming, `session` becomes that of the earlier run.
  std::optional<Checkpointing> checkpointing(Session& session, const Dataset& data,
                                             const Dataset* valid) {
    if (!options_.checkpoints) return std::nullopt;
    const CheckpointOptions& asked = *options_.checkpoints;
    Checkpointing checkpoints;
    checkpoints.path = asked.path;
    checkpoints.seconds = asked.seconds;
    checkpoints.fingerprint =
        fingerprint_of(session.plan(), asked.in_place, data, valid, to_string(settings_));
    if (asked.resume) {
      resume(checkpoints, session, data.size());
    } else if (asked.seconds > 0 && finds_checkpoint(asked.path)) {
      observer_.warned(fmt::format(
          "{} is of a run that was cut short: --resume would go on with it; training starts anew",
          asked.path));
    }
    if (asked.seconds <= 0) checkpoints.path.clear();
    return checkpoints;
  }

  void resume(Checkpointing& checkpoints, Session& session, std::size_t examples) {
    auto found = load_checkpoint(checkpoints.path, static_cast<std::size_t>(settings_.average));
    if (!found) {
      observer_.warned(fmt::format("there is no {}: training starts anew", checkpoints.path));
      return;
    }
    expect_same_run(*found, checkpoints.fingerprint, session.plan(), checkpoints.path);
    expect_within(*found, settings_.epochs, examples, checkpoints.path);
    if (found->threads != session.threads()) {
      observer_.warned(
          fmt::format("that run had {} threads, this one has {}: the last bits may differ",
                      found->threads, session.threads()));
    }
    warn_of_instruction_set(found->instruction_set);
    observer_.resumed(
        {found->state.seen, std::min(found->state.ended + 1, settings_.epochs), settings_.epochs});
    session = Session(std::move(found->now), {session.threads(), /*train=*/true});
    checkpoints.from = std::move(found->state);
  }

  // On another machine training goes on, which is worth more than the same bits.
  void warn_of_instruction_set(const std::string& then) {
    const std::string now = instruction_set();
    if (then.empty() || then == now) return;
    const auto usable = instruction_sets();
    const bool again = std::ranges::find(usable, then) != usable.end();
    observer_.warned(fmt::format(
        "that run used {}, this one uses {}: the plan will differ in its last bits{}", then, now,
        again ? fmt::format("; with {}={} it would not", kInstructionSetVariable, then) : ""));
  }

  const TrainSettings settings_;
  const FitOptions& options_;
  FitObserver& observer_;
  double memory_;
};

// How a run uses memory. `built`: its plan was made here, and has its weights in memory already;
// those of a file are copied.
MemoryUse memory_use(const DescriptionSettings& settings, const Dataset& data, bool validated,
                     bool built, std::int64_t ids) {
  const auto probed = data.texts(0, std::min(data.size(), kProbedTexts)).offsets.back();
  const double rows = static_cast<double>(probed) / static_cast<double>(ids);
  return {.average = settings.average > 0,
          .loaded = built,
          .table_rows = validated ? 1 : std::min(1.0, rows)};
}

// `data`: the training examples, where they have been encoded already.
FitResult run(Plan start, std::optional<Dataset> data, const DescriptionSettings& settings,
              const FitData& given, const FitOptions& options, FitObserver& observer) {
  expect_labels_of(start, given.train);
  if (given.valid) expect_labels_of(start, *given.valid);
  if (options.check_data) warn_of_data(given, settings, observer);
  const bool built = data.has_value();
  std::optional<Dataset> valid;
  std::int64_t ids = 0;
  {
    const auto encoder = make_encoder(start.text, start.vocabulary);
    if (!data) data = encode(given.train, *encoder, start.labels);
    check_known(given.train, *data);
    if (given.valid) {
      valid = encode(*given.valid, *encoder, start.labels);
      check_validation(*valid);
    }
    ids = encoder->id_count();
    if (options.check_data) warn_of_reading(given, *data, valid, start, *encoder, observer);
  }
  observer.encoded();
  trim_memory();
  constexpr double kRunning = 12e6;  // code of kernels, once they run, and small buffers
  const MemoryUse use = memory_use(settings, *data, valid.has_value(), built, ids);
  expect_memory(start.programs, use);
  const double memory =
      kRunning + static_cast<double>(resident_memory()) + memory_of(start.programs, use);
  Session session(std::move(start), {options.threads, /*train=*/true});
  return Run(settings, data->size(), options, observer, memory)
      .train(std::move(session), *data, valid ? &*valid : nullptr);
}

}  // namespace

FitResult fit(const Description& description, const Overrides& overrides, const FitData& data,
              const FitOptions& options, FitObserver& observer) {
  BuiltPlan built =
      build_with_data(description, overrides, data.train, options.compile, options.initial);
  observer.built(built.plan);
  return run(std::move(built.plan), std::move(built.data), settings_of(description, overrides),
             data, options, observer);
}

FitResult fit(Plan plan, const Overrides& overrides, const FitData& data, const FitOptions& options,
              FitObserver& observer) {
  const Description description = description_of(plan);
  const DescriptionSettings settings = settings_of(description, overrides);
  if (plan.temperature != 1) set_temperature(plan, 1);  // training undoes a calibration
  return run(std::move(plan), std::nullopt, settings, data, options, observer);
}

}  // namespace weft
