// The table of programs and their inputs and results, and the check of a program against it.
#include "ir/plan/program_interface.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft {
namespace {

using namespace programs;

constexpr std::string_view kWidth = "K";

// Offsets that cut so many `rows` into `sequences`.
TensorType offsets_type(std::string_view sequences, std::string_view rows) {
  return {DType::i32, {Dim(std::string(sequences), 1)}, std::string(rows)};
}

std::vector<ProgramInterface> make_interfaces() {
  const Dim texts{std::string(kTexts)};
  const Dim tokens{std::string(kTokens)};
  const TensorType number{DType::f32, {}, {}};
  const TensorType one_per_text{DType::i32, {texts}, {}};
  const TensorType row_per_text{DType::f32, {texts, Dim(std::string(kWidth))}, {}};
  const TensorType one_per_token{DType::i32, {tokens}, {}};
  const ProgramPort ids{kIds, one_per_token};
  const ProgramPort offsets{kOffsets, offsets_type(kTexts, kTokens)};
  const ProgramPort windows{kWindows, offsets_type(kTexts, kWindowCount), Presence::optional};
  const ProgramPort types{kTypes, one_per_token, Presence::optional};
  const ProgramPort rows{kRows, {DType::f32, {tokens, Dim(1)}, {}}, Presence::optional};
  const auto unless_rows = [](ProgramPort port) {
    port.presence = Presence::unless_rows;
    return port;
  };
  return {
      {kPredict,
       {ids, offsets, windows, types},
       {{kLogits, row_per_text}, {kProbabilities, row_per_text}}},
      {kTrain,
       {unless_rows(ids),
        unless_rows(offsets),
        windows,
        types,
        rows,
        {kRate, number},
        {kLabels, one_per_text, Presence::one_of},  // each text has one label
        {kTargets, row_per_text, Presence::one_of}},
       {{kLoss, number}},
       true},
      {kLoad, {}, {}, true},
      {kFlush, {}, {}, true},
      {kEncode, {ids, offsets, types}, {rows}},
      {kHead,
       {unless_rows(ids), unless_rows(offsets), types, rows},
       {{kLogits, row_per_text}, {kProbabilities, row_per_text}}},
  };
}

// The type of an input or a result of this graph.
TensorType type_in(const Graph& graph, const ProgramPort& port, std::int64_t width) {
  if (port.name == kOffsets && has_input(graph, kWindows)) {
    return offsets_type(kWindowCount, kTokens);
  }
  TensorType type = port.type;
  for (Dim& dim : type.shape) {
    if (dim.symbol == kWidth) dim = Dim(width);
  }
  return type;
}

[[noreturn]] void fail(const Graph& graph, const std::string& rule) {
  throw Error(fmt::format("program @{}: {}", graph.name, rule), "compile or train the model again");
}

bool are_rows(const TensorType& type) {
  return type.dtype == DType::f32 && type.shape.size() == 2 &&
         (type.shape[0] == Dim(std::string(kTokens)) ||
          type.shape[0] == Dim(std::string(kTexts))) &&
         type.shape[1].is_static() && type.shape[1].value > 0;
}

void check_type(const Graph& graph, const Value& value, const TensorType& type) {
  if (value.name == kRows ? are_rows(value.type) : value.type == type) return;
  if (value.name == kRows) {
    fail(graph, fmt::format("%{} is {}, but must be f32[{}, n] or f32[{}, n]", kRows,
                            to_string(value.type), kTokens, kTexts));
  }
  fail(graph, fmt::format("%{} is {}, but must be {}", value.name, to_string(value.type),
                          to_string(type)));
}

// The inputs that this program must have: of inputs that exclude each other, the one that it has,
// or else the last.
std::vector<const ProgramPort*> expected_inputs(const ProgramInterface& interface,
                                                const Graph& graph) {
  std::vector<const ProgramPort*> inputs;
  const ProgramPort* chosen = nullptr;
  const bool rows = has_input(graph, kRows);
  for (const ProgramPort& port : interface.inputs) {
    const bool present = has_input(graph, port.name);
    if (port.presence == Presence::one_of) {
      if (chosen == nullptr || !has_input(graph, chosen->name)) chosen = &port;
    } else if (present || port.presence == Presence::required ||
               (port.presence == Presence::unless_rows && !rows)) {
      inputs.push_back(&port);
    }
  }
  if (chosen != nullptr) inputs.push_back(chosen);
  return inputs;
}

void check_result(const Graph& graph, const ProgramPort& port, std::int64_t width) {
  for (const ValueId id : graph.results) {
    if (graph[id].name == port.name) {
      return check_type(graph, graph[id], type_in(graph, port, width));
    }
  }
  fail(graph, fmt::format("it lacks the result %{}", port.name));
}

}  // namespace

std::span<const ProgramInterface> program_interfaces() {
  static const std::vector<ProgramInterface> table = make_interfaces();
  return table;
}

const ProgramInterface* find_program_interface(std::string_view name) {
  const auto table = program_interfaces();
  const auto at = std::ranges::find(table, name, &ProgramInterface::name);
  return at == table.end() ? nullptr : &*at;
}

TensorType input_type(const Graph& graph, std::string_view name, std::int64_t width) {
  for (const ProgramInterface& interface : program_interfaces()) {
    const auto at = std::ranges::find(interface.inputs, name, &ProgramPort::name);
    if (at != interface.inputs.end()) return type_in(graph, *at, width);
  }
  WEFT_CHECK(false && "the table has an input of that name");
  return {};
}

ValueId declare_input(Graph& graph, std::string_view name, std::int64_t width) {
  return graph.declare(Role::input, std::string(name), input_type(graph, name, width));
}

bool has_input(const Graph& graph, std::string_view name) {
  const Value* const found = graph.find_value(name);
  return found != nullptr && found->role == Role::input;
}

void check_interface(const ProgramInterface& interface, const Graph& graph, std::int64_t width) {
  const std::vector<const ProgramPort*> expected = expected_inputs(interface, graph);
  for (const ProgramPort* port : expected) {
    if (!has_input(graph, port->name)) {
      fail(graph, fmt::format("it lacks the input %{}", port->name));
    }
    check_type(graph, *graph.find_value(port->name), type_in(graph, *port, width));
  }
  for (const Value& value : graph.values) {
    if (value.role != Role::input) continue;
    if (std::ranges::find(expected, value.name, &ProgramPort::name) != expected.end()) continue;
    fail(graph, fmt::format("%{} is no input that a program of this name has", value.name));
  }
  if (!interface.writes && !graph.writes.empty()) {
    fail(graph, fmt::format("it writes to %{}, but a program of this name only reads the model",
                            graph[graph.writes[0].target].name));
  }
  const bool windows = has_input(graph, kWindows);
  for (const Symbol& symbol : graph.symbols) {
    const bool given = !expected.empty() && (symbol.name == kTexts || symbol.name == kTokens ||
                                             (symbol.name == kWindowCount && windows));
    if (symbol.derived == given) {
      fail(graph, fmt::format("nobody gives {} its extent", symbol.name));
    }
  }
  for (const ProgramPort& port : interface.results) check_result(graph, port, width);
}

}  // namespace weft
