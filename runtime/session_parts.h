// The parts of a session, for the files that define it: the model that siblings share, and a bound
// program with the texts put into it.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/plan/program_interface.h"
#include "runtime/executor.h"
#include "runtime/id_rows.h"
#include "runtime/resources/memory.h"
#include "runtime/session.h"
#include "runtime/text/tokenizers.h"

namespace weft {

namespace internal {

inline std::int64_t capacity_of(const Graph& graph, std::string_view symbol) {
  const Symbol* found = graph.find_symbol(symbol);
  if (found == nullptr) {
    throw Error(fmt::format("program @{} has no symbol {}", graph.name, symbol),
                "the plan is inconsistent: compile it again");
  }
  return found->capacity;
}

// A program that reads a row for each text has no tokens: who makes the rows counts them.
inline std::int64_t token_capacity(const Graph& graph, const Plan& plan) {
  const bool counts = graph.find_symbol(programs::kTokens) != nullptr;
  const Graph* const encode = plan.program(programs::kEncode);
  return capacity_of(counts || encode == nullptr ? graph : *encode, programs::kTokens);
}

// The states that program @load makes of the params: no file need hold them.
inline std::vector<PlanTensor> computed_states(const Plan& plan) {
  std::vector<PlanTensor> computed;
  const Graph* load = plan.program(programs::kLoad);
  if (load == nullptr) return computed;
  for (const Write& write : load->writes) {
    const Value& state = (*load)[write.target];
    if (plan.tensor(state.name) == nullptr) {
      computed.push_back({state.name, state.type, state.role, {}});
    }
  }
  return computed;
}

}  // namespace internal

// The part of a session that its siblings share.
struct Session::Model {
  Plan plan;
  std::unique_ptr<const Encoder> encoder;
  Memory memory;
  // Programs that a plan may have: @flush completes what training has put off, @load makes the
  // tables that predicting reads.
  std::unique_ptr<Executor> flush, load;
  bool bound = false;

  Model(Plan p, bool train)
      : plan(std::move(p)),
        encoder(make_encoder(plan.text, plan.vocabulary)),
        memory(plan.tensors, train ? Access::owned : Access::shared,
               internal::computed_states(plan)) {
    for (const Graph& program : plan.programs) {
      expect_row_for_each_id(program, encoder->id_count());
    }
    // What has been copied need not be kept: as much again as the weights and their optimizer's
    // states.
    if (train) plan.tensors.assign(memory.tensors().begin(), memory.tensors().end());
  }

  void bind(bool train, int threads) {
    bound = true;
    if (const Graph* graph = plan.program(programs::kLoad)) {
      load = std::make_unique<Executor>(*graph, memory, threads);
      load->defer_rows();  // few texts have few words: the first label need not wait for all
      load->run({});
    }
    const Graph* graph = train ? plan.program(programs::kFlush) : nullptr;
    if (graph != nullptr) flush = std::make_unique<Executor>(*graph, memory, threads);
  }
};

// A bound program and the texts put into its inputs so far.
struct Session::Program {
  Executor executor;
  Capacity capacity;
  // Each empty where the program does not read it.
  std::span<std::int32_t> ids, offsets;
  std::span<float> rows;
  std::int64_t examples = 0, tokens = 0;

  Program(const Graph& graph, Model& model, int threads)
      : executor(graph, model.memory, threads),
        capacity{internal::capacity_of(graph, programs::kTexts),
                 internal::token_capacity(graph, model.plan)} {
    if (has_input(graph, programs::kIds)) ids = executor.input_i32(programs::kIds);
    if (has_input(graph, programs::kOffsets)) offsets = executor.input_i32(programs::kOffsets);
    if (has_input(graph, programs::kRows)) rows = executor.input_f32(programs::kRows);
  }

  bool fits(std::size_t length) const {
    return examples < capacity.examples &&
           static_cast<std::int64_t>(length) <= capacity.tokens - tokens;
  }
  void add(std::span<const std::int32_t> text) {
    if (!ids.empty()) std::copy(text.begin(), text.end(), ids.begin() + tokens);
    begin_text();
    tokens += static_cast<std::int64_t>(text.size());
    ++examples;
  }
  // Error where one text is more than the program takes.
  void add_checked(std::span<const std::int32_t> text) {
    if (!fits(text.size())) {
      throw Error(fmt::format("a text of {} words is above the capacity of program @{}, {} words",
                              text.size(), executor.graph().name, capacity.tokens),
                  "shorten it, or compile the model with a larger max_tokens=");
    }
    add(text);
  }
  void run() {
    begin_text();  // one after the last
    executor.run({{programs::kTexts, examples}, {programs::kTokens, tokens}});
  }
  void clear() { examples = tokens = 0; }

 private:
  void begin_text() {
    if (offsets.empty()) return;
    offsets[static_cast<std::size_t>(examples)] = static_cast<std::int32_t>(tokens);
  }
};

}  // namespace weft
