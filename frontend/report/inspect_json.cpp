// An inspection as a program reads it.
#include <nlohmann/json.hpp>

#include "frontend/report/inspect.h"
#include "ir/op.h"
#include "ir/print.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kWordsShown = 100;

Json tensors(const Plan& plan) {
  Json out = Json::array();
  for (const PlanTensor& tensor : plan.tensors) {
    out.push_back({{"name", tensor.name},
                   {"role", tensor.role == Role::param ? "param" : "state"},
                   {"type", to_string(tensor.type)},
                   {"bytes", tensor.bytes.size()}});
  }
  return out;
}

Json history(const Plan& plan) {
  Json out = Json::array();
  for (const HistoryEntry& entry : plan.history) {
    Json metrics = Json::object();
    for (const auto& [name, value] : entry.metrics) metrics[name] = value;
    if (entry.kept) metrics["kept"] = 1.0;  // among the metrics, where readers have always found it
    out.push_back({{"epoch", entry.epoch},
                   {"step", entry.step},
                   {"rate", entry.learning_rate},
                   {"train_loss", entry.train_loss},
                   {"metrics", std::move(metrics)}});
  }
  return out;
}

Json nodes(const ProgramReport& report) {
  const Graph& graph = *report.graph;
  Json out = Json::array();
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    Json outputs = Json::array();
    for (const ValueId id : node.outputs) {
      outputs.push_back({{"name", graph[id].name}, {"type", to_string(graph[id].type)}});
    }
    out.push_back({{"op", node.op->name},
                   {"outputs", std::move(outputs)},
                   {"flops", report.nodes[i].flops},
                   {"bytes", report.nodes[i].bytes},
                   {"by_reference", report.nodes[i].by_reference},
                   {"line", node.location.line}});
  }
  return out;
}

Json arena(const ProgramReport& report) {
  Json values = Json::array();
  for (const ArenaStay& stay : report.arena) {
    values.push_back({{"name", (*report.graph)[stay.value].name},
                      {"offset", stay.offset},
                      {"bytes", stay.bytes},
                      {"first", stay.first},
                      {"last", stay.last}});
  }
  return {{"bytes", report.graph->arena_bytes},
          {"max_live_bytes", report.bound},
          {"values", std::move(values)}};
}

Json program(const ProgramReport& report) {
  Json symbols = Json::array();
  for (const Symbol& symbol : report.graph->symbols) {
    symbols.push_back({{"name", symbol.name},
                       {"capacity", symbol.capacity},
                       {"derived", symbol.derived},
                       {"cost_at", report.extents.at(symbol.name)}});
  }
  return {{"name", report.graph->name},    {"notes", report.notes},
          {"symbols", std::move(symbols)}, {"flops", report.total.flops},
          {"bytes", report.total.bytes},   {"nodes", nodes(report)},
          {"arena", arena(report)},        {"text", print(*report.graph)}};
}

}  // namespace

std::string to_json(const Inspection& inspection) {
  const Plan& plan = *inspection.plan;
  Json settings = Json::parse(plan.settings, nullptr, /*allow_exceptions=*/false);
  Json notes = Json::array();
  for (const PlanNote& note : plan.notes) {
    if (note.program.empty()) notes.push_back(note.text);
  }
  Json programs = Json::array();
  for (const ProgramReport& report : inspection.programs) programs.push_back(program(report));
  Json text = {{"tokenizer", plan.text.tokenizer},
               {"lowercase", plan.text.lowercase},
               {"nfkc", plan.text.nfkc},
               {"unify_marks", plan.text.unify_marks},
               {"max_tokens", plan.text.max_tokens}};
  if (plan.text.word_ngrams > 1) text["word_ngrams"] = plan.text.word_ngrams;
  if (plan.text.buckets > 0) text["buckets"] = plan.text.buckets;
  if (plan.text.pair) text["pair"] = true;
  if (plan.text.max_windows > 1) {
    text["max_windows"] = plan.text.max_windows;
    text["overlap"] = plan.text.overlap;
  }
  const Json out = {
      {"description", plan.description},
      {"settings", settings.is_discarded() ? Json(plan.settings) : std::move(settings)},
      {"text", std::move(text)},
      {"vocabulary",
       {{"words", plan.vocabulary.ends.size()}, {"first", first_words(plan, kWordsShown)}}},
      {"labels", plan.labels},
      {"task", plan.task == Task::single_label ? "single_label" : "multi_label"},
      {"threshold", plan.threshold},
      {"temperature", plan.temperature},
      {"parameters", inspection.parameters},
      {"parameter_bytes", inspection.parameter_bytes},
      {"state_bytes", inspection.state_bytes},
      {"notes", std::move(notes)},
      {"history", history(plan)},
      {"tensors", tensors(plan)},
      {"programs", std::move(programs)}};
  // Names come out of a file and may be no UTF-8.
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weft
