// Two tables for each program: its ops, and its nodes in the order of execution.
#include "frontend/report/profile_page.h"

#include <fmt/format.h>

#include "frontend/format/format_number.h"
#include "frontend/report/report_charts.h"
#include "frontend/report/report_tables.h"

namespace weft {
namespace {

std::string table_of(std::string_view what, std::string_view second,
                     const std::vector<BenchNode>& nodes, bool ops) {
  std::string out = table_head(
      {words_heading(what), ops ? column_heading(second) : words_heading(second),
       column_heading("time, us"), column_heading("% of the time"), column_heading("flops"),
       column_heading("bytes"), words_heading("bound by"), column_heading("% of the limit")});
  for (const BenchNode& node : nodes) {
    const std::string name = html(ops ? node.op : "%" + node.name);
    const std::string beside = ops ? fmt::format("<td>{}</td>", node.count)
                                   : fmt::format("<td class=\"name\">{}</td>", html(node.op));
    out += fmt::format(
        "<tr><th scope=\"row\">{}</th>{}<td>{:.1f}</td>{}<td>{}</td><td>{}</td>"
        "<td class=\"name\">{}</td>{}</tr>\n",
        name, beside, node.us, share_cell(node.share, fmt::format("{:.1f}", 100 * node.share)),
        scaled(node.flops), scaled(node.bytes), node.memory_bound ? "memory" : "arithmetic",
        share_cell(node.of_limit(), fmt::format("{:.0f}", 100 * node.of_limit())));
  }
  return scrolling(what, out + "</tbody>\n</table>\n");
}

std::string program_section(const ProgramProfile& program) {
  return section(
      fmt::format("@{}", program.program),
      fmt::format("<p>{}: {:.1f} us, of these its nodes {:.1f}; the mean of {} runs.</p>\n",
                  program.unit, program.us, program.nodes_us, grouped(program.runs)) +
          table_of("op", "nodes", by_op(program.nodes), true) +
          "<p class=\"soft\">The nodes in the order of execution.</p>\n" +
          table_of("node", "op", program.nodes, false));
}

}  // namespace

std::string profile_page(const Profile& profile, const std::string& title, const Origin& origin) {
  std::string header = made_line(origin) + "<dl class=\"numbers\">\n";
  header += fact("Texts", grouped(profile.sentences));
  header += fact("Tokens in a text", fmt::format("{:.1f}", profile.tokens_per_sentence));
  header += fact("Threads", std::to_string(profile.settings.threads));
  header += fact("Limit of arithmetic, GF/s", fmt::format("{:.1f}", profile.limits.flops * 1e-9));
  for (const auto& [bytes, rate] : profile.limits.bandwidth) {
    header += fact(fmt::format("Limit in {:.3g} MB, GB/s", bytes / (1 << 20)),
                   fmt::format("{:.1f}", rate * 1e-9));
  }
  std::string body;
  for (const ProgramProfile& program : profile.programs) body += program_section(program);
  return to_html(Page{title, "profile", header + "</dl>\n", body, {}, {}});
}

}  // namespace weft
