// A report as a page: a section after another, each with what it says in words.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/report.h"
#include "frontend/report_charts.h"
#include "frontend/report_style.h"

namespace weft {
namespace {

constexpr std::size_t kMatrix = 30;       // classes of a confusion matrix
constexpr std::size_t kConfusions = 30;   // named where there are more
constexpr std::size_t kClassesOpen = 60;  // rows of a table that is not folded away
constexpr std::size_t kTextShown = 1200;  // bytes of a mistake's text
constexpr std::size_t kNGramsShown = 6;

std::string number(double value) { return fmt::format("{:.4f}", value); }

std::string section(std::string_view title, const std::string& body) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", title, body);
}

std::string scrolling(std::string_view what, const std::string& table) {
  return fmt::format(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n{}</div>\n", what,
      table);
}

std::string fact(std::string_view name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
}

// ---- What it comes to

std::string summary(const Report& r) {
  const Metrics& m = r.evaluation.metrics;
  std::string out = "<dl class=\"numbers\">\n";
  out += fact(m.multi_label ? "Subset accuracy" : "Accuracy", number(m.accuracy));
  out += fact("Macro F1", number(m.macro.f1));
  out += m.multi_label ? fact("Micro F1", number(m.micro.f1)) +
                             fact("Threshold", number(r.evaluation.threshold))
                       : fact("Weighted F1", number(m.weighted.f1));
  out += fact("Calibration error", number(expected_calibration_error(r.reliability)));
  out += fact("Texts", std::to_string(m.examples));
  out += fact("Labels", std::to_string(m.classes.size()));
  return out + "</dl>\n";
}

// ---- Training

Series series_of(const Report& r, const std::string& metric, const std::string& name) {
  Series series{name, {}};
  for (const HistoryEntry& entry : r.history) {
    for (const auto& [key, value] : entry.metrics) {
      if (key != metric || !std::isfinite(value)) continue;
      series.points.emplace_back(static_cast<double>(entry.epoch), value);
    }
  }
  return series;
}

std::string history_chart(std::string id, std::string title, std::string y_label,
                          std::vector<Series> series) {
  std::erase_if(series, [](const Series& one) { return one.points.empty(); });
  if (series.empty()) return {};
  double low = 1e300, high = -1e300, first = 1e300, last = -1e300;
  for (const Series& one : series) {
    for (const auto& [x, y] : one.points) {
      first = std::min(first, x);
      last = std::max(last, x);
      low = std::min(low, y);
      high = std::max(high, y);
    }
  }
  if (first == last) last = first + 1;
  const double margin = high > low ? (high - low) * 0.06 : 0.05;
  Chart chart{std::move(id),
              std::move(title),
              {},
              "epoch",
              std::move(y_label),
              {first, last},
              {low - margin, high + margin}};
  chart.description = fmt::format("From epoch {:g} to {:g}.", first, last);
  for (const Series& one : series) {
    chart.description += fmt::format(" {}: {:.4f} at first, {:.4f} at last.", one.name,
                                     one.points.front().second, one.points.back().second);
  }
  chart.whole_x = chart.markers = true;
  chart.series = std::move(series);
  return line_chart(chart);
}

std::string training(const Report& r) {
  if (r.history.empty()) return {};
  Series train{"training loss", {}};
  for (const HistoryEntry& entry : r.history) {
    if (!std::isfinite(entry.train_loss)) continue;
    train.points.emplace_back(static_cast<double>(entry.epoch), entry.train_loss);
  }
  std::string out = "<div class=\"charts\">\n";
  out += history_chart("loss", "Loss by epoch", "loss",
                       {train, series_of(r, "loss", "validation loss")});
  out +=
      history_chart("metrics", "Validation by epoch", "score",
                    {series_of(r, "accuracy", "accuracy"), series_of(r, "macro_f1", "macro F1")});
  return section("Training", out + "</div>\n");
}

// ---- Classes

std::string confusion_matrix(const Metrics& m) {
  std::string out =
      "<table class=\"matrix\">\n<caption>Rows: the truth. Columns: what was predicted. The "
      "stronger its colour, the larger a cell's share of its row; right answers are "
      "framed.</caption>\n<tr><td></td>";
  for (const ClassMetrics& one : m.classes) {
    out += fmt::format("<th scope=\"col\">{}</th>", html(one.name));
  }
  out += "</tr>\n";
  auto cell = m.confusion.begin();
  for (std::size_t truth = 0; truth < m.classes.size(); ++truth) {
    out += fmt::format("<tr><th scope=\"row\">{}</th>", html(m.classes[truth].name));
    for (std::size_t predicted = 0; predicted < m.classes.size(); ++predicted) {
      const bool there =
          cell != m.confusion.end() && cell->truth == truth && cell->predicted == predicted;
      const std::uint64_t count = there ? (cell++)->count : 0;
      const auto support =
          static_cast<double>(std::max<std::uint64_t>(m.classes[truth].support, 1));
      out += fmt::format("<td style=\"--v:{:.3f}\"{}>{}</td>",
                         0.5 * static_cast<double>(count) / support,
                         truth == predicted ? " class=\"hit\"" : "", count);
    }
    out += "</tr>\n";
  }
  return scrolling("confusion matrix", out + "</table>\n");
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
      "<table>\n<caption>The most frequent confusions.</caption>\n<tr><th class=\"name\" "
      "scope=\"col\">truth</th><th class=\"name\" scope=\"col\">predicted</th>"
      "<th scope=\"col\">texts</th></tr>\n";
  for (const Confusion& cell : mistakes) {
    const double share = static_cast<double>(cell.count) / static_cast<double>(mistakes[0].count);
    out += fmt::format(
        "<tr><td class=\"name\">{}</td><td class=\"name\">{}</td>"
        "<td class=\"share\" style=\"--v:{:.0f}%\">{}</td></tr>\n",
        html(m.classes[cell.truth].name), html(m.classes[cell.predicted].name), 100 * share,
        cell.count);
  }
  return scrolling("confusions", out + "</table>\n");
}

std::string scores_row(const std::string& name, const Scores& s, std::uint64_t support) {
  std::string out = fmt::format("<tr><th scope=\"row\">{}</th>", name);
  for (const double value : {s.precision, s.recall, s.f1}) {
    out += fmt::format("<td class=\"share\" style=\"--v:{:.1f}%\">{:.4f}</td>", 100 * value, value);
  }
  return out + fmt::format("<td>{}</td></tr>\n", support);
}

std::string classes(const Metrics& m) {
  std::string out =
      "<table>\n<thead><tr><th class=\"name\" scope=\"col\">label</th><th "
      "scope=\"col\">precision</th><th scope=\"col\">recall</th><th scope=\"col\">F1</th><th "
      "scope=\"col\">texts</th></tr></thead>\n<tbody>\n";
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
  return fmt::format("<details><summary>All {} labels</summary>\n{}</details>\n", m.classes.size(),
                     out);
}

// ---- Curves

std::string curves(const Report& r) {
  Chart pr{"pr", "Precision by recall", {}, "recall", "precision", {0, 1}, {0, 1}};
  Chart roc{"roc", "ROC", {}, "false positive rate", "true positive rate", {0, 1}, {0, 1}};
  roc.diagonal = "by chance";
  for (const auto& [label, curve] : r.curves) {
    if (curve.points.empty()) continue;
    const double ap = average_precision(curve);
    const double auc = roc_auc(curve);
    std::vector<std::pair<double, double>> in_pr{{0, ScoreCurve::precision(curve.points.front())}};
    std::vector<std::pair<double, double>> in_roc{{0, 0}};
    for (const CurvePoint& point : curve.points) {
      in_pr.emplace_back(curve.recall(point), ScoreCurve::precision(point));
      in_roc.emplace_back(curve.false_positive_rate(point), curve.recall(point));
    }
    pr.series.push_back({fmt::format("{}: average precision {:.4f}", label, ap), thinned(in_pr)});
    roc.series.push_back({fmt::format("{}: area {:.4f}", label, auc), thinned(in_roc)});
    pr.description += fmt::format("{}: average precision {:.4f}. ", label, ap);
    roc.description += fmt::format("{}: area under the curve {:.4f}. ", label, auc);
  }
  std::string out = "<div class=\"charts\">\n" + line_chart(pr) + line_chart(roc) + "</div>\n";
  if (r.curves.size() < r.labels && r.labels > 2) {
    out += fmt::format("<p class=\"soft\">Of {} labels, the {} that the data has most of.</p>\n",
                       r.labels, r.curves.size());
  }
  return section("Every threshold", out);
}

std::string calibration(const Report& r) {
  std::string out = fmt::format(
      "<p>Expected calibration error <b>{:.4f}</b>: how far, on average, confidence lies from the "
      "share of answers that are right. Temperature {:g}{}.</p>\n",
      expected_calibration_error(r.reliability), r.temperature,
      r.temperature == 1 ? "; <code>weft calibrate</code> fits one" : "");
  out += reliability_chart(r.reliability, "reliability");
  std::string table =
      "<table>\n<tr><th scope=\"col\">mean confidence</th><th scope=\"col\">share that is right"
      "</th><th scope=\"col\">answers</th></tr>\n";
  for (const ReliabilityBin& bin : r.reliability) {
    if (bin.count == 0) continue;
    table += fmt::format("<tr><td>{:.4f}</td><td>{:.4f}</td><td>{}</td></tr>\n", bin.confidence,
                         bin.accuracy, bin.count);
  }
  out += fmt::format("<details><summary>The same in numbers</summary>\n{}</details>\n",
                     scrolling("calibration", table + "</table>\n"));
  return section("Calibration", out);
}

std::string chooser(const Report& r) {
  if (r.thresholds.empty()) return {};
  const auto list = [](const auto& numbers) {
    return fmt::format("[{}]", fmt::join(numbers, ","));
  };
  std::string options, data;
  for (std::size_t i = 0; i < r.thresholds.size(); ++i) {
    const ThresholdTable& table = r.thresholds[i];
    options += fmt::format("<option value=\"{}\">{}</option>", i, html(table.name));
    data += fmt::format("{}[{},{},{}]", i == 0 ? "" : ",\n", table.support, list(table.given),
                        list(table.right));
  }
  return section(
      "Threshold",
      fmt::format(
          "<p>A label is given from this probability on. The plan's own: {0:.4f}; "
          "<code>weft eval --threshold</code> tries another.</p>\n<div class=\"chooser\">\n"
          "<label>Label<select id=\"threshold-label\">{1}</select></label>\n"
          "<label>Threshold <output id=\"threshold-value\" for=\"threshold\"></output>"
          "<input id=\"threshold\" type=\"range\" min=\"0\" max=\"100\" "
          "value=\"{2:.0f}\"></label>\n"
          "<dl class=\"numbers\" aria-live=\"polite\">\n"
          "<div><dt>Precision</dt><dd id=\"threshold-precision\"></dd></div>\n"
          "<div><dt>Recall</dt><dd id=\"threshold-recall\"></dd></div>\n"
          "<div><dt>F1</dt><dd id=\"threshold-f1\"></dd></div>\n"
          "<div><dt>Labels given</dt><dd id=\"threshold-given\"></dd></div>\n</dl>\n</div>\n"
          "<script type=\"application/json\" id=\"threshold-data\">[{3}]</script>\n"
          "<script>{4}</script>\n",
          r.evaluation.threshold, options, 100 * r.evaluation.threshold, data, kReportScript));
}

// ---- Mistakes

// As much of the text as is shown ends with a whole character.
std::string_view shown(std::string_view text) {
  if (text.size() <= kTextShown) return text;
  std::size_t end = kTextShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string marked(const Mistake& mistake) {
  const std::string_view text = shown(mistake.text);
  const std::string rest = text.size() < mistake.text.size() ? " …" : "";
  if (!mistake.why) return html(text) + rest;
  const std::vector<double> shares = mistake.why->by_word();
  double most = 0;
  for (const double share : shares) most = std::max(most, std::abs(share));
  std::string out;
  std::size_t position = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const TextSpan& word = mistake.why->words[i];
    if (word.end > text.size()) break;
    out += html(text.substr(position, word.begin - position));
    position = word.end;
    const std::string spelling = html(text.substr(word.begin, word.end - word.begin));
    const double strength = most == 0 ? 0 : std::abs(shares[i]) / most;
    out += strength < 0.1
               ? spelling
               : fmt::format("<mark class=\"{}\" style=\"--v:{:.2f}\">{}</mark>",
                             shares[i] > 0 ? "for" : "against", 0.4 * strength, spelling);
  }
  return out + html(text.substr(position)) + rest;
}

std::string mistake_card(const Mistake& mistake) {
  std::string out = fmt::format(
      "<article class=\"mistake\">\n<p>Predicted <b>{}</b>, with {:.1f} %; the truth is <b>{}</b>."
      "</p>\n<p class=\"quote\">{}</p>\n",
      html(mistake.predicted), 100 * mistake.confidence, html(mistake.truth), marked(mistake));
  if (mistake.why) {
    out += "<ul class=\"why\">\n";
    for (std::size_t i = 0; i < std::min(kNGramsShown, mistake.why->ngrams.size()); ++i) {
      const NGram& ngram = mistake.why->ngrams[i];
      const auto words = std::string_view(mistake.text)
                             .substr(ngram.bytes.begin, ngram.bytes.end - ngram.bytes.begin);
      out += fmt::format("<li><b>{:+.2f}</b> {}</li>\n", ngram.contribution, html(words));
    }
    out += fmt::format("<li><b>{:+.2f}</b> is the logit of {}</li>\n</ul>\n", mistake.why->logit,
                       html(mistake.explained));
  }
  return out + "</article>\n";
}

std::string mistakes(const Report& r) {
  if (r.mistakes.empty()) return section("Mistakes", "<p>There are none.</p>\n");
  std::string out = "<p>The most confident first. ";
  out += r.unexplained.empty()
             ? "Words underlined <mark class=\"for\" style=\"--v:.3\">solid</mark> speak for the "
               "label, <mark class=\"against\" style=\"--v:.3\">dotted</mark> ones against it; "
               "below, what each n-gram adds to the logit."
             : html(r.unexplained) + ".";
  out += "</p>\n";
  for (const Mistake& mistake : r.mistakes) out += mistake_card(mistake);
  return section("Most confident mistakes", out);
}

// ---- Sizes and speeds

std::string costs(const Report& r) {
  std::string out = "<table>\n";
  const auto row = [&](std::string_view name, const std::string& value) {
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", name, value);
  };
  row("parameters", fmt::format("{}", r.parameters));
  if (r.plan_bytes > 0) {
    row("plan file", fmt::format("{:.2f} MB", static_cast<double>(r.plan_bytes) / 1e6));
  }
  row("words known", std::to_string(r.words));
  for (const auto& [program, bytes] : r.arenas) {
    if (bytes > 0)
      row("memory of " + html(program), fmt::format("{:.2f} MB", static_cast<double>(bytes) / 1e6));
  }
  if (r.seconds > 0) {
    const auto texts = static_cast<double>(r.evaluation.metrics.examples);
    row("speed", fmt::format("{:.0f} texts a second, {} thread{}", texts / r.seconds, r.threads,
                             r.threads == 1 ? "" : "s"));
  }
  return section("Size and speed", scrolling("size and speed", out + "</table>\n"));
}

}  // namespace

std::string to_html(const Report& r) {
  const Metrics& m = r.evaluation.metrics;
  const std::string title = html(r.title);
  const std::string script = r.thresholds.empty() ? "" : " script-src 'unsafe-inline';";
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline';{}\">\n<title>{}: report</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<main>\n<header>\n<h1>{}</h1>\n<p class=\"soft\">measured on {}</p>\n{}</header>\n",
      script, title, kReportStyle, title, html(r.data), summary(r));
  out += training(r);
  if (!m.multi_label) {
    out += section("Confusion", m.classes.size() <= kMatrix ? confusion_matrix(m) : confusions(m));
  }
  out += section("Labels", classes(m));
  out += curves(r) + calibration(r) + chooser(r) + mistakes(r) + costs(r);
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace weft
