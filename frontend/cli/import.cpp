// `weft import`: a published model, or an ONNX file, becomes a plan.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "frontend/cli/command.h"
#include "frontend/cli/say_model.h"
#include "frontend/data/label_rules.h"
#include "frontend/fasttext/import_model.h"
#include "frontend/onnx/import_model.h"
#include "frontend/train/import_pretrained.h"
#include "frontend/train/plan_settings.h"

namespace weft {
namespace {

struct Flags {
  std::string model, out;
  std::optional<std::string> labels;  // as given: `good,bad`
  OnnxOptions onnx;
  bool pair = false, quiet = false;
};

// None, if the flag is not given.
std::vector<std::string> named_labels(const Flags& flags) {
  std::vector<std::string> labels;
  if (!flags.labels) return labels;
  for (std::string_view rest = *flags.labels;;) {
    const std::size_t end = rest.find(',');
    const std::string_view label = trimmed_label(rest.substr(0, end));
    std::string_view fault = label_fault(label).value_or(LabelFault{}).what;
    if (std::ranges::find(labels, label) != labels.end()) fault = "the label is there twice";
    if (!fault.empty()) {
      throw UsageError(
          fmt::format("label {} of --labels, `{}`: {}", labels.size() + 1, label, fault),
          "name each label once, in UTF-8, with a comma between: --labels good,bad");
    }
    labels.emplace_back(label);
    if (end == std::string_view::npos) return labels;
    rest.remove_prefix(end + 1);
  }
}

int write_imported(const Flags& flags, const Plan& plan) {
  if (!flags.quiet) say_notes(plan);
  save_plan(plan, flags.out);
  if (!flags.quiet) say_imported(flags.out, plan);
  return 0;
}

int import_file(const Flags& flags) {
  check_plan_output(flags.out, {{"MODEL", flags.model}});
  OnnxOptions options = flags.onnx;
  options.labels = named_labels(flags);
  options.pair = flags.pair;
  const Plan plan = import_onnx(flags.model, options);
  return write_imported(flags, plan);
}

// Error if a flag is given that says what only an ONNX file leaves open.
void expect_no_onnx_flags(const Flags& flags, const std::string& why) {
  const OnnxOptions& onnx = flags.onnx;
  if (onnx.tokenizer.empty() && onnx.output.empty() && !onnx.multi_label) return;
  throw UsageError("--tokenizer, --logits and --multi-label are for a file NAME.onnx", why);
}

int import_fasttext_file(const Flags& flags) {
  expect_no_onnx_flags(flags, "a fastText model says how it reads texts, and what its labels are");
  if (flags.labels || flags.pair) {
    throw UsageError("--labels and --pair are not for fastText models",
                     "such a model has its labels, and reads one text");
  }
  check_plan_output(flags.out, {{"MODEL", flags.model}});
  const Plan plan = import_fasttext(flags.model);
  return write_imported(flags, plan);
}

int import_folder(const Flags& flags) {
  expect_no_onnx_flags(flags, "a folder holds its tokenizer and says what its model is");
  check_plan_output(flags.out, {});
  const Plan plan = import_pretrained(flags.model, named_labels(flags), {}, flags.pair);
  say_notes(plan);
  save_plan(plan, flags.out);
  if (!flags.quiet) say_model(flags.out, *pretrained_of(plan), plan.labels);
  return 0;
}

int import_model(const Flags& flags) {
  std::error_code ignored;
  const auto status = std::filesystem::status(flags.model, ignored);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw Error(fmt::format("{}: there is no such file or folder", flags.model),
                "give NAME.onnx, or the folder of a published model");
  }
  if (is_fasttext_model(flags.model)) return import_fasttext_file(flags);
  if (is_onnx_file(flags.model)) return import_file(flags);
  if (!std::filesystem::is_directory(status)) {
    throw Error(
        fmt::format("{}: is neither a folder, nor an ONNX model, nor one of fastText", flags.model),
        "give NAME.onnx, NAME.bin or NAME.ftz, or the folder of a published model");
  }
  return import_folder(flags);
}

}  // namespace

Run declare_import(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->model,
                 "a folder of a published BERT, RoBERTa, DistilBERT or GPT-2: config.json, "
                 "model.safetensors and the files of its tokenizer; NAME.onnx, a convolutional "
                 "classifier or an encoder that PyTorch exported; or NAME.bin or NAME.ftz, a "
                 "classifier of fastText")
      ->required();
  app.add_option("-o,--output", flags->out, "the plan to write")->required();
  app.add_option("--labels", flags->labels,
                 "the labels, as in --labels good,bad: of a new head, or of the outputs of an ONNX "
                 "model in their order; without them, those of the model's own classifier")
      ->type_name("A,B");
  app.add_flag("--pair", flags->pair, "the model reads pairs of texts (sentence1, sentence2)");
  app.add_option("--tokenizer", flags->onnx.tokenizer,
                 "for NAME.onnx: the folder with the files of its tokenizer; without it a text is "
                 "its ids, as in `12 7 45`")
      ->type_name("FOLDER");
  app.add_option("--logits", flags->onnx.output,
                 "for NAME.onnx: its output that holds the logits; else `logits`, or the first")
      ->type_name("NAME");
  app.add_flag("--multi-label", flags->onnx.multi_label,
               "for NAME.onnx: a text may have several labels; known where it ends with a sigmoid");
  app.add_flag("--quiet", flags->quiet, "no line about what was read");
  return [flags] { return import_model(*flags); };
}

}  // namespace weft
