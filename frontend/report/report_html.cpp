// Renders a report as a page, section by section; every chart also says in words what it shows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/format/format_number.h"
#include "frontend/report/page.h"
#include "frontend/report/report.h"
#include "frontend/report/report_charts.h"
#include "frontend/report/report_style.h"
#include "frontend/report/report_tables.h"
#include "frontend/report/report_training.h"

namespace weft {
namespace {

constexpr std::size_t kTextShown = 1200;  // bytes of a mistake's text
constexpr std::size_t kNGramsShown = 6;

// ---- Summary

std::string summary(const Report& r) {
  const Metrics& m = r.evaluation.metrics;
  std::string out = "<dl class=\"numbers\">\n";
  out += fact(m.multi_label ? "Subset accuracy" : "Accuracy", rounded(m.accuracy));
  out += fact("Macro F1", rounded(m.macro.f1));
  out += m.multi_label ? fact("Micro F1", rounded(m.micro.f1)) +
                             fact("Threshold", rounded(r.evaluation.threshold))
                       : fact("Weighted F1", rounded(m.weighted.f1));
  if (r.evaluation.loss) out += fact("Loss", rounded(*r.evaluation.loss));
  out += fact("Calibration error", rounded(expected_calibration_error(r.reliability)));
  out += fact("Texts", grouped(m.examples));
  out += fact("Labels", grouped(m.classes.size()));
  return out + "</dl>\n";
}

// ---- Curves

// A curve of steps, so that the area under it is the average precision.
Series precision_series(const ClassCurve& one) {
  const ScoreCurve& curve = one.curve;
  if (curve.positives == 0) return {one.label + ": not defined, no text has it", {}};
  std::vector<std::pair<double, double>> path;
  double before = 0;
  for (const CurvePoint& point : curve.points) {
    const double precision = ScoreCurve::precision(point);
    path.emplace_back(before, precision);
    path.emplace_back(curve.recall(point), precision);
    before = curve.recall(point);
  }
  return {fmt::format("{}: average precision {:.4f}", one.label, average_precision(curve)),
          thinned(path)};
}

Series roc_series(const ClassCurve& one) {
  const ScoreCurve& curve = one.curve;
  const std::optional<double> area = roc_auc(curve);
  if (!area) {
    return {fmt::format("{}: not defined, {} has it", one.label,
                        curve.positives == 0 ? "no text" : "every text"),
            {}};
  }
  std::vector<std::pair<double, double>> path{{0, 0}};
  for (const CurvePoint& point : curve.points) {
    path.emplace_back(curve.false_positive_rate(point), curve.recall(point));
  }
  return {fmt::format("{}: area {:.4f}", one.label, *area), thinned(path)};
}

// Says which labels have curves, if not all have.
std::string followed(const Report& r) {
  if (r.curves.size() == r.labels || r.labels <= 2) return {};
  const auto with_texts = static_cast<std::size_t>(std::ranges::count_if(
      r.evaluation.metrics.classes, [](const auto& one) { return one.known && one.support > 0; }));
  return fmt::format("<p class=\"soft\">{} of {} labels: {}.</p>\n", grouped(r.curves.size()),
                     grouped(r.labels),
                     r.curves.size() == with_texts ? "the data has no texts of the others"
                                                   : "none of the others has more texts");
}

std::string curves(const Report& r) {
  Chart pr{"pr", "Precision by recall", {}, "recall", "precision", {0, 1}, {0, 1}};
  Chart roc{"roc", "ROC", {}, "false positive rate", "true positive rate", {0, 1}, {0, 1}};
  roc.diagonal = "by chance";
  for (const ClassCurve& one : r.curves) {
    if (one.curve.points.empty()) continue;
    pr.series.push_back(precision_series(one));
    roc.series.push_back(roc_series(one));
  }
  for (Chart* chart : {&pr, &roc}) {
    for (const Series& one : chart->series) chart->description += one.name + ". ";
  }
  return section("Every threshold", "<div class=\"charts\">\n" + line_chart(pr) + line_chart(roc) +
                                        "</div>\n" + followed(r));
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
                         bin.accuracy, grouped(bin.count));
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

// The part of the text that is shown; it ends with a whole character.
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
  double max = 0;
  for (const double share : shares) max = std::max(max, std::abs(share));
  std::string out;
  std::size_t position = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const TextSpan& word = mistake.why->words[i];
    if (word.end > text.size()) break;
    out += html(text.substr(position, word.begin - position));
    position = word.end;
    const std::string spelling = html(text.substr(word.begin, word.end - word.begin));
    const double strength = max == 0 ? 0 : std::abs(shares[i]) / max;
    out += strength < 0.1
               ? spelling
               : fmt::format("<mark class=\"{}\" style=\"--v:{:.2f}\">{}</mark>",
                             shares[i] > 0 ? "for" : "against", 0.4 * strength, spelling);
  }
  return out + html(text.substr(position)) + rest;
}

std::string mistake_card(const Mistake& mistake) {
  std::string out = fmt::format(
      "<article class=\"mistake\">\n<p>Predicted <b>{}</b>, with {} %; the truth is <b>{}</b>."
      "</p>\n<p class=\"quote\">{}</p>\n",
      html(mistake.predicted), percent(mistake.confidence), html(mistake.truth), marked(mistake));
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
  std::string out = "<table class=\"facts\">\n";
  const auto row = [&](std::string_view name, const std::string& value) {
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", name, value);
  };
  row("parameters", grouped(r.parameters));
  if (r.plan_bytes > 0) {
    row("plan file", fmt::format("{:.2f} MB", static_cast<double>(r.plan_bytes) / 1e6));
  }
  row("words known", grouped(r.words));
  if (r.seconds > 0) {
    const auto texts = static_cast<double>(r.evaluation.metrics.examples);
    row("speed", fmt::format("{} texts a second, {} thread{}",
                             by_the_clock(grouped(std::llround(texts / r.seconds))), r.threads,
                             r.threads == 1 ? "" : "s"));
  }
  out = scrolling("size and speed", out + "</table>\n");
  for (std::size_t i = 0; i < r.memory.size(); ++i) {
    out += memory_picture(r.memory[i], fmt::format("memory-{}", i));
  }
  return section("Size and speed", out);
}

// ---- How to make it again

std::string origin(const Report& r) {
  if (r.description.empty()) return {};
  std::string lines;
  std::string_view rest = r.description;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines += html(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string out = scrolling("description", "<pre>" + lines + "</pre>\n");
  if (!r.settings.empty()) {
    out += "<p>Set on the command line:";
    for (const std::string& setting : r.settings) {
      out += fmt::format(" <code>{}</code>", html(setting));
    }
    out += "</p>\n";
  }
  return section("Description", out);
}

}  // namespace

std::string to_html(const Report& r) {
  const Metrics& m = r.evaluation.metrics;
  Page page{r.title, "report", made_line(r.origin) + summary(r), training_section(r), {}, {}};
  if (!m.multi_label) page.body += section("Confusion", confusion_tables(m));
  page.body += section("Labels", class_scores(m));
  page.body += curves(r) + calibration(r) + chooser(r) + mistakes(r) + costs(r) + origin(r);
  return to_html(page);
}

}  // namespace weft
