// `weft inspect`: shows what a plan holds, what its programs cost and how they use memory.
#include "frontend/report/inspect.h"

#include <filesystem>

#include "frontend/cli/command.h"
#include "frontend/format/suggest.h"
#include "frontend/report/graph_picture.h"
#include "frontend/report/inspect_page.h"
#include "ir/file.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, program;
  std::string dot, svg;  // files; `-` is standard output
  std::string page;
  bool json = false;

  bool draws() const { return !dot.empty() || !svg.empty(); }
};

void check_flags(const Flags& flags) {
  int printed = flags.json ? 1 : 0;
  for (const auto& [flag, path] : {std::pair("--dot", flags.dot), std::pair("--svg", flags.svg),
                                   std::pair("--html", flags.page)}) {
    if (path == "-") {
      ++printed;
    } else if (!path.empty()) {
      check_output(flag, path, {{"PLAN", flags.plan}});
    }
  }
  if (printed > 1) {
    throw UsageError("--json, --dot -, --svg - and --html - exclude each other: all print",
                     "name files");
  }
  const auto same = [](const std::string& a, const std::string& b) { return !a.empty() && a == b; };
  if (same(flags.svg, flags.dot) || same(flags.svg, flags.page) || same(flags.dot, flags.page)) {
    throw UsageError("--svg, --dot and --html name the same file", "choose another for each");
  }
  if (flags.draws() && flags.program == "all") {
    throw UsageError("--dot and --svg draw one program", "name it: --program predict");
  }
}

const Graph& drawn_program(const Flags& flags, const Plan& plan) {
  if (plan.programs.empty()) throw Error(flags.plan + " has no program to draw");
  return flags.program.empty() ? plan.programs.front() : *plan.program(flags.program);
}

void put(const std::string& path, const std::string& text) {
  if (path == "-") return print_out(text);
  if (!path.empty()) write_file(path, text);
}

int show(const Flags& flags) {
  check_flags(flags);
  const Plan plan = read_plan(flags.plan);
  if (!flags.program.empty() && flags.program != "all" && plan.program(flags.program) == nullptr) {
    std::vector<std::string> names{"all"};
    for (const Graph& program : plan.programs) names.push_back(program.name);
    throw Error(fmt::format("the plan has no program `{}`", flags.program),
                suggestion(flags.program, names));
  }
  if (flags.draws()) {
    const Graph& program = drawn_program(flags, plan);
    if (!flags.dot.empty()) put(flags.dot, to_dot(program));
    if (!flags.svg.empty()) put(flags.svg, to_svg(program));
  }
  const Inspection inspection = inspect(plan);
  if (!flags.page.empty()) {
    const std::string title = std::filesystem::path(flags.plan).filename().string();
    put(flags.page, inspect_page(inspection, pass_history(plan), title));
  }
  if (!flags.json && (flags.draws() || !flags.page.empty())) return 0;
  print_out(flags.json ? to_json(inspection) + "\n" : to_text(inspection, flags.program));
  return 0;
}

}  // namespace

Run declare_inspect(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a plan, trained or not")->required();
  app.add_option("--program", flags->program,
                 "also show the nodes, cost and memory of this program: predict, train …; all: of "
                 "each, and the tensors. With --dot and --svg: the one to draw");
  app.add_flag("--json", flags->json, "print one JSON object");
  app.add_option("--svg", flags->svg,
                 "a file for a picture of a program, the first if --program names none; - is "
                 "standard output");
  app.add_option("--dot", flags->dot, "the same in the language of Graphviz");
  app.add_option("--html", flags->page,
                 "a file for a page that shows graphs, memory, what each pass did and where each "
                 "line of the description went");
  return [flags] { return show(*flags); };
}

}  // namespace weft
