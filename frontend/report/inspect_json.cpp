// An inspection as a program reads it.
#include <nlohmann/json.hpp>

#include "frontend/report/inspect.h"
#include "frontend/train/plan_settings.h"
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

Json attributes(const Attrs& attrs) {
  Json out = Json::object();
  for (const auto& [name, value] : attrs) {
    std::visit([&, &key = name](const auto& v) { out[key] = v; }, value);
  }
  return out;
}

// The place of a value while the program runs; null: it has none of its own, as params have none.
Json memory(const Graph& graph, const Value& value) {
  if (!value.storage) return nullptr;
  const auto& [kind, base, offset] = *value.storage;
  const std::int64_t bytes = capacity_bytes(graph, value.type);
  switch (kind) {
    case Storage::Kind::arena:
      return {{"in", "arena"}, {"offset", offset}, {"bytes", bytes}};
    case Storage::Kind::persistent:
      return {{"in", "tensor"}, {"base", graph[base].name}, {"bytes", bytes}};
    case Storage::Kind::columns:
      return {{"in", "columns"},
              {"base", graph[base].name},
              {"first_column", offset},
              {"bytes", bytes}};
  }
  return nullptr;
}

// Extents: numbers, or names of symbols with what is added to them: ["B+1"], ["T", 300].
Json shape(const TensorType& type) {
  Json out = Json::array();
  for (const Dim& dim : type.shape) {
    out.push_back(dim.is_static() ? Json(dim.value) : Json(to_string(dim)));
  }
  return out;
}

Json value_of(const Graph& graph, const Value& value) {
  return {{"name", value.name},
          {"type", to_string(value.type)},
          {"dtype", to_string(value.type.dtype)},
          {"shape", shape(value.type)},
          {"memory", memory(graph, value)}};
}

// Inputs, params and states, in their order.
Json declarations(const Graph& graph) {
  Json out = Json::array();
  for (const Value& value : graph.values) {
    if (value.role == Role::computed) continue;
    Json one = value_of(graph, value);
    one["role"] = value.role == Role::input   ? "input"
                  : value.role == Role::param ? "param"
                                              : "state";
    one["attributes"] = attributes(value.attrs);
    out.push_back(std::move(one));
  }
  return out;
}

// Names; null for an optional operand that is left out.
Json names_of(const Graph& graph, const std::vector<ValueId>& ids) {
  Json out = Json::array();
  for (const ValueId id : ids) {
    out.push_back(id == kNoValue ? Json(nullptr) : Json(graph[id].name));
  }
  return out;
}

Json writes(const Graph& graph) {
  Json out = Json::array();
  for (const Write& write : graph.writes) {
    out.push_back({{"target", graph[write.target].name}, {"source", graph[write.source].name}});
  }
  return out;
}

Json nodes(const ProgramReport& report) {
  const Graph& graph = *report.graph;
  Json out = Json::array();
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    Json outputs = Json::array();
    for (const ValueId id : node.outputs) outputs.push_back(value_of(graph, graph[id]));
    out.push_back({{"op", node.op->name},
                   {"inputs", names_of(graph, node.inputs)},
                   {"attributes", attributes(node.attrs)},
                   {"outputs", std::move(outputs)},
                   {"flops", report.nodes[i].flops},
                   {"bytes", report.nodes[i].bytes},
                   {"by_reference", report.nodes[i].by_reference},
                   {"line", node.location.line},
                   {"column", node.location.column}});
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
  const Graph& graph = *report.graph;
  return {{"name", graph.name},
          {"attributes", attributes(graph.attrs)},
          {"notes", report.notes},
          {"symbols", std::move(symbols)},
          {"flops", report.total.flops},
          {"bytes", report.total.bytes},
          {"declarations", declarations(graph)},
          {"nodes", nodes(report)},
          {"results", names_of(graph, graph.results)},
          {"writes", writes(graph)},
          {"arena", arena(report)},
          {"text", print(graph)}};
}

}  // namespace

std::string to_json(const Inspection& inspection) {
  const Plan& plan = *inspection.plan;
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
      {"settings", parsed_settings(plan)},
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
