// The part of a session that its siblings share, for the files that define a session.
#pragma once

#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/plan/program_interface.h"
#include "runtime/executor.h"
#include "runtime/plan_encoder.h"
#include "runtime/resources/memory.h"
#include "runtime/session.h"

namespace weft {

// The states that program @load makes of the params: no file need hold them.
inline std::vector<PlanTensor> computed_states(const Plan& plan) {
  std::vector<PlanTensor> computed;
  const Graph* load = plan.program(programs::kLoad);
  if (load == nullptr) return computed;
  std::set<std::string_view> stored;
  for (const PlanTensor& tensor : plan.tensors) stored.insert(tensor.name);
  for (const Write& write : load->writes) {
    const Value& state = (*load)[write.target];
    if (!stored.contains(state.name)) {
      computed.push_back({state.name, state.type, state.role, {}});
    }
  }
  return computed;
}

struct Session::Model {
  Plan plan;
  std::unique_ptr<const Encoder> encoder;
  Memory memory;
  // Programs that a plan may have: @flush completes what training has put off, @load makes the
  // tables that predicting reads.
  std::unique_ptr<Executor> flush, load;
  bool bound = false;

  Model(Plan p, bool train)
      : plan(std::move(p)), encoder(plan_encoder(plan)), memory(memory_of(plan, train)) {
    if (train) plan.tensors.assign(memory.tensors().begin(), memory.tensors().end());
  }

  // To train, a copy of the tensors, which the plan gives away.
  static Memory memory_of(Plan& plan, bool train) {
    const std::vector<PlanTensor> computed = computed_states(plan);
    if (!train) return {plan.tensors, Access::shared, computed};
    return {std::exchange(plan.tensors, {}), Access::owned, computed};
  }

  void bind(bool train, int threads) {
    bound = true;
    const Graph* completing = train ? plan.program(programs::kFlush) : nullptr;
    if (completing != nullptr) {
      flush = std::make_unique<Executor>(*completing, memory, threads);
      flush->defer_rows();  // an answer between two steps needs a few rows only
      flush->run({});
    }
    if (const Graph* graph = plan.program(programs::kLoad)) {
      load = std::make_unique<Executor>(*graph, memory, threads);
      load->defer_rows();  // few texts have few words: the first label need not wait for all
      load->run({});
    }
  }
};

}  // namespace weft
