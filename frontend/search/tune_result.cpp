// Ranking, JSON and the table of trials.
#include "frontend/search/tune_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>

#include "frontend/format/table.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

Attr attr_of(const nlohmann::json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  return value.get<std::string>();
}

}  // namespace

void average_scores(TuneResult& mean, const std::vector<TuneResult>& results) {
  for (double TuneResult::*score :
       {&TuneResult::score, &TuneResult::accuracy, &TuneResult::macro_f1, &TuneResult::loss}) {
    double sum = 0;
    for (const TuneResult& result : results) sum += result.*score;
    mean.*score = sum / static_cast<double>(results.size());
  }
}

TuneResult mean_of_splits(const std::vector<TuneResult>& results) {
  const auto averaged = [](const TuneResult& r) { return r.averaged > 0; };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(results, averaged));
  const bool most = 2 * count > results.size();
  TuneResult mean = *std::ranges::find(results, most, averaged);
  average_scores(mean, results);
  // Of the splits that chose alike, as epochs of the others mean something else.
  double ended = 0, best_epoch = 0;
  for (const TuneResult& result : results) {
    if (averaged(result) != most) continue;
    ended += static_cast<double>(result.ended);
    best_epoch += static_cast<double>(result.best_epoch);
  }
  const auto alike = static_cast<double>(most ? count : results.size() - count);
  mean.ended = std::llround(ended / alike);
  mean.best_epoch = std::llround(best_epoch / alike);
  return mean;
}

bool is_better(const TuneResult& a, const TuneResult& b) {
  if (a.failure.empty() != b.failure.empty()) return a.failure.empty();
  const bool a_final = a.step == kTuneSteps, b_final = b.step == kTuneSteps;
  if (a_final != b_final) return a_final;
  if (a.score != b.score) return a.score > b.score;
  if (a.step != b.step) return a.step > b.step;
  return a.trial < b.trial;
}

void rank_results(std::vector<TuneResult>& results) { std::ranges::sort(results, is_better); }

bool was_trained_fully(const std::vector<TuneResult>& results, std::int64_t trial) {
  return std::ranges::any_of(results, [&](const TuneResult& r) {
    return r.trial == trial && r.step >= kTuneSteps - 1 && r.failure.empty();
  });
}

std::string to_json(const TuneResult& r) {
  nlohmann::ordered_json json{{"trial", r.trial}};
  if (!r.starter.empty()) json["starter"] = r.starter;
  json.update({{"step", r.step},
               {"epochs", r.epochs},
               {"ended", r.ended},
               {"best_epoch", r.best_epoch},
               {"averaged", r.averaged},
               {"score", r.score},
               {"accuracy", r.accuracy},
               {"macro_f1", r.macro_f1},
               {"loss", r.loss},
               {"set", nlohmann::ordered_json::object()}});
  for (const auto& [path, value] : r.values) {
    std::visit([&, &name = path](const auto& v) { json["set"][name] = v; }, value);
  }
  if (!r.failure.empty()) json["failure"] = r.failure;
  return json.dump();
}

TuneResult parse_tune_result(std::string_view text) {
  try {
    const auto json = nlohmann::ordered_json::parse(text);
    TuneResult r;
    r.trial = json.at("trial").get<std::int64_t>();
    r.starter = json.value("starter", "");
    r.step = json.at("step").get<std::int64_t>();
    r.epochs = json.at("epochs").get<std::int64_t>();
    r.ended = json.at("ended").get<std::int64_t>();
    r.best_epoch = json.at("best_epoch").get<std::int64_t>();
    r.averaged = json.at("averaged").get<std::int64_t>();
    r.score = json.at("score").get<double>();
    r.accuracy = json.at("accuracy").get<double>();
    r.macro_f1 = json.at("macro_f1").get<double>();
    r.loss = json.at("loss").get<double>();
    for (const auto& [path, value] : json.at("set").items()) {
      r.values.emplace_back(path, attr_of(value));
    }
    r.failure = json.value("failure", "");
    return r;
  } catch (const nlohmann::json::exception& e) {
    throw Error(fmt::format("not a result of a trial: {}", e.what()));
  }
}

std::string score_text(const TuneResult& r) {
  return !r.failure.empty() ? "failed" : fmt::format("{:.4f}", r.score);
}

std::string tried_text(const TuneResult& r) {
  if (r.starter.empty()) {
    return r.values.empty() ? "the description as it stands" : to_string(r.values);
  }
  return r.values.empty() ? r.starter + " as it stands" : r.starter + ": " + to_string(r.values);
}

std::string leaderboard(const std::vector<TuneResult>& results, std::size_t rows) {
  rows = std::min(rows, results.size());
  TextTable table;
  table.add({"trial", "seeds", "epochs", "best", "score", "accuracy", "macro F1"});
  for (const TuneResult& r : std::span(results).first(rows)) {
    table.add(
        {fmt::format("{}", r.trial), fmt::format("{}", r.step == kTuneSteps ? kTuneSeeds : 1),
         fmt::format("{}", r.epochs),
         r.averaged > 0 ? fmt::format("mean of {}", r.averaged) : fmt::format("{}", r.best_epoch),
         score_text(r), fmt::format("{:.4f}", r.accuracy), fmt::format("{:.4f}", r.macro_f1)});
  }
  // The values come last in a line, because they may be long.
  std::string text;
  std::istringstream lines(table.str());
  std::string line;
  for (std::size_t i = 0; std::getline(lines, line); ++i) {
    text += fmt::format("{}  {}\n", line, i == 0 ? "tried" : tried_text(results[i - 1]));
  }
  for (const TuneResult& r : results) {
    if (r.failure.empty()) continue;
    text += fmt::format("trial {} failed, {}: {}\n", r.trial, tried_text(r), r.failure);
  }
  return text;
}

}  // namespace weft
