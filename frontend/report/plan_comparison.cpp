// Both plans predict everything; what differs is kept.
#include "frontend/report/plan_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "frontend/format/format_number.h"
#include "frontend/format/table.h"
#include "frontend/report/explain_report.h"

namespace weft {
namespace {

constexpr std::size_t kTextShown = 76;  // columns of a terminal

struct Answers {
  std::vector<std::string> labels;  // by text
  std::vector<bool> right;
};

std::string joined(std::vector<std::string> names) {
  std::ranges::sort(names);
  return fmt::format("{}", fmt::join(names, "|"));
}

std::string truth_of(const Dataset& data, std::size_t i) {
  std::vector<std::string> names;
  for (const auto label : data.labels_of(i)) {
    names.push_back(data.space.names[static_cast<std::size_t>(label)]);
  }
  return joined(std::move(names));
}

// Of the k-th prediction.
std::string answer_of(const Session& session, const Predictions& all, std::size_t k,
                      double threshold) {
  const auto& names = session.labels();
  if (session.plan().task == Task::single_label) return names[all.label(k)];
  std::vector<std::string> given;
  const auto p = all.probabilities(k);
  for (std::size_t label = 0; label < p.size(); ++label) {
    if (static_cast<double>(p[label]) >= threshold) given.push_back(names[label]);
  }
  return joined(std::move(given));
}

Answers answers_of(Session& session, const Dataset& data, Evaluation& measured) {
  Answers answers;
  answers.labels.resize(data.size());
  answers.right.resize(data.size());
  const double threshold = session.plan().threshold;
  const bool single = session.plan().task == Task::single_label;
  measured = evaluate(
      session, data, threshold, nullptr, [&](std::size_t i, const Predictions& all, std::size_t k) {
        answers.labels[i] = answer_of(session, all, k, threshold);
        answers.right[i] =
            single ? data.has_label(i, all.label(k)) : answers.labels[i] == truth_of(data, i);
      });
  return answers;
}

std::string mean_of(const Evaluation& measured) {
  return fmt::format("accuracy {:.4f}, macro F1 {:.4f}", measured.metrics.accuracy,
                     measured.metrics.macro.f1);
}

}  // namespace

double mcnemar(std::uint64_t only_first, std::uint64_t only_second) {
  const auto all = static_cast<double>(only_first + only_second);
  const std::uint64_t fewer = std::min(only_first, only_second);
  double tail = 0;
  for (std::uint64_t i = 0; i <= fewer; ++i) {
    const auto k = static_cast<double>(i);
    tail += std::exp(std::lgamma(all + 1) - std::lgamma(k + 1) - std::lgamma(all - k + 1) -
                     all * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

PlanComparison compare_plans(Session& first, Session& second, const CorpusView& examples) {
  if (first.plan().task != second.plan().task) {
    throw Error("one plan gives each text one label, the other several",
                "compare two plans of one kind");
  }
  PlanComparison result;
  expect_labels_of(first.plan(), examples);
  const Dataset data = encode(examples, first.encoder(), first.labels());
  const std::array<Answers, 2> by_plan{
      answers_of(first, data, result.measured[0]),
      answers_of(second, encode(examples, second.encoder(), second.labels()), result.measured[1])};
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::array<bool, 2> right{by_plan[0].right[i], by_plan[1].right[i]};
    ++(right[0] ? (right[1] ? result.both : result.only_first)
                : (right[1] ? result.only_second : result.neither));
    if (by_plan[0].labels[i] == by_plan[1].labels[i]) continue;
    result.changed.push_back({i,
                              std::string(examples.text(i)),
                              truth_of(data, i),
                              {by_plan[0].labels[i], by_plan[1].labels[i]},
                              right});
  }
  result.p_value = mcnemar(result.only_first, result.only_second);
  return result;
}

std::string to_text(const PlanComparison& c, std::size_t count) {
  std::string out;
  for (const ChangedText& one : std::span(c.changed).first(std::min(count, c.changed.size()))) {
    out += fmt::format("{}\n    {}{} -> {}{}; the truth: {}\n",
                       shortened(printable(one.text), kTextShown), printable(one.answers[0]),
                       one.right[0] ? " (right)" : "", printable(one.answers[1]),
                       one.right[1] ? " (right)" : "", printable(one.truth));
  }
  if (c.changed.size() > count) out += fmt::format("and {} more\n", c.changed.size() - count);
  if (count > 0 && !c.changed.empty()) out += '\n';
  for (std::size_t i = 0; i < 2; ++i) {
    out += fmt::format("{}: {}\n", printable(c.plans[i]), mean_of(c.measured[i]));
  }
  out += fmt::format(
      "{} of {} answers differ; only the first plan is right about {}, only the second about {}\n",
      grouped(c.changed.size()), grouped(c.texts()), grouped(c.only_first), grouped(c.only_second));
  return out + fmt::format("McNemar's exact test: p = {:.3g}{}\n", c.p_value,
                           c.p_value < 0.05 ? "" : ": the difference may be chance");
}

std::string to_json(const PlanComparison& c) {
  using Json = nlohmann::ordered_json;
  Json plans = Json::array(), changed = Json::array();
  for (std::size_t i = 0; i < 2; ++i) {
    const Metrics& m = c.measured[i].metrics;
    plans.push_back({{"plan", c.plans[i]}, {"accuracy", m.accuracy}, {"macro_f1", m.macro.f1}});
  }
  for (const ChangedText& one : c.changed) {
    changed.push_back({{"row", one.row + 1},
                       {"text", one.text},
                       {"truth", one.truth},
                       {"answers", one.answers},
                       {"right", one.right}});
  }
  const Json out = {{"texts", c.texts()},
                    {"plans", std::move(plans)},
                    {"both_right", c.both},
                    {"only_first_right", c.only_first},
                    {"only_second_right", c.only_second},
                    {"neither_right", c.neither},
                    {"mcnemar_p", c.p_value},
                    {"changed", std::move(changed)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weft
