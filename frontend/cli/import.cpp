// `weft import`: a published model becomes a plan.
#include "frontend/cli/command.h"
#include "frontend/cli/say_model.h"
#include "frontend/train/import_pretrained.h"
#include "frontend/train/plan_settings.h"

namespace weft {
namespace {

struct Flags {
  std::string folder, out;
  std::vector<std::string> labels;
  bool pair = false, quiet = false;
};

}  // namespace

Run declare_import(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("FOLDER", flags->folder,
                 "a published BERT, RoBERTa, DistilBERT or GPT-2: config.json, model.safetensors "
                 "and the files of its tokenizer")
      ->required();
  app.add_option("-o,--output", flags->out, "the plan to write")->required();
  app.add_option("--labels", flags->labels,
                 "the labels of a new head, as in --labels good,bad; without them, those of the "
                 "model's own classifier")
      ->delimiter(',');
  app.add_flag("--pair", flags->pair, "the model reads pairs of texts (sentence1, sentence2)");
  app.add_flag("--quiet", flags->quiet, "no line about what was read");
  return [flags] {
    check_plan_output(flags->out, {});
    const Plan plan = import_pretrained(flags->folder, flags->labels, {}, flags->pair);
    say_notes(plan);
    save_plan(plan, flags->out);
    if (!flags->quiet) say_model(flags->out, *pretrained_of(plan), plan.labels);
    return 0;
  };
}

}  // namespace weft
