// `weft compile`: a plan without training, or a smaller plan of a plan.
#include <fmt/format.h>

#include "frontend/builder.h"
#include "frontend/cli/command.h"

namespace weft {
namespace {

struct Flags {
  std::string input, data, out;
  std::vector<std::string> set;
  bool predict_only = false;
  DataFlags reading;
};

Plan build(const Flags& flags) {
  if (is_plan(flags.input)) {
    if (!flags.predict_only) {
      throw Error(fmt::format("{} is a plan already", flags.input),
                  "--predict-only makes a smaller one of it, without training state");
    }
    return load_plan(flags.input);
  }
  const Model model = read_model(flags.input);
  if (flags.data.empty()) {
    throw Error("the vocabulary and the labels come from data", "name it with --data");
  }
  return build_plan(model, Overrides(flags.set), flags.reading.read(flags.data), {});
}

}  // namespace

Run declare_compile(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->input, "a model description, or a plan")->required();
  app.add_option("--data", flags->data, "labelled texts, for the vocabulary and the labels");
  app.add_option("-o,--output", flags->out, "the plan to write")->required();
  app.add_flag("--predict-only", flags->predict_only, "leave out what only training needs");
  declare_set(app, flags->set);
  flags->reading.declare(app);
  return [flags] {
    const Plan plan = build(*flags);
    save_plan(flags->predict_only ? predict_only(plan) : plan, flags->out);
    return 0;
  };
}

}  // namespace weft
