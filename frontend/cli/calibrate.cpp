// `weft calibrate`: scales a plan's probabilities so that they say how often they are right.
#include "frontend/train/calibrate.h"

#include <fmt/format.h>

#include "frontend/cli/command.h"
#include "frontend/train/evaluate.h"
#include "frontend/train/unread_text.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, out;
  std::vector<std::string> data;
  int threads = 0;
  DataFlags reading;
};

int calibrate(const Flags& flags) {
  check_plan_output(flags.out, {{"PLAN", flags.plan}, {"--data", flags.data}});
  Plan plan = load_plan(flags.plan);
  Session session(plan, {flags.threads});
  const Corpus corpus = flags.reading.read(flags.data);
  const std::vector<std::uint32_t> rows = calibration_rows(corpus.size(), session.labels().size());
  expect_labels_of(plan, {corpus, rows});
  const Dataset data = encode({corpus, rows}, session.encoder(), session.labels());
  if (rows.size() < corpus.size()) {
    warn("{} of {} texts, evenly spaced, are enough for {} labels", rows.size(), corpus.size(),
         session.labels().size());
  }
  warn(unread_warnings(count_unread({corpus, rows}, data, plan, session.encoder()), "text", plan));
  const AnsweredLogits answers = answer(session, data);
  const Calibration found = weft::calibrate(answers, plan.temperature);
  if (answers.unknown > 0) {
    const auto names = std::span(data.space.names).subspan(data.space.known);
    warn("{} texts are left out, because the plan does not know their label: {}", answers.unknown,
         listed(names));
  }
  expect_fit(answers, found);
  if (answers.size() < kEnoughToValidate) {
    warn("{} text{} say{} little about how often the plan is right: give hundreds", answers.size(),
         answers.size() == 1 ? "" : "s", answers.size() == 1 ? "s" : "");
  }
  const double before = plan.temperature;
  set_temperature(plan, found.temperature);
  save_plan(plan, flags.out);
  print_out(
      fmt::format("                     before   after\n"
                  "temperature         {:7.4f} {:7.4f}\n"
                  "NLL                 {:7.4f} {:7.4f}\n"
                  "calibration error   {:7.4f} {:7.4f}\n",
                  before, found.temperature, found.nll_before, found.nll_after, found.ece_before,
                  found.ece_after));
  return 0;
}

}  // namespace

Run declare_calibrate(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a trained plan")->required();
  declare_data(app, "--data", flags->data, "labelled texts that the plan was not trained on")
      ->required();
  app.add_option("-o,--output", flags->out, "the plan to write; it predicts the same labels")
      ->required();
  app.add_option("--threads", flags->threads, "threads; 0: all that this process may use")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  flags->reading.declare(app);
  return [flags] { return calibrate(*flags); };
}

}  // namespace weft
