// `weft export`: the pretrained model of a plan, as its weights are now, in its published form; or
// the whole of a plan's model as an ONNX file.
#include "frontend/cli/command.h"
#include "frontend/cli/say_model.h"
#include "frontend/onnx/exporter.h"
#include "frontend/train/family_head.h"
#include "frontend/train/import_pretrained.h"
#include "frontend/train/plan_settings.h"
#include "ir/file.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, folder, onnx;
  bool quiet = false;
};

// Warns of everything in the plan that the published form cannot hold.
void say_what_is_lost(const Plan& plan, const PretrainedConfig& config, bool whole,
                      const std::string& folder) {
  if (plan.text.max_windows > 1) {
    warn("the published form has no windows: who reads it cuts a text to max_tokens={}",
         plan.text.max_tokens);
  }
  if (plan.text.pair) {
    warn("the published form does not say that the model reads pairs: `weft import --pair` does");
  }
  if (!whole) {
    warn(
        "the plan's head is not its family's: {} holds the encoder alone; a {} classifier is `x | "
        "{}`: `weft import {} --labels A,B -o PLAN`, then `weft train PLAN`",
        folder, config.family, describe_head(config), folder);
    return;
  }
  if (plan.temperature != 1) {
    warn(
        "the published form has no temperature: probabilities are those before `weft calibrate` "
        "({:.4g})",
        plan.temperature);
  }
  if (plan.task == Task::multi_label && plan.threshold != 0.5) {
    warn("the published form has no threshold: who reads it takes labels from 0.5 on, not {:.4g}",
         plan.threshold);
  }
}

int export_file(const Flags& flags) {
  check_output("--onnx", flags.onnx, {{"PLAN", flags.plan}});
  const Plan plan = read_plan(flags.plan);
  if (plan.text.max_windows > 1) {
    warn("an ONNX file has no windows: cut a text to max_tokens={}", plan.text.max_tokens);
  }
  if (plan.temperature != 1) {
    warn("the file gives logits before `weft calibrate`: divide them by {:.4g}", plan.temperature);
  }
  const std::string bytes = onnx::export_onnx(plan);
  write_file(flags.onnx, bytes);
  if (!flags.quiet) {
    print_message(
        stderr, "{}\n",
        escape_controls(fmt::format("{}: {} bytes, ids [batch, length] to logits of {}", flags.onnx,
                                    bytes.size(), listed_labels(plan.labels))));
  }
  return 0;
}

int export_folder(const Flags& flags) {
  const Plan plan = read_plan(flags.plan);
  const bool whole = export_pretrained(plan, flags.folder);
  const PretrainedConfig config = *pretrained_of(plan);
  say_what_is_lost(plan, config, whole, flags.folder);
  if (!flags.quiet) {
    say_model(flags.folder, config, whole ? plan.labels : std::vector<std::string>());
  }
  return 0;
}

}  // namespace

Run declare_export(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan,
                 "with --to, a plan that began with a pretrained model; with --onnx, a "
                 "convolutional model or an encoder")
      ->required();
  CLI::Option* const to =
      app.add_option("--to", flags->folder,
                     "the folder to write the published form in: a new one, or an empty one")
          ->type_name("FOLDER");
  CLI::Option* const onnx =
      app.add_option(
             "--onnx", flags->onnx,
             "the ONNX file to write: token ids [batch, length] in, logits out; the texts of a "
             "batch are of one length, and no text is empty")
          ->type_name("FILE")
          ->excludes(to);
  app.add_flag("--quiet", flags->quiet, "no line about what was written");
  return [flags, to, onnx] {
    if (to->count() + onnx->count() == 0) {
      throw UsageError("--to or --onnx is missing",
                       "say what to write: --to FOLDER, the published form, or --onnx FILE");
    }
    return to->count() > 0 ? export_folder(*flags) : export_file(*flags);
  };
}

}  // namespace weft
