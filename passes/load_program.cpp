// Cuts a program in two along the values that are the same in every run.
#include "passes/load_program.h"

#include <algorithm>

#include "ir/op.h"
#include "ir/plan/program_interface.h"
#include "passes/pass.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

const Attrs kComputed = {{"computed", std::string("load")}};

class LoadProgram {
 public:
  explicit LoadProgram(const Graph& predict) : graph_(predict), uses_(predict) {
    const std::vector<bool> constant = constant_values(predict);
    for (const Node& node : graph_.nodes) {
      early_.push_back(!node.inputs.empty() && std::ranges::all_of(node.outputs, [&](ValueId id) {
        return constant[index(id)] && !uses_.kept(id);
      }));
    }
    for (std::size_t i = 0; i < early_.size(); ++i) {
      for (const ValueId id : graph_.nodes[i].outputs) {
        if (early_[i] && read_late(id)) handed_over_.push_back(id);
      }
    }
  }

  LoadSplit split() const {
    if (handed_over_.empty()) return {graph_, std::nullopt};
    PassContext context;
    return {dce(late(), context), dce(early(), context)};
  }

 private:
  bool read_late(ValueId id) const {
    return std::ranges::any_of(uses_.readers(id), [&](std::size_t i) { return !early_[i]; });
  }

  Graph late() const {
    Rewriter out(graph_);
    for (const ValueId id : handed_over_) {
      const ValueId state =
          out.target().declare(Role::state, graph_[id].name, graph_[id].type, kComputed);
      out.forward(id, state);
    }
    for (std::size_t i = 0; i < early_.size(); ++i) {
      if (!early_[i]) out.copy(graph_.nodes[i]);
    }
    return std::move(out).finish();
  }

  Graph early() const {
    Graph bare = graph_;
    bare.results.clear();
    bare.writes.clear();
    Rewriter out(bare);
    for (std::size_t i = 0; i < early_.size(); ++i) {
      if (early_[i] || graph_.nodes[i].inputs.empty()) out.copy(graph_.nodes[i]);
    }
    Graph load = std::move(out).finish();
    load.name = programs::kLoad;
    for (const ValueId id : handed_over_) {
      const std::string& name = graph_[id].name;
      const ValueId computed = *load.find(name);
      load.rename(computed, load.unique_name(name + ".new"));
      const ValueId state = load.declare(Role::state, name, graph_[id].type, kComputed);
      load.writes.push_back({state, computed});
    }
    return load;
  }

  const Graph& graph_;
  Uses uses_;
  std::vector<bool> early_;           // by node
  std::vector<ValueId> handed_over_;  // computed early, read late
};

}  // namespace

LoadSplit split_load_program(const Graph& predict) { return LoadProgram(predict).split(); }

}  // namespace weft
