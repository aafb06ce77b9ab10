// Draws what training was like, by epoch and by step.
#include "frontend/report/report_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/report/page.h"
#include "frontend/report/report_charts.h"

namespace weft {
namespace {

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

// Whether an epoch's validation has the scores of this report: it had the same data and weights.
bool as_measured(const HistoryEntry& entry, const Evaluation& measured) {
  const auto is = [&](std::string_view name, double value) {
    const auto at = std::ranges::find(entry.metrics, name, [](const auto& m) { return m.first; });
    return at != entry.metrics.end() &&
           std::abs(at->second - value) <= 1e-6 * std::max(1.0, std::abs(value));
  };
  return is("accuracy", measured.metrics.accuracy) && is("macro_f1", measured.metrics.macro.f1) &&
         measured.loss && is("loss", *measured.loss);
}

// The epochs whose weights the plan holds: those that its history marks, else the only one whose
// validation has the scores of this report.
std::optional<Mark> kept(const Report& r) {
  std::vector<std::int64_t> epochs;
  for (const HistoryEntry& entry : r.history) {
    if (entry.kept) epochs.push_back(entry.epoch);
  }
  if (epochs.empty()) {
    for (const HistoryEntry& entry : r.history) {
      if (as_measured(entry, r.evaluation)) epochs.push_back(entry.epoch);
    }
    if (epochs.size() != 1) return {};
  }
  const Mark mark{static_cast<double>(epochs.front()), static_cast<double>(epochs.back()), {}};
  if (epochs.size() == 1) return Mark{mark.from, mark.to, fmt::format("kept: epoch {:g}", mark.to)};
  return Mark{mark.from, mark.to,
              fmt::format("kept: the mean of epochs {:g} to {:g}", mark.from, mark.to)};
}

std::string history_chart(std::string id, std::string title, std::string y_label,
                          std::vector<Series> series, const std::optional<Mark>& mark,
                          const std::string& x_label = "epoch") {
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
  const double margin = high > low ? (high - low) * 0.06 : high != 0 ? std::abs(high) / 2 : 0.05;
  Chart chart{std::move(id),
              std::move(title),
              {},
              x_label,
              std::move(y_label),
              {first, last},
              {low - margin, high + margin}};
  chart.description = fmt::format("From {} {:g} to {:g}.", x_label, first, last);
  for (const Series& one : series) {
    chart.description += fmt::format(" {}: {:.4g} at first, {:.4g} at last.", one.name,
                                     one.points.front().second, one.points.back().second);
  }
  if (mark && mark->from >= first && mark->to <= last) {
    chart.description += " " + mark->name + ".";
    chart.mark = mark;
  }
  chart.whole_x = true;
  chart.markers = x_label == "epoch";
  chart.series = std::move(series);
  return line_chart(chart);
}

// The loss and the learning rate by step, of the run that made the report.
std::string step_charts(const Report& r) {
  if (r.steps.size() < 2) return {};
  Series loss{"mean loss", {}}, low{"lowest loss", {}}, high{"highest loss", {}};
  Series rate{"learning rate", {}};
  for (const StepPoint& point : r.steps) {
    const auto step = static_cast<double>(point.last);
    loss.points.emplace_back(step, point.loss);
    low.points.emplace_back(step, point.low);
    high.points.emplace_back(step, point.high);
    rate.points.emplace_back(step, point.learning_rate);
  }
  const bool single = r.steps.front().first == r.steps.front().last;
  if (single) loss.name = "loss of the batch";
  std::vector<Series> losses{std::move(loss)};
  if (!single) {
    losses.push_back(std::move(low));
    losses.push_back(std::move(high));
  }
  return history_chart("step-loss", "Loss by step", "loss", std::move(losses), {}, "step") +
         history_chart("step-rate", "Learning rate by step", "learning rate", {rate}, {}, "step");
}

}  // namespace

std::string training_section(const Report& r) {
  if (r.history.empty()) return {};
  Series train{"training loss", {}};
  for (const HistoryEntry& entry : r.history) {
    if (!std::isfinite(entry.train_loss)) continue;
    train.points.emplace_back(static_cast<double>(entry.epoch), entry.train_loss);
  }
  const std::optional<Mark> mark = kept(r);
  std::string out = "<div class=\"charts\">\n";
  out += history_chart("loss", "Loss by epoch", "loss",
                       {train, series_of(r, "loss", "validation loss")}, mark);
  out += history_chart("metrics", "Validation by epoch", "score",
                       {series_of(r, "accuracy", "accuracy"), series_of(r, "macro_f1", "macro F1")},
                       mark);
  return section("Training", out + step_charts(r) + "</div>\n");
}

}  // namespace weft
