// Renders the tables as HTML.
#include "frontend/report/report_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/format/format_number.h"
#include "frontend/report/report_charts.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr std::size_t kMatrix = 80;       // classes of a confusion matrix
constexpr std::size_t kSpacious = 20;     // classes of one whose cells are large
constexpr std::size_t kConfusions = 30;   // named where there are more
constexpr std::size_t kClassesOpen = 60;  // rows of a table that is not folded away
// Characters of a name beside and above a matrix; above it, longer ones stand upright.
constexpr std::size_t kRowName = 28, kColumnName = 22, kUpright = 8;

std::size_t characters(std::string_view name) {
  std::size_t count = 0;
  for (std::size_t position = 0; position < name.size(); ++count) utf8::next(name, position);
  return count;
}

std::string heading(std::string_view scope, std::string_view name, std::size_t max) {
  const std::string shown = clipped(name, max);
  return fmt::format("<th scope=\"{}\"{}>{}</th>", scope,
                     shown == name ? "" : fmt::format(" title=\"{}\"", html(name)), html(shown));
}

// In a dense matrix cells say by a tip what they are, as their headings are far away.
std::string matrix_cell(std::uint64_t count, const ClassMetrics& truth,
                        const ClassMetrics& predicted, bool dense) {
  const bool right = &truth == &predicted;
  if (count == 0) return right ? "<td class=\"hit\">0</td>" : "<td class=\"soft\">·</td>";
  const double share = static_cast<double>(count) / static_cast<double>(truth.support);
  const std::string tip =
      dense ? fmt::format(" title=\"{} → {}\"", html(truth.name), html(predicted.name)) : "";
  return fmt::format("<td style=\"--v:{:.3f}\"{}{}>{}</td>", 0.06 + 0.44 * share,
                     right ? " class=\"hit\"" : "", tip, grouped(count));
}

std::string confusion_matrix(const Metrics& m) {
  const bool dense = m.classes.size() > kSpacious;
  const bool upright = dense || std::ranges::any_of(m.classes, [](const ClassMetrics& one) {
                         return characters(one.name) > kUpright;
                       });
  std::string out = fmt::format("<table class=\"matrix{}{}\">\n<tr><td></td>",
                                upright ? " upright" : "", dense ? " dense" : "");
  for (const ClassMetrics& one : m.classes) out += heading("col", one.name, kColumnName);
  out += "</tr>\n";
  auto cell = m.confusion.begin();
  for (std::size_t truth = 0; truth < m.classes.size(); ++truth) {
    out += "<tr>" + heading("row", m.classes[truth].name, kRowName);
    for (std::size_t predicted = 0; predicted < m.classes.size(); ++predicted) {
      const bool there =
          cell != m.confusion.end() && cell->truth == truth && cell->predicted == predicted;
      const std::uint64_t count = there ? (cell++)->count : 0;
      out += matrix_cell(count, m.classes[truth], m.classes[predicted], dense);
    }
    out += "</tr>\n";
  }
  return "<p class=\"soft\">Rows: the truth. Columns: the prediction. A stronger colour means a "
         "larger share of the row. Right answers are framed.</p>\n" +
         scrolling("confusion matrix", out + "</table>\n");
}

std::string confusions(const Metrics& m) {
  std::vector<Confusion> mistakes;
  for (const Confusion& cell : m.confusion) {
    if (cell.truth != cell.predicted) mistakes.push_back(cell);
  }
  if (mistakes.empty()) return "<p>Nothing is confused.</p>\n";
  std::ranges::stable_sort(
      mistakes, [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  mistakes.resize(std::min(mistakes.size(), kConfusions));
  std::string out =
      table_head({words_heading("truth"), words_heading("predicted"), column_heading("texts")});
  for (const Confusion& cell : mistakes) {
    const double share = static_cast<double>(cell.count) / static_cast<double>(mistakes[0].count);
    out += fmt::format("<tr><td class=\"name\">{}</td><td class=\"name\">{}</td>{}</tr>\n",
                       html(m.classes[cell.truth].name), html(m.classes[cell.predicted].name),
                       share_cell(share, grouped(cell.count)));
  }
  return "<p class=\"soft\">The most frequent confusions.</p>\n" +
         scrolling("confusions", out + "</tbody>\n</table>\n");
}

std::string scores_row(const std::string& name, const Scores& s, std::uint64_t support) {
  std::string out = fmt::format("<tr><th scope=\"row\">{}</th>", name);
  for (const double value : {s.precision, s.recall, s.f1}) out += share_cell(value);
  return out + fmt::format("<td>{}</td></tr>\n", grouped(support));
}

}  // namespace

std::string share_cell(double share, std::string_view text) {
  return fmt::format("<td class=\"share\" style=\"--v:{:.1f}%\">{}</td>",
                     100 * std::clamp(share, 0.0, 1.0), text);
}

std::string share_cell(double share) { return share_cell(share, rounded(share)); }

std::string column_heading(std::string_view name) {
  return fmt::format("<th scope=\"col\">{}</th>", name);
}

std::string words_heading(std::string_view name) {
  return fmt::format("<th class=\"name\" scope=\"col\">{}</th>", name);
}

std::string table_head(std::initializer_list<std::string> headings, std::string_view more_class) {
  std::string out = fmt::format("<table class=\"wide{}{}\">\n<thead><tr>",
                                more_class.empty() ? "" : " ", more_class);
  for (const std::string& heading : headings) out += heading;
  return out + "</tr></thead>\n<tbody>\n";
}

std::string scrolling(std::string_view what, const std::string& table) {
  return fmt::format(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n{}</div>\n", what,
      table);
}

std::string confusion_tables(const Metrics& m) {
  if (m.classes.size() > kMatrix) return confusions(m);
  return confusion_matrix(m) + (m.classes.size() > kSpacious ? confusions(m) : "");
}

std::string class_scores(const Metrics& m) {
  std::string out =
      table_head({words_heading("label"), column_heading("precision"), column_heading("recall"),
                  column_heading("F1"), column_heading("texts")});
  std::uint64_t support = 0;
  for (const ClassMetrics& one : m.classes) {
    out +=
        scores_row(html(one.name) + (one.known ? "" : " (unknown to the plan)"), one, one.support);
    support += one.support;
  }
  out += "</tbody>\n<tfoot>\n" + scores_row("micro average", m.micro, support) +
         scores_row("macro average", m.macro, support) +
         scores_row("weighted average", m.weighted, support) + "</tfoot>\n</table>\n";
  out = scrolling("scores by label", out);
  if (m.classes.size() <= kClassesOpen) return out;
  return fmt::format("<details><summary>All {} labels</summary>\n{}</details>\n",
                     grouped(m.classes.size()), out);
}

std::string clipped(std::string_view name, std::size_t max) {
  const std::size_t count = characters(name);
  if (count <= max) return std::string(name);
  const std::size_t head = max / 2;
  const std::size_t tail = count - (max - head - 1);
  std::string out;
  std::size_t number = 0;
  for (std::size_t position = 0; position < name.size(); ++number) {
    const std::size_t begin = position;
    utf8::next(name, position);
    if (number == head) out += "…";
    if (number < head || number >= tail) out += name.substr(begin, position - begin);
  }
  return out;
}

}  // namespace weft
