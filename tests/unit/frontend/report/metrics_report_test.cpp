// Metrics rendered: the JSON says what the struct does, the text is aligned.
#include "frontend/report/metrics_report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace weft {
namespace {

using Numbers = std::vector<std::uint32_t>;

// Without predictions.
std::string json_of(const Metrics& metrics) {
  const Dataset none{LabelSpace({})};
  return to_json({metrics, 0.5, std::nullopt}, Probabilities(none, metrics.multi_label, {}));
}

TEST_CASE("metrics report: JSON") {
  LabelSpace space({"neg", "pos"});
  space.names.emplace_back("odd");
  const Metrics metrics = evaluate(space, Numbers{0, 0, 1, 2}, Numbers{0, 1, 1, 1});
  const auto json = nlohmann::json::parse(json_of(metrics));
  CHECK(json["examples"] == 4);
  CHECK(json["accuracy"] == 0.5);
  CHECK(json["macro_f1"] == metrics.macro.f1);
  CHECK(json["weighted_f1"] == metrics.weighted.f1);
  CHECK(json["micro"]["recall"] == 0.5);
  REQUIRE(json["classes"].size() == 3);
  CHECK(json["classes"][1]["label"] == "pos");
  CHECK(json["classes"][1]["precision"] == metrics.classes[1].precision);
  CHECK(json["classes"][1]["support"] == 1);
  CHECK(json["classes"][1]["predicted"] == 3);
  CHECK(json["unknown_labels"] == nlohmann::json{"odd"});
  CHECK(json["confusion"]["labels"] == nlohmann::json{"neg", "pos", "odd"});
  CHECK(json["confusion"]["matrix"] == nlohmann::json({{1, 1, 0}, {0, 1, 0}, {0, 1, 0}}));
  CHECK_FALSE(json.contains("hamming_loss"));
}

TEST_CASE("metrics report: JSON of several labels each") {
  const LabelSpace space({"a", "b"});
  LabelSets truth;
  truth.add(Numbers{0, 1});
  LabelSets predicted;
  predicted.add(Numbers{0});
  const auto json = nlohmann::json::parse(json_of(evaluate(space, truth, predicted)));
  CHECK(json["subset_accuracy"] == 0);
  CHECK(json["hamming_loss"] == 0.5);
  CHECK_FALSE(json.contains("confusion"));
  CHECK_FALSE(json.contains("unknown_labels"));
}

TEST_CASE("metrics report: text") {
  const LabelSpace space({"\u8D1F\u9762", "pos"});
  const Metrics metrics = evaluate(space, Numbers{0, 0, 1, 1}, Numbers{0, 1, 1, 1});
  CHECK(to_text(metrics) ==
        "examples 4   accuracy 0.7500   macro F1 0.7333   weighted F1 0.7333\n"
        "\n"
        "class             precision  recall      F1  support\n"
        "\u8D1F\u9762                 1.0000  0.5000  0.6667        2\n"
        "pos                  0.6667  1.0000  0.8000        2\n"
        "\n"
        "micro average        0.7500  0.7500  0.7500        4\n"
        "macro average        0.8333  0.7500  0.7333        4\n"
        "weighted average     0.8333  0.7500  0.7333        4\n"
        "\n"
        "confusion matrix (rows: truth; columns: predicted)\n"
        "      \u8D1F\u9762  pos\n"
        "\u8D1F\u9762     1    1\n"
        "pos      0    2\n");
  const std::string coloured = to_text(metrics, true);
  CHECK(coloured.find("\x1B[48;5;") != std::string::npos);
  CHECK(to_text(metrics).find('\x1B') == std::string::npos);
}

TEST_CASE("metrics report: with many classes, the most frequent confusions") {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("c" + std::to_string(i));
  const LabelSpace space(names);
  const Metrics metrics = evaluate(space, Numbers{5, 5, 7, 8}, Numbers{6, 6, 8, 8});
  const std::string text = to_text(metrics);
  CHECK(text.find("truth  predicted  count\nc5            c6      2\nc7            c8      1\n") !=
        std::string::npos);
  const auto confusion = nlohmann::json::parse(json_of(metrics))["confusion"];
  CHECK(confusion["labels"].size() == 1000);
  CHECK(confusion["cells"] == nlohmann::json({{5, 6, 2}, {7, 8, 1}, {8, 8, 1}}));
  // The table has the most frequent of them, and says so.
  CHECK(std::ranges::count(text, '\n') < 70);
  for (const char* there : {"\nc5  ", "\nc7  ", "\nc8  ", "\n(960 others: --json)\n"}) {
    CHECK_MESSAGE(text.find(there) != std::string::npos, text);
  }
  CHECK(text.find("\nc900 ") == std::string::npos);
}

}  // namespace
}  // namespace weft
