// Renders searches.
#include "frontend/report/search_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "frontend/format/format_number.h"
#include "frontend/report/dot_chart.h"
#include "frontend/report/report_charts.h"
#include "frontend/report/report_tables.h"
#include "frontend/train/evaluate.h"

namespace weft {
namespace {

// ---- Cross-validation

std::string mean_fact(std::string_view name, const Spread& spread) {
  return fact(fmt::format("{}, ± {:.4f}", name, (spread.high - spread.low) / 2),
              rounded(spread.mean));
}

DotChart fold_chart(const Crossval& result, std::string id, std::string title, const Spread& spread,
                    double FoldScore::*score) {
  DotChart chart{.id = std::move(id),
                 .title = std::move(title),
                 .x_label = "fold",
                 .y_label = "score",
                 .whole_x = true,
                 .styles = {"a fold"}};
  chart.band = Band{spread.low, spread.mean, spread.high,
                    fmt::format("mean {:.4f}, with its 95 % interval: {:.4f} to {:.4f}",
                                spread.mean, spread.low, spread.high)};
  chart.description = fmt::format("{} folds: {}.", result.folds.size(), chart.band->name);
  for (const FoldScore& fold : result.folds) {
    chart.dots.push_back({static_cast<double>(fold.fold + 1), fold.*score, 0,
                          fmt::format("repeat {}, fold {}: {:.4f}, epoch {}", fold.repeat + 1,
                                      fold.fold + 1, fold.*score, fold.epoch)});
  }
  return chart;
}

std::string fold_table(const Crossval& result) {
  std::string out =
      table_head({column_heading("repeat"), column_heading("fold"), column_heading("epoch"),
                  column_heading("accuracy"), column_heading("macro F1"), column_heading("loss")});
  for (const FoldScore& fold : result.folds) {
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td>{}{}<td>{}</td></tr>\n",
                       fold.repeat + 1, fold.fold + 1, fold.epoch, share_cell(fold.accuracy),
                       share_cell(fold.macro_f1), fold.loss ? rounded(*fold.loss) : "");
  }
  return scrolling("folds", out + "</tbody>\n</table>\n");
}

// ---- Trials

constexpr std::size_t kVaried = 24;  // settings that are drawn

std::string length_of(const TuneResult& r) {
  if (r.step == kTuneSteps) return fmt::format("{} seeds", kTuneSeeds);
  return fmt::format("{} epochs", r.epochs);
}

std::string tip(const TuneResult& r) {
  return fmt::format("trial {}, {}: {:.4f}, {}", r.trial, length_of(r), r.score, tried_text(r));
}

// The furthest result of each trial that has a score.
std::vector<const TuneResult*> last_results(const std::vector<TuneResult>& results) {
  std::map<std::int64_t, const TuneResult*> last;
  for (const TuneResult& r : results) {
    if (!r.failure.empty() || !std::isfinite(r.score)) continue;
    const TuneResult*& one = last[r.trial];
    if (one == nullptr || r.step > one->step) one = &r;
  }
  std::vector<const TuneResult*> out;
  for (const auto& [trial, result] : last) out.push_back(result);
  return out;
}

const std::vector<std::string>& lengths() {
  static const std::vector<std::string> names{"a fifth of the epochs", "half of them", "all epochs",
                                              "all, from several seeds"};
  return names;
}

DotChart trial_chart(const std::vector<TuneResult>& results, std::string_view measure) {
  DotChart chart{.id = "trials",
                 .title = "Score by trial",
                 .x_label = "trial",
                 .y_label = std::string(measure),
                 .whole_x = true,
                 .styles = lengths()};
  for (const TuneResult* r : last_results(results)) {
    chart.dots.push_back(
        {static_cast<double>(r->trial), r->score, static_cast<std::size_t>(r->step), tip(*r)});
  }
  const TuneResult& best = results.front();
  chart.band = Band{best.score, best.score, best.score,
                    fmt::format("the best, trial {}: {:.4f}", best.trial, best.score)};
  chart.description = fmt::format("{} trials; {}.", chart.dots.size(), chart.band->name);
  return chart;
}

// Numbers by their size, on a scale of powers of ten where they span many; words by their place in
// a list, which the label gives.
DotChart value_chart(const std::vector<TuneResult>& results, const std::string& path,
                     std::string_view measure, std::size_t index) {
  std::vector<std::pair<const TuneResult*, Attr>> tried;
  for (const TuneResult* r : last_results(results)) {
    const auto at = std::ranges::find(r->values, path, [](const auto& v) { return v.first; });
    if (at != r->values.end()) tried.emplace_back(r, at->second);
  }
  const auto as_number = [](const Attr& value) -> std::optional<double> {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
    if (const auto* real = std::get_if<double>(&value)) return *real;
    return std::nullopt;
  };
  std::set<std::string> words;
  double low = 1e300, high = -1e300;
  for (const auto& [result, value] : tried) {
    const std::optional<double> x = as_number(value);
    if (!x) words.insert(to_string(value));
    low = std::min(low, x.value_or(low));
    high = std::max(high, x.value_or(high));
  }
  const bool powers = words.empty() && low > 0 && high / low > 20;
  const bool whole = std::ranges::all_of(
      tried, [](const auto& one) { return std::holds_alternative<std::int64_t>(one.second); });
  // Without a legend: that of the first chart holds for all.
  DotChart chart{.id = fmt::format("value-{}", index),
                 .title = path,
                 .x_label = path,
                 .y_label = std::string(measure),
                 .whole_x = whole && !powers};
  if (powers) chart.x_label = "log10 of " + path;
  if (!words.empty()) {
    chart.whole_x = true;
    std::size_t place = 0;
    for (const std::string& word : words) {
      chart.x_label += fmt::format("{} {} = {}", place == 0 ? ":" : ",", place + 1, word);
      ++place;
    }
  }
  for (const auto& [result, value] : tried) {
    const std::optional<double> x = as_number(value);
    const auto place = std::distance(words.begin(), words.find(to_string(value))) + 1;
    chart.dots.push_back({!words.empty() || !x ? static_cast<double>(place)
                          : powers             ? std::log10(*x)
                                               : *x,
                          result->score, static_cast<std::size_t>(result->step), tip(*result)});
  }
  chart.description = fmt::format("Each trial's {} by its value of {}.", measure, path);
  return chart;
}

std::string value_charts(const std::vector<TuneResult>& results, std::string_view measure) {
  std::vector<std::string> paths;  // as they first appear
  for (const TuneResult& r : results) {
    for (const auto& [path, value] : r.values) {
      if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
    }
  }
  std::ranges::sort(paths);
  std::string out;
  for (std::size_t i = 0; i < std::min(paths.size(), kVaried); ++i) {
    out += dot_chart(value_chart(results, paths[i], measure, i));
  }
  return out.empty() ? out
                     : section("Score by value", "<div class=\"charts\">\n" + out + "</div>\n");
}

std::string trial_table(const std::vector<TuneResult>& results) {
  std::string out =
      table_head({column_heading("trial"), column_heading("trained"), column_heading("best epoch"),
                  column_heading("score"), column_heading("accuracy"), column_heading("macro F1"),
                  column_heading("loss"), words_heading("tried")});
  for (const TuneResult& r : results) {
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td>", r.trial, length_of(r),
        r.averaged > 0 ? fmt::format("mean of {}", r.averaged) : std::to_string(r.best_epoch));
    if (r.failure.empty()) {
      out += fmt::format("<td>{}</td>{}{}<td>{}</td>", rounded(r.score), share_cell(r.accuracy),
                         share_cell(r.macro_f1), rounded(r.loss));
    } else {
      out += "<td>failed</td><td></td><td></td><td></td>";
    }
    out += fmt::format("<td class=\"name\">{}{}</td></tr>\n", html(tried_text(r)),
                       r.failure.empty() ? "" : ": " + html(r.failure));
  }
  return scrolling("trials", out + "</tbody>\n</table>\n");
}

}  // namespace

std::string crossval_page(const Crossval& result, const std::string& title, const Origin& origin) {
  Page page{title, "cross-validation", made_line(origin), {}, {}, {}};
  page.header += "<dl class=\"numbers\">\n" + mean_fact("Accuracy", result.accuracy) +
                 mean_fact("Macro F1", result.macro_f1);
  if (result.loss) page.header += mean_fact("Loss", *result.loss);
  page.header += fact("Deviation of a fold", rounded(result.accuracy.deviation)) +
                 fact("Folds", std::to_string(result.folds.size())) + "</dl>\n";
  page.body = section(
      "Folds",
      "<p class=\"soft\">Each fold was trained without the texts that it is measured on. The "
      "interval takes into account that folds share most of what they learn from.</p>\n<div "
      "class=\"charts\">\n" +
          dot_chart(fold_chart(result, "accuracy", "Accuracy by fold", result.accuracy,
                               &FoldScore::accuracy)) +
          dot_chart(fold_chart(result, "macro-f1", "Macro F1 by fold", result.macro_f1,
                               &FoldScore::macro_f1)) +
          "</div>\n" + fold_table(result));
  return to_html(page);
}

std::string tune_page(const std::vector<TuneResult>& results, std::string_view measure,
                      std::size_t texts, const std::string& title, const Origin& origin) {
  const TuneResult& best = results.front();
  const auto failed =
      std::ranges::count_if(results, [](const TuneResult& r) { return !r.failure.empty(); });
  Page page{title, "search", made_line(origin), {}, {}, {}};
  page.header +=
      "<dl class=\"numbers\">\n" + fact("Best score", score_text(best)) +
      fact("Accuracy", rounded(best.accuracy)) + fact("Macro F1", rounded(best.macro_f1)) +
      fact("Trials", std::to_string(last_results(results).size())) +
      fact("Failed", std::to_string(failed)) + fact("Validation texts", grouped(texts)) + "</dl>\n";
  const std::string chance = fmt::format(
      "<p>The score is {} on the validation texts; {} of them tell scores apart that differ by "
      "{:.3f} or more. Best: <code>{}</code></p>\n",
      html(measure), grouped(texts), 2 * standard_error(best.accuracy, texts),
      html(tried_text(best)));
  page.body = section("Trials", chance + dot_chart(trial_chart(results, measure))) +
              value_charts(results, measure) + section("All results", trial_table(results));
  return to_html(page);
}

}  // namespace weft
