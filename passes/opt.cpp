// IR text through passes to IR text.
#include "passes/opt.h"

#include <fmt/format.h>

#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"

namespace weft {

std::string optimize_text(std::string_view text, std::string_view file, std::string_view passes,
                          const PipelineOptions& options) {
  const std::vector<const Pass*> list = parse_passes(passes);
  std::vector<Graph> programs = parse(text, file);
  if (programs.empty()) {
    throw Error(fmt::format("{}: there is no program", file),
                "a program is written `program @name { ... }`");
  }
  std::string out;
  for (Graph& graph : programs) {
    verify(graph);
    std::vector<std::string> notes;
    PassContext context{&notes};
    const Graph result = run_passes(std::move(graph), list, context, options);
    if (!out.empty()) out += '\n';
    for (const std::string& note : notes) out += fmt::format("// note: {}\n", note);
    out += print(result);
  }
  return out;
}

std::string describe_passes() {
  std::string out = "passes:\n";
  for (const Pass& pass : all_passes()) out += fmt::format("  {:<22} {}\n", pass.name, pass.doc);
  out += "pipelines:\n";
  for (const Pipeline& pipeline : all_pipelines()) {
    out += fmt::format("  {:<22} {}\n  {:<22} = {}\n", pipeline.name, pipeline.doc, "",
                       pipeline.passes());
  }
  return out;
}

}  // namespace weft
