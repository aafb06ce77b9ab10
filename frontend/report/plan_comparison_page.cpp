// The comparison of two plans as a page.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "frontend/format/format_number.h"
#include "frontend/report/plan_comparison.h"
#include "frontend/report/report_charts.h"
#include "frontend/report/report_tables.h"

namespace weft {
namespace {

constexpr std::size_t kChangedShown = 500, kTextShown = 400;  // texts, characters

std::string summary(const PlanComparison& c) {
  std::string out = "<dl class=\"numbers\">\n";
  for (std::size_t i = 0; i < 2; ++i) {
    out += fact("Accuracy of " + html(clipped(c.plans[i], 24)),
                rounded(c.measured[i].metrics.accuracy));
    out += fact("Macro F1 of " + html(clipped(c.plans[i], 24)),
                rounded(c.measured[i].metrics.macro.f1));
  }
  out += fact("Texts", grouped(c.texts())) + fact("Answers that differ", grouped(c.changed.size()));
  return out + fact("McNemar's p", fmt::format("{:.3g}", c.p_value)) + "</dl>\n";
}

// Two by two, with bars.
std::string who_is_right(const PlanComparison& c) {
  const auto row = [&](const std::string& name, std::uint64_t count) {
    const double all = static_cast<double>(std::max<std::uint64_t>(c.texts(), 1));
    return fmt::format("<tr><th scope=\"row\">{}</th>{}</tr>\n", name,
                       share_cell(static_cast<double>(count) / all, grouped(count)));
  };
  const std::string verdict =
      c.p_value < 0.05
          ? "the plans differ by more than chance explains"
          : "so uneven a split is no surprise if both are equally good: it may be chance";
  return section(
      "Who is right",
      scrolling("who is right", "<table class=\"wide\">\n" + row("both", c.both) +
                                    row("only " + html(c.plans[0]), c.only_first) +
                                    row("only " + html(c.plans[1]), c.only_second) +
                                    row("neither", c.neither) + "</table>\n") +
          fmt::format("<p>McNemar's exact test looks at the {} texts about which one plan alone is "
                      "right: p = {:.3g}, {}.</p>\n",
                      grouped(c.only_first + c.only_second), c.p_value, verdict));
}

std::string by_label(const PlanComparison& c) {
  struct Pair {
    std::uint64_t support = 0;
    std::array<double, 2> f1{};
  };
  std::map<std::string, Pair> labels;
  for (std::size_t i = 0; i < 2; ++i) {
    for (const ClassMetrics& one : c.measured[i].metrics.classes) {
      labels[one.name].support = std::max(labels[one.name].support, one.support);
      labels[one.name].f1[i] = one.f1;
    }
  }
  std::string out = table_head({words_heading("label"), column_heading("texts"),
                                column_heading("F1 of " + html(clipped(c.plans[0], 24))),
                                column_heading("F1 of " + html(clipped(c.plans[1], 24))),
                                column_heading("difference")});
  for (const auto& [name, pair] : labels) {
    out +=
        fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>", html(name), grouped(pair.support));
    for (const double f1 : pair.f1) out += share_cell(f1);
    out += fmt::format("<td>{:+.4f}</td></tr>\n", pair.f1[1] - pair.f1[0]);
  }
  return section("Labels", scrolling("labels", out + "</tbody>\n</table>\n"));
}

std::string changed(const PlanComparison& c) {
  if (c.changed.empty()) return section("Answers that differ", "<p>There are none.</p>\n");
  std::string out = table_head(
      {column_heading("text"), words_heading("what it says"), words_heading("the truth"),
       words_heading(html(clipped(c.plans[0], 24))), words_heading(html(clipped(c.plans[1], 24)))},
      "changed");
  const auto answer = [](const std::string& label, bool right) {
    return fmt::format("<td class=\"name\">{}{}</td>", right ? "✓ " : "✗ ",
                       right ? "<b>" + html(label) + "</b>" : html(label));
  };
  for (const ChangedText& one :
       std::span(c.changed).first(std::min(kChangedShown, c.changed.size()))) {
    out += fmt::format("<tr><td>{}</td><td class=\"name quote\">{}</td><td class=\"name\">{}</td>",
                       one.row + 1, html(clipped(one.text, kTextShown)), html(one.truth));
    out += answer(one.answers[0], one.right[0]) + answer(one.answers[1], one.right[1]) + "</tr>\n";
  }
  out = scrolling("answers that differ", out + "</tbody>\n</table>\n");
  if (c.changed.size() > kChangedShown) {
    out +=
        fmt::format("<p class=\"soft\">and {} more: <code>weft report --json</code> has all.</p>\n",
                    grouped(c.changed.size() - kChangedShown));
  }
  return section("Answers that differ", out);
}

}  // namespace

std::string comparison_page(const PlanComparison& c, const Origin& origin) {
  return to_html(Page{c.plans[0] + " and " + c.plans[1],
                      "comparison",
                      made_line(origin) + summary(c),
                      who_is_right(c) + by_label(c) + changed(c),
                      ".changed .quote { max-width: none; width: 55%; font-size: inherit; }\n"
                      ".changed td.name { vertical-align: top; }\n",
                      {}});
}

}  // namespace weft
