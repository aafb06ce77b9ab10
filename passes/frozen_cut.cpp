// Finds the latest values that only the texts and frozen params decide.
#include "passes/frozen_cut.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/op.h"
#include "ir/plan/program_interface.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

// In the time in which a disk gives one number, a core does about so many operations.
constexpr double kFlopsPerNumber = 200;

class Cut {
 public:
  explicit Cut(const Graph& graph) : graph_(graph), uses_(graph), frozen_(frozen_values(graph)) {
    for (const Node& node : graph_.nodes) {
      early_.push_back(std::ranges::all_of(
          node.outputs, [&](ValueId id) { return frozen_[index(id)] && !uses_.kept(id); }));
    }
    // Moving one node behind the cut may make another worth moving.
    while (move_one()) {
    }
  }

  // Computed before the cut, read behind it.
  std::vector<ValueId> values() const {
    std::vector<ValueId> values;
    for (std::size_t i = 0; i < early_.size(); ++i) {
      for (const ValueId id : graph_.nodes[i].outputs) {
        if (early_[i] && read_late(id)) values.push_back(id);
      }
    }
    return values;
  }

  // Of the nodes that `values` need.
  double flops_of(const std::vector<ValueId>& values) const {
    std::vector<bool> needed(graph_.values.size(), false);
    for (const ValueId id : values) needed[index(id)] = true;
    double flops = 0;
    for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
      if (std::ranges::none_of(node->outputs, [&](ValueId id) { return needed[index(id)]; })) {
        continue;
      }
      flops += flops_at_capacity(graph_, *node);
      for (const ValueId id : node->inputs) {
        if (id != kNoValue) needed[index(id)] = true;
      }
    }
    return flops;
  }

 private:
  // By value: made of texts, frozen params and constants alone.
  static std::vector<bool> frozen_values(const Graph& graph) {
    std::vector<bool> frozen(graph.values.size(), false);
    for (std::size_t i = 0; i < frozen.size(); ++i) {
      const Value& value = graph.values[i];
      const bool text = value.name == programs::kIds || value.name == programs::kOffsets ||
                        value.name == programs::kTypes;
      frozen[i] =
          (value.role == Role::input && text) || (value.role == Role::param && is_frozen(value));
    }
    for (const Node& node : graph.nodes) {
      const bool all = std::ranges::all_of(
          node.inputs, [&](ValueId id) { return id == kNoValue || frozen[index(id)]; });
      for (const ValueId id : node.outputs) frozen[index(id)] = all;
    }
    return frozen;
  }

  bool read_late(ValueId id) const {
    return std::ranges::any_of(uses_.readers(id), [&](std::size_t i) { return !early_[i]; });
  }

  // A row for each token, or for each text.
  bool may_be_stored(ValueId id) const {
    const TensorType& type = graph_[id].type;
    return type.dtype == DType::f32 && type.shape.size() == 2 &&
           (type.shape[0] == Dim(std::string(programs::kTokens)) ||
            type.shape[0] == Dim(std::string(programs::kTexts))) &&
           type.shape[1].is_static();
  }

  // A node whose results would have to be stored, but cannot be or need not be: it is little work,
  // and its operands are at hand behind the cut anyway.
  bool belongs_late(const Node& node) const {
    if (std::ranges::none_of(node.outputs, [&](ValueId id) { return read_late(id); })) return false;
    double numbers = 0;
    for (const ValueId id : node.outputs) {
      if (!read_late(id)) continue;
      if (!may_be_stored(id)) return true;
      numbers += static_cast<double>(capacity_elements(graph_, graph_[id].type));
    }
    return flops_at_capacity(graph_, node) < kFlopsPerNumber * numbers &&
           std::ranges::all_of(node.inputs, [&](ValueId id) { return at_hand(id); });
  }

  bool given(ValueId id) const { return id == kNoValue || graph_[id].role != Role::computed; }

  // Read behind the cut in any case, or only looked up.
  bool at_hand(ValueId id) const {
    if (given(id) || read_late(id)) return true;
    const Node& node = *uses_.producer(id);
    return flops_at_capacity(graph_, node) == 0 &&
           std::ranges::all_of(node.inputs, [&](ValueId operand) { return given(operand); });
  }

  bool move_one() {
    for (std::size_t i = early_.size(); i-- > 0;) {
      if (!early_[i] || !belongs_late(graph_.nodes[i])) continue;
      early_[i] = false;
      return true;
    }
    return false;
  }

  const Graph& graph_;
  Uses uses_;
  std::vector<bool> frozen_;  // by value
  std::vector<bool> early_;   // by node
};

}  // namespace

std::optional<FrozenCut> find_frozen_cut(const Graph& forward, const PassContext& context) {
  if (!trains(forward)) return std::nullopt;
  const Cut found(forward);
  FrozenCut cut{found.values()};
  if (cut.rows.empty()) return std::nullopt;
  const auto decline = [&](const std::string& why) {
    context.note(
        fmt::format("split-frozen: not applied to %{}: {}", forward[cut.rows.front()].name, why));
    return std::nullopt;
  };
  if (has_input(forward, programs::kWindows)) return decline("texts are read by windows");
  double numbers = 0;
  for (const ValueId id : cut.rows) {
    const TensorType& type = forward[id].type;
    if (type.shape[0] != forward[cut.rows.front()].type.shape[0]) {
      return decline("the head reads rows of texts and rows of tokens");
    }
    cut.width += type.shape[1].value;
    numbers += static_cast<double>(capacity_elements(forward, type));
  }
  const double flops = found.flops_of(cut.rows);
  if (flops < kFlopsPerNumber * numbers) {
    return decline(fmt::format("{:.0f} operations a number are less work than reading it",
                               flops / std::max(numbers, 1.0)));
  }
  return cut;
}

Graph without_rows_by_name(const Graph& forward) {
  Graph renamed = forward;
  if (const auto other = renamed.find(programs::kRows)) {
    renamed.rename(*other, renamed.unique_name(fmt::format("{}.model", programs::kRows)));
  }
  return renamed;
}

}  // namespace weft
