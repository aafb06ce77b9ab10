// `weft export`: the pretrained model of a plan, as its weights are now, in its published form.
#include "frontend/cli/command.h"
#include "frontend/train/import_pretrained.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, folder;
};

}  // namespace

Run declare_export(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a plan that began with a pretrained model")->required();
  app.add_option("--to", flags->folder, "the folder to write; made if there is none")
      ->required()
      ->type_name("FOLDER");
  return [flags] {
    const Plan plan = load_plan(flags->plan);
    if (plan.text.max_windows > 1) {
      warn("the published form has no windows: who reads it cuts a text to max_tokens={}",
           plan.text.max_tokens);
    }
    if (!export_pretrained(plan, flags->folder)) {
      warn("the plan's head is not its family's: {} holds the encoder alone", flags->folder);
    }
    return 0;
  };
}

}  // namespace weft
