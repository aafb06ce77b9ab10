// `weft calibrate`: a plan whose probabilities say how often they are right.
#include "frontend/train/calibrate.h"

#include <fmt/format.h>

#include "frontend/cli/command.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, data, out;
  int threads = 0;
  DataFlags reading;
};

int calibrate(const Flags& flags) {
  check_plan_output(flags.out, {{"PLAN", flags.plan}, {"--data", flags.data}});
  Plan plan = load_plan(flags.plan);
  Session session(plan, {flags.threads});
  const Corpus corpus = flags.reading.read(flags.data);
  const std::vector<std::uint32_t> rows = calibration_rows(corpus.size(), session.labels().size());
  const Dataset data = encode({corpus, rows}, session.encoder(), session.labels());
  if (rows.size() < corpus.size()) {
    fmt::print(stderr, "weft: with {} labels, {} texts of {} are enough, evenly spaced\n",
               session.labels().size(), rows.size(), corpus.size());
  }
  const AnsweredLogits answers = answer(session, data);
  const Calibration found = weft::calibrate(answers, plan.temperature);
  if (answers.unknown > 0) {
    const auto names = std::span(data.space.names).subspan(data.space.known);
    fmt::print(stderr, "weft: {} texts left out: the plan does not know their label: {}\n",
               answers.unknown, listed(names));
  }
  if (found.temperature == kCoolest || found.temperature == kHottest) {
    fmt::print(stderr,
               "weft: {} more extreme a temperature would be better still: the data is too small, "
               "or was trained on\n",
               found.temperature == kCoolest ? "all answers are right;" : "answers are wrong;");
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
  app.add_option("--data", flags->data, "labelled texts that the plan was not trained on")
      ->required();
  app.add_option("-o,--output", flags->out, "the plan to write; labels stay the same")->required();
  app.add_option("--threads", flags->threads, "0: all this process may use")
      ->check(CLI::Range(0, 4096));
  flags->reading.declare(app);
  return [flags] { return calibrate(*flags); };
}

}  // namespace weft
