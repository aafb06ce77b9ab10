// Declares, then appends node by node.
#include "frontend/graph_tests/rebuild.h"

#include <algorithm>
#include <vector>

#include "ir/op.h"
#include "ir/verify.h"

namespace weft {
namespace {

std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }

class Rebuilder {
 public:
  Rebuilder(const Graph& from, bool keep_all)
      : from_(from),
        needed_(from.values.size(), keep_all),
        made_(from.values.size()),
        image_(from.values.size(), kNoValue) {
    for (const Node& node : from_.nodes) {
      for (const ValueId id : node.outputs) made_[at(id)] = true;
    }
    for (const ValueId id : from_.results) needed_[at(id)] = true;
    for (const Write& write : from_.writes) {
      needed_[at(write.target)] = needed_[at(write.source)] = true;
    }
    for (std::size_t i = from_.nodes.size(); i-- > 0;) {
      if (!is_needed(from_.nodes[i])) continue;
      for (const ValueId id : from_.nodes[i].inputs) {
        if (id != kNoValue) needed_[at(id)] = true;
      }
    }
  }

  Graph run() && {
    to_.name = from_.name;
    to_.attrs = from_.attrs;
    to_.comments = from_.comments;
    to_.closing_comments = from_.closing_comments;
    for (std::size_t i = 0; i < from_.values.size(); ++i) {
      if (needed_[i] && (from_.values[i].role != Role::computed || !made_[i])) declare(i);
    }
    for (const Node& node : from_.nodes) {
      if (is_needed(node)) append(node);
    }
    for (const ValueId id : from_.results) to_.results.push_back(image_[at(id)]);
    for (const Write& write : from_.writes) {
      to_.writes.push_back({image_[at(write.target)], image_[at(write.source)]});
    }
    return std::move(to_);
  }

 private:
  bool is_needed(const Node& node) const {
    return std::ranges::any_of(node.outputs, [&](ValueId id) { return needed_[at(id)]; });
  }

  void declare_symbol(const std::string& name) {
    const Symbol* symbol = from_.find_symbol(name);
    if (symbol != nullptr) to_.symbol(name, symbol->capacity);
  }

  void declare(std::size_t i) {
    const Value& value = from_.values[i];
    for (const Dim& dim : value.type.shape) {
      if (!dim.is_static()) declare_symbol(dim.symbol);
    }
    if (!value.type.ragged_dim.empty()) declare_symbol(value.type.ragged_dim);
    const Role role = value.role == Role::computed ? Role::input : value.role;
    image_[i] = to_.declare(role, value.name, value.type, value.attrs);
    to_[image_[i]].comments = value.comments;
  }

  void append(const Node& node) {
    std::vector<ValueId> inputs;
    for (const ValueId id : node.inputs) inputs.push_back(id == kNoValue ? id : image_[at(id)]);
    const auto outputs = to_.append(*node.op, std::move(inputs), node.attrs, node.location,
                                    from_[node.outputs[0]].name);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::string& name = from_[node.outputs[i]].name;
      if (!to_.find(name)) to_.rename(outputs[i], name);
      image_[at(node.outputs[i])] = outputs[i];
    }
    to_.nodes.back().comments = node.comments;
  }

  const Graph& from_;
  std::vector<bool> needed_, made_;  // by value: the rest needs it; a node makes it
  std::vector<ValueId> image_;
  Graph to_;
};

}  // namespace

std::optional<Graph> rebuilt(const Graph& edited, bool keep_all) {
  try {
    Graph graph = Rebuilder(edited, keep_all).run();
    verify(graph);
    return graph;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace weft
