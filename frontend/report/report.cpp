// Makes a report: texts are labelled in portions, and only what the report shows is kept of them.
#include "frontend/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "frontend/report/probabilities.h"
#include "frontend/train/plan_settings.h"

namespace weft {
namespace {

constexpr std::size_t kPortion = 1024;  // texts
constexpr std::size_t kCurves = 8;      // as many lines as a chart can tell apart
constexpr std::size_t kMistakes = 12;

using Clock = std::chrono::steady_clock;

void count_thresholds(ThresholdTable& table, float score, bool on) {
  table.support += on ? 1 : 0;
  const auto steps = static_cast<double>(ThresholdTable::kSteps - 1);
  for (std::size_t k = 0; k < ThresholdTable::kSteps; ++k) {
    if (static_cast<double>(score) < static_cast<double>(k) / steps) break;
    ++table.given[k];
    table.right[k] += on ? 1 : 0;
  }
}

struct WrongAnswer {
  std::size_t row = 0, label = 0;  // multi-label: the label that was given or left out wrongly
  std::uint32_t truth = 0;
  bool given = true;  // multi-label: whether the label was given
  double confidence = 0;
};

// Adds predictions to a report, one by one.
class ReportBuilder {
 public:
  ReportBuilder(Report& report, const Dataset& data, bool multi)
      : report_(report),
        data_(data),
        multi_(multi),
        probabilities_(data, multi, frequent_labels(data, multi, kCurves)) {
    if (!multi) return;
    report.thresholds.emplace_back().name = "all labels";
    for (const std::size_t label : probabilities_.followed()) {
      report.thresholds.emplace_back().name = data.space.names[label];
    }
  }

  void add(std::size_t i, const Predictions& all, std::size_t k) {
    probabilities_.add(i, all, k);
    const auto p = all.probabilities(k);
    const auto has = [&](std::size_t label) { return data_.has_label(i, label); };
    if (!multi_) {
      const std::size_t answer = all.label(k);
      if (has(answer)) return;
      const auto truth = static_cast<std::uint32_t>(data_.labels_of(i).front());
      return keep({i, answer, truth, true, p[answer]});
    }
    const auto& followed = probabilities_.followed();
    for (std::size_t f = 0; f < followed.size(); ++f) {
      count_thresholds(report_.thresholds[f + 1], p[followed[f]], has(followed[f]));
    }
    for (std::size_t label = 0; label < p.size(); ++label) {
      count_thresholds(report_.thresholds[0], p[label], has(label));
      const bool given = p[label] >= report_.evaluation.threshold;
      if (given == has(label)) continue;
      const double confidence = given ? p[label] : 1.0F - p[label];
      keep({i, label, static_cast<std::uint32_t>(label), given, confidence});
    }
  }

  void finish() {
    const auto& followed = probabilities_.followed();
    for (std::size_t f = 0; f < followed.size(); ++f) {
      report_.curves.push_back({data_.space.names[followed[f]], probabilities_.curve(f)});
    }
    report_.reliability = probabilities_.reliability();
    shrink();
  }

  const std::vector<WrongAnswer>& wrong() const { return wrong_; }

 private:
  void keep(const WrongAnswer& wrong) {
    wrong_.push_back(wrong);
    if (wrong_.size() >= 64 * kMistakes) shrink();
  }
  void shrink() {
    std::ranges::stable_sort(wrong_, [](const WrongAnswer& a, const WrongAnswer& b) {
      return a.confidence > b.confidence;
    });
    wrong_.resize(std::min(wrong_.size(), kMistakes));
  }

  Report& report_;
  const Dataset& data_;
  bool multi_;
  Probabilities probabilities_;
  std::vector<WrongAnswer> wrong_;
};

void add_facts(Report& report, const Session& session) {
  const Plan& plan = session.plan();
  report.history = plan.history;
  report.description = plan.description;
  report.settings = overrides_of(plan).assignments();
  report.temperature = plan.temperature;
  report.words = plan.vocabulary.ends.size();
  report.labels = plan.labels.size();
  const Inspection inspection = inspect(plan);
  report.parameters = inspection.parameters;
  for (const ProgramReport& program : inspection.programs) {
    report.memory.push_back(memory_map(program));
  }
  report.threads = session.threads();
}

}  // namespace

Report make_report(Session& session, const CorpusView& examples, std::optional<double> threshold) {
  const Dataset data = encode(examples, session.encoder(), session.labels());
  return make_report(session, examples, data, evaluate(session, data, threshold));
}

Report make_report(Session& session, const CorpusView& examples, const Dataset& data,
                   Evaluation evaluation) {
  Report report;
  report.evaluation = std::move(evaluation);
  add_facts(report, session);
  const bool multi = session.plan().task == Task::multi_label;

  ReportBuilder builder(report, data, multi);
  Predictions predictions;
  std::vector<TextInput> texts;
  for (std::size_t begin = 0; begin < data.size(); begin += kPortion) {
    texts.clear();
    const std::size_t end = std::min(begin + kPortion, data.size());
    for (std::size_t i = begin; i < end; ++i) {
      texts.push_back(examples.input(i, session.encoder().reads_pairs()));
    }
    const auto start = Clock::now();
    session.predict(texts, predictions);
    report.seconds += std::chrono::duration<double>(Clock::now() - start).count();
    for (std::size_t k = 0; k < texts.size(); ++k) builder.add(begin + k, predictions, k);
  }
  builder.finish();

  std::optional<Explainer> explainer;
  try {
    explainer.emplace(session.plan(), session.encoder());
  } catch (const Error& e) {
    report.unexplained = e.diagnostics().front().message;
  }
  const auto& names = data.space.names;
  for (const WrongAnswer& wrong : builder.wrong()) {
    Mistake mistake{std::string(examples.text(wrong.row)), names[wrong.truth], names[wrong.label],
                    wrong.confidence, names[wrong.label]};
    if (multi) (wrong.given ? mistake.truth : mistake.predicted).insert(0, "not ");
    if (explainer) mistake.why = explainer->explain(mistake.text, wrong.label);
    report.mistakes.push_back(std::move(mistake));
  }
  return report;
}

}  // namespace weft
