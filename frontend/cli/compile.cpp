// `weft compile`: makes a plan without training, or another form of a plan.
#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "frontend/cli/command.h"
#include "frontend/format/message.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/compare_plans.h"
#include "frontend/train/plan_forms.h"
#include "ir/plan/program_interface.h"

namespace weft {
namespace {

struct Flags : BuildFlags {
  std::string input, out;
  std::vector<std::string> data;
  bool predict_only = false, fold = false, deploy = false, no_rewrites = false, force = false;
  std::optional<std::string> table;
  std::optional<std::int64_t> table_budget;
};

CompileOptions compile_options(const Flags& flags) {
  static const std::map<std::string, DType> kTypes = {
      {"fp32", DType::f32}, {"int16", DType::i16}, {"int8", DType::i8}};
  CompileOptions options;
  options.rewrites = !flags.no_rewrites;
  options.tables.dtype = kTypes.at(flags.table.value_or("fp32"));
  if (flags.table_budget) options.tables.budget = *flags.table_budget << 20;
  return options;
}

// With data, also prints how the predictions changed.
Plan change(const Flags& flags) {
  const Plan plan = read_plan(flags.input);
  const bool anew = flags.no_rewrites || flags.table || flags.table_budget;
  if (!anew && !flags.predict_only && !flags.fold) {
    throw Error(
        fmt::format("{} is a plan already", flags.input),
        "give --deploy, --predict-only, --fold, --table, --table-budget or --no-rewrites to "
        "make another form of it");
  }
  flags.refuse_for_plan("compile the description instead");
  Plan changed = anew ? recompile_predict(plan, compile_options(flags)) : plan;
  if (!flags.data.empty()) {
    const Corpus corpus = flags.reading.read(flags.data);
    print_message(stderr, "{}\n", to_text(compare(plan, changed, corpus, 0)));
  }
  return changed;
}

Plan build(const Flags& flags) {
  if (is_plan(flags.input)) return change(flags);
  const Description description = read_model(flags.input);
  if (flags.data.empty()) {
    throw Error("the vocabulary and the labels come from data", "give the data: --data FILE");
  }
  Plan plan = build_plan(description, Overrides(flags.set), flags.reading.read(flags.data),
                         compile_options(flags), flags.initial(/*quiet=*/false));
  say_notes(plan);
  return plan;
}

// Tables are what rewrites make.
void check_tables(const Flags& flags) {
  if (!flags.no_rewrites) return;
  const char* const other = flags.table          ? "--table"
                            : flags.table_budget ? "--table-budget"
                            : flags.deploy       ? "--deploy"
                            : flags.fold         ? "--fold"
                                                 : nullptr;
  if (other == nullptr) return;
  throw UsageError(fmt::format("{} is about tables, and --no-rewrites makes none", other),
                   "leave out one of the two");
}

// Error where the plan that is read, and could be trained further, would be lost.
void check_replaced(const Flags& flags, const Plan& plan) {
  std::error_code missing;
  if (flags.force || !(flags.predict_only || flags.fold)) return;
  if (!std::filesystem::equivalent(flags.input, flags.out, missing)) return;
  if (plan.program(programs::kTrain) == nullptr) return;
  throw UsageError(fmt::format("-o {} is the plan that is read: written over it, it could not be "
                               "trained any further",
                               flags.out),
                   "choose another file, or say --force");
}

}  // namespace

Run declare_compile(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL|PLAN", flags->input, "a model description, or a plan to make another of")
      ->required();
  declare_data(app, "--data", flags->data,
               "labelled texts: a description gets its vocabulary and labels from them; for a "
               "plan, they show how its predictions change");
  app.add_option("-o,--output", flags->out, "the plan to write")->required();
  app.add_flag("--predict-only", flags->predict_only, "leave out what only training needs");
  app.add_flag("--fold", flags->fold,
               "as --predict-only, and store the tables that are otherwise computed at load: the "
               "plan starts faster");
  app.add_flag("--deploy", flags->deploy,
               "the form for many processes on one machine, which share its tables: as --fold with "
               "--table int8; --data shows how predictions change");
  app.add_option("--table", flags->table, "the type of numbers in projected tables; fp32 is exact")
      ->check(CLI::IsMember({"fp32", "int16", "int8"}));
  app.add_option("--table-budget", flags->table_budget,
                 "the size limit of a projected table in MB; 1024 by default")
      ->check(CLI::Range(0, 1 << 20));
  app.add_flag("--no-rewrites", flags->no_rewrites,
               "compile layer by layer, without optimizations: slower, for comparison");
  app.add_flag(
      "--force", flags->force,
      "let --predict-only and --fold replace the plan that is read, which could be trained");
  flags->declare(app);
  return [flags] {
    check_tables(*flags);
    if (flags->deploy) {
      flags->fold = true;
      if (!flags->table) flags->table = "int8";
    }
    check_plan_output(
        flags->out,
        {{"MODEL", flags->input}, {"--data", flags->data}, {"--vectors", flags->vectors}});
    Plan plan = build(*flags);
    check_replaced(*flags, plan);
    if ((flags->fold || flags->table) && plan.program(programs::kLoad) == nullptr) {
      warn(
          "this plan computes no table when it is loaded: --fold, --table and --deploy only leave "
          "out what training needs");
    }
    if (flags->fold) {
      plan = fold_tables(plan);
    } else if (flags->predict_only) {
      plan = predict_only(plan);
    }
    save_plan(plan, flags->out);
    return 0;
  };
}

}  // namespace weft
