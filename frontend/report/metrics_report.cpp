// Renders metrics.
#include "frontend/report/metrics_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "frontend/format/format_number.h"
#include "frontend/format/table.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMatrixInText = 20;  // classes
constexpr std::size_t kClassesInText = 100;
constexpr std::size_t kFrequentInText = 40;  // where there are more
constexpr std::size_t kMatrixInJson = 500;
constexpr std::size_t kConfusionsNamed = 10;
constexpr std::size_t kNameWidth = 32;
constexpr std::size_t kHeadingWidth = 10;

// The classes that a table has room for, in their order: all of them, or the most frequent.
std::vector<const ClassMetrics*> shown_classes(const Metrics& metrics) {
  std::vector<const ClassMetrics*> shown;
  for (const ClassMetrics& one : metrics.classes) shown.push_back(&one);
  if (shown.size() <= kClassesInText) return shown;
  std::ranges::stable_sort(
      shown, [](const ClassMetrics* a, const ClassMetrics* b) { return a->support > b->support; });
  shown.resize(kFrequentInText);
  std::ranges::sort(shown);
  return shown;
}

// A row for each class that occurs or that the plan knows.
std::string class_table(const Metrics& metrics) {
  TextTable table;
  table.add({"class", "precision", "recall", "F1", "support"});
  const auto row = [&](const std::string& name, const Scores& scores, std::uint64_t support) {
    table.add({name, rounded(scores.precision), rounded(scores.recall), rounded(scores.f1),
               std::to_string(support)});
  };
  std::uint64_t support = 0;
  for (const ClassMetrics& one : metrics.classes) support += one.support;
  const auto shown = shown_classes(metrics);
  for (const ClassMetrics* one : shown) {
    row(shortened(one->name, kNameWidth) + (one->known ? "" : " (unknown to the plan)"), *one,
        one->support);
  }
  if (shown.size() < metrics.classes.size()) {
    table.add({fmt::format("({} others: --json)", metrics.classes.size() - shown.size())});
  }
  table.add({});
  row("micro average", metrics.micro, support);
  row("macro average", metrics.macro, support);
  row("weighted average", metrics.weighted, support);
  return table.str();
}

// A colour for a cell by its share of the row: green on the diagonal, red elsewhere.
std::string heat(std::uint64_t count, std::uint64_t row, bool diagonal) {
  constexpr std::array<int, 5> kGreens = {22, 28, 34, 40, 46};
  constexpr std::array<int, 5> kReds = {52, 88, 124, 160, 196};
  if (count == 0 || row == 0) return {};
  const std::size_t level = std::min<std::size_t>(count * 5 / row, 4);
  const int background = (diagonal ? kGreens : kReds)[level];
  return fmt::format("\x1B[48;5;{};38;5;{}m", background, diagonal && level > 2 ? 16 : 231);
}

std::vector<std::vector<std::uint64_t>> matrix(const Metrics& metrics) {
  const std::size_t size = metrics.classes.size();
  std::vector<std::vector<std::uint64_t>> rows(size, std::vector<std::uint64_t>(size, 0));
  for (const Confusion& cell : metrics.confusion) rows[cell.truth][cell.predicted] = cell.count;
  return rows;
}

std::string confusion_matrix(const Metrics& metrics, bool colour) {
  TextTable table;
  std::vector<TextTable::Cell> heading{""};
  for (const ClassMetrics& one : metrics.classes) {
    heading.emplace_back(shortened(one.name, kHeadingWidth));
  }
  table.add(std::move(heading));
  const auto rows = matrix(metrics);
  for (std::size_t truth = 0; truth < rows.size(); ++truth) {
    const ClassMetrics& one = metrics.classes[truth];
    std::vector<TextTable::Cell> row{shortened(one.name, kNameWidth)};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint64_t count = rows[truth][i];
      row.emplace_back(std::to_string(count),
                       colour ? heat(count, one.support, i == truth) : std::string());
    }
    table.add(std::move(row));
  }
  return "confusion matrix (rows: truth; columns: predicted)\n" + table.str();
}

std::string frequent_confusions(const Metrics& metrics) {
  std::vector<Confusion> mistakes;
  for (const Confusion& cell : metrics.confusion) {
    if (cell.truth != cell.predicted) mistakes.push_back(cell);
  }
  if (mistakes.empty()) return {};
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  mistakes.resize(std::min(mistakes.size(), kConfusionsNamed));
  TextTable table;
  table.add({"truth", "predicted", "count"});
  for (const Confusion& cell : mistakes) {
    table.add({shortened(metrics.classes[cell.truth].name, kNameWidth),
               shortened(metrics.classes[cell.predicted].name, kNameWidth),
               std::to_string(cell.count)});
  }
  return "most frequent confusions\n" + table.str();
}

Json json_of(const Scores& scores) {
  return {{"precision", scores.precision}, {"recall", scores.recall}, {"f1", scores.f1}};
}

// The whole matrix; for many classes, its cells that are not 0: [truth, predicted, count].
Json confusion_of(const Metrics& metrics, Json labels) {
  if (metrics.classes.size() <= kMatrixInJson) {
    return {{"labels", std::move(labels)}, {"matrix", matrix(metrics)}};
  }
  Json cells = Json::array();
  for (const Confusion& cell : metrics.confusion) {
    cells.push_back(Json::array({cell.truth, cell.predicted, cell.count}));
  }
  return {{"labels", std::move(labels)}, {"cells", std::move(cells)}};
}

Json calibration_of(const std::vector<ReliabilityBin>& reliability) {
  Json bins = Json::array();
  for (const ReliabilityBin& bin : reliability) {
    bins.push_back({{"count", bin.count}, {"confidence", bin.confidence}, {"right", bin.accuracy}});
  }
  return {{"error", expected_calibration_error(reliability)}, {"bins", std::move(bins)}};
}

// The areas under a label's curves, and their means.
class Areas {
 public:
  explicit Areas(const Probabilities& probabilities) : probabilities_(probabilities) {}

  void add_to(Json& entry, std::size_t label) {
    const auto& followed = probabilities_.followed();
    const auto at = std::ranges::find(followed, label);
    if (at == followed.end()) return;
    const ScoreCurve curve = probabilities_.curve(static_cast<std::size_t>(at - followed.begin()));
    roc_auc_.add_to(entry, "roc_auc", roc_auc(curve));
    precision_.add_to(entry, "average_precision",
                      curve.positives > 0 ? std::optional(average_precision(curve)) : std::nullopt);
  }
  void add_means(Json& object) const {
    roc_auc_.add_mean_to(object, "roc_auc");
    precision_.add_mean_to(object, "average_precision");
  }

 private:
  struct Mean {
    double sum = 0;
    std::size_t count = 0;

    void add_to(Json& entry, const char* name, std::optional<double> area) {
      if (!area) return;
      entry[name] = *area;
      sum += *area;
      ++count;
    }
    void add_mean_to(Json& object, const char* name) const {
      if (count > 0) object[name] = sum / static_cast<double>(count);
    }
  };
  const Probabilities& probabilities_;
  Mean roc_auc_, precision_;
};

}  // namespace

std::string to_text(const Metrics& metrics, bool colour) {
  std::string out = fmt::format("examples {}   ", metrics.examples);
  if (metrics.multi_label) {
    out += fmt::format(
        "subset accuracy {:.4f}   micro F1 {:.4f}   macro F1 {:.4f}   "
        "Hamming loss {:.4f}\n\n",
        metrics.accuracy, metrics.micro.f1, metrics.macro.f1, metrics.hamming_loss);
  } else {
    out += fmt::format("accuracy {:.4f}   macro F1 {:.4f}   weighted F1 {:.4f}\n\n",
                       metrics.accuracy, metrics.macro.f1, metrics.weighted.f1);
  }
  out += class_table(metrics);
  if (metrics.multi_label) return out;
  const std::string confusion = metrics.classes.size() <= kMatrixInText
                                    ? confusion_matrix(metrics, colour)
                                    : frequent_confusions(metrics);
  return confusion.empty() ? out : out + "\n" + confusion;
}

std::string to_text(const TopLabels& top) {
  return fmt::format(
      "of the {}: precision {}, recall {}\n",
      top.k() == 1 ? "most probable label" : fmt::format("{} most probable labels", top.k()),
      rounded(top.precision()), rounded(top.recall()));
}

std::string to_json(const Evaluation& evaluation, const Probabilities& probabilities,
                    const std::optional<TopLabels>& top) {
  const Metrics& metrics = evaluation.metrics;
  Json object = {{"examples", metrics.examples}};
  if (evaluation.loss) object["loss"] = *evaluation.loss;
  object["accuracy"] = metrics.accuracy;
  if (metrics.multi_label) {
    object["threshold"] = evaluation.threshold;
    object["subset_accuracy"] = metrics.accuracy;
    object["hamming_loss"] = metrics.hamming_loss;
  }
  if (top) {
    object["top"] = {{"k", top->k()}, {"precision", top->precision()}, {"recall", top->recall()}};
  }
  object["micro_f1"] = metrics.micro.f1;
  object["macro_f1"] = metrics.macro.f1;
  object["weighted_f1"] = metrics.weighted.f1;
  object["micro"] = json_of(metrics.micro);
  object["macro"] = json_of(metrics.macro);
  object["weighted"] = json_of(metrics.weighted);
  Json labels = Json::array();
  Json unknown = Json::array();
  Json classes = Json::array();
  Areas areas(probabilities);
  for (const ClassMetrics& one : metrics.classes) {
    labels.push_back(one.name);
    if (!one.known) unknown.push_back(one.name);
    Json entry = {{"label", one.name}};
    entry.update(json_of(one));
    entry["support"] = one.support;
    entry["predicted"] = one.predicted;
    areas.add_to(entry, classes.size());
    classes.push_back(std::move(entry));
  }
  areas.add_means(object);
  object["calibration"] = calibration_of(probabilities.reliability());
  object["classes"] = std::move(classes);
  if (!unknown.empty()) object["unknown_labels"] = std::move(unknown);
  if (!metrics.multi_label) object["confusion"] = confusion_of(metrics, std::move(labels));
  return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weft
