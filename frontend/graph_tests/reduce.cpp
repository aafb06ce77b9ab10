// Rounds of edits, each tried on the smallest graph so far, until a round finds nothing.
#include "frontend/graph_tests/reduce.h"

#include <algorithm>
#include <compare>
#include <optional>
#include <set>
#include <utility>

#include "frontend/graph_tests/rebuild.h"
#include "ir/op.h"
#include "ir/print.h"

namespace weft {
namespace {

struct Size {
  std::size_t nodes = 0, parts = 0;  // parts: what is declared, returned and written
  std::int64_t numbers = 0;          // the sum of all extents and capacities
  std::size_t text = 0;

  auto operator<=>(const Size&) const = default;
};

Size size_of(const Graph& graph) {
  Size size{graph.nodes.size(), graph.results.size() + graph.writes.size(), 0, 0};
  for (const Symbol& symbol : graph.symbols) size.numbers += symbol.derived ? 0 : symbol.capacity;
  for (const Value& value : graph.values) {
    size.parts += value.role == Role::computed ? 0 : 1;
    for (const Dim& dim : value.type.shape) size.numbers += dim.value;
  }
  size.text = print(graph).size();
  return size;
}

class Reducer {
 public:
  using Fails = std::function<bool(const std::vector<Graph>&)>;
  using Progress = std::function<bool(const ReduceStep&)>;

  Reducer(std::vector<Graph> programs, const Fails& fails, const Progress& progress)
      : best_(std::move(programs)), fails_(fails), progress_(progress) {}

  std::vector<Graph> run() && {
    drop_programs();
    for (current_ = 0; current_ < best_.size(); ++current_) {
      settle();
      bool smaller = true;
      while (smaller && !stopped_) {
        const Size before = size_of(graph());
        drop_results();
        drop_nodes();
        bypass_nodes();
        drop_operands();
        drop_details();
        shrink();
        smaller = size_of(graph()) < before;
      }
    }
    return std::move(best_);
  }

 private:
  const Graph& graph() const { return best_[current_]; }

  bool fails(const std::vector<Graph>& programs) {
    std::string text;
    for (const Graph& program : programs) text += print(program);
    if (stopped_ || !seen_.insert(std::hash<std::string>()(text)).second) return false;
    const bool failing = fails_(programs);
    std::size_t nodes = 0;
    for (const Graph& program : failing ? programs : best_) nodes += program.nodes.size();
    stopped_ = !progress_({++tried_, nodes});
    return failing;
  }

  // Takes an edit of the present graph, if what it makes is smaller and fails.
  bool take(const Graph& edited) {
    const std::optional<Graph> smaller = rebuilt(edited, keep_all_);
    if (!smaller || !(size_of(*smaller) < size_of(graph()))) return false;
    std::vector<Graph> programs = best_;
    programs[current_] = *smaller;
    if (!fails(programs)) return false;
    best_ = std::move(programs);
    return true;
  }

  void drop_programs() {
    for (std::size_t i = best_.size(); i-- > 0 && best_.size() > 1;) {
      std::vector<Graph> fewer = best_;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      if (fails(fewer)) best_ = std::move(fewer);
    }
  }

  // Without what nobody needs, if it still fails; else that is part of the failure.
  void settle() {
    keep_all_ = false;
    std::vector<Graph> programs = best_;
    const std::optional<Graph> settled = rebuilt(graph());
    if (settled) programs[current_] = *settled;
    keep_all_ = !settled || (print(*settled) != print(graph()) && !fails(programs));
    if (!keep_all_) best_ = std::move(programs);
  }

  void drop_results() {
    for (std::size_t i = graph().results.size(); i-- > 0;) {
      Graph edited = graph();
      edited.results.erase(edited.results.begin() + static_cast<std::ptrdiff_t>(i));
      if (!edited.results.empty() || !edited.writes.empty()) take(edited);
    }
    for (std::size_t i = graph().writes.size(); i-- > 0;) {
      Graph edited = graph();
      edited.writes.erase(edited.writes.begin() + static_cast<std::ptrdiff_t>(i));
      if (!edited.results.empty() || !edited.writes.empty()) take(edited);
    }
  }

  // Blocks of nodes, first half of all, then smaller ones, down to one. Inputs stand for them or,
  // where the failure needs gradients, params.
  void drop_nodes() {
    for (std::size_t block = (graph().nodes.size() + 1) / 2; block > 0; block /= 2) {
      for (std::size_t end = graph().nodes.size(); end > 0;) {
        const std::size_t begin = end > block ? end - block : 0;
        Graph edited = graph();
        edited.nodes.erase(edited.nodes.begin() + static_cast<std::ptrdiff_t>(begin),
                           edited.nodes.begin() + static_cast<std::ptrdiff_t>(end));
        if (!take(edited) && !take(with_params(edited))) take(with_params(without_symbols(edited)));
        end = std::min(begin, graph().nodes.size());
      }
    }
  }

  // Values whose nodes are gone.
  static Graph with_params(Graph edited) {
    std::vector<bool> made(edited.values.size());
    for (const Node& node : edited.nodes) {
      for (const ValueId id : node.outputs) made[static_cast<std::size_t>(id)] = true;
    }
    for (std::size_t i = 0; i < edited.values.size(); ++i) {
      Value& value = edited.values[i];
      const bool orphan = value.role == Role::computed && !made[i];
      if (orphan && value.type.dtype == DType::f32) value.role = Role::param;
    }
    return edited;
  }

  // One of each: params have no symbols.
  static Graph without_symbols(Graph edited) {
    for (Value& value : edited.values) {
      value.type.ragged_dim.clear();
      for (Dim& dim : value.type.shape) {
        if (!dim.is_static()) dim = Dim(1 + dim.value);
      }
    }
    return edited;
  }

  // A node's operand in the place of its output; and as a result.
  void bypass_nodes() {
    for (std::size_t i = graph().nodes.size(); i-- > 0;) {
      if (i >= graph().nodes.size()) continue;
      const Node node = graph().nodes[i];
      for (const ValueId operand : node.inputs) {
        if (operand == kNoValue) continue;
        Graph edited = graph();
        replace(edited, node.outputs[0], operand);
        edited.nodes.erase(edited.nodes.begin() + static_cast<std::ptrdiff_t>(i));
        if (take(edited)) break;
      }
    }
  }

  static void replace(Graph& graph, ValueId from, ValueId to) {
    for (Node& node : graph.nodes) std::ranges::replace(node.inputs, from, to);
    std::ranges::replace(graph.results, from, to);
    for (Write& write : graph.writes) write.source = write.source == from ? to : write.source;
  }

  void drop_operands() {
    for (std::size_t i = 0; i < graph().nodes.size(); ++i) {
      for (std::size_t k = graph().nodes[i].inputs.size(); k-- > 0;) {
        if (i >= graph().nodes.size() || k >= graph().nodes[i].inputs.size()) break;
        const std::vector<PortDef>& ports = graph().nodes[i].op->inputs;
        Graph edited = graph();
        std::vector<ValueId>& inputs = edited.nodes[i].inputs;
        if (ports[std::min(k, ports.size() - 1)].arity == Arity::variadic && inputs.size() > 1) {
          inputs.erase(inputs.begin() + static_cast<std::ptrdiff_t>(k));
        } else if (k < ports.size() && ports[k].arity == Arity::optional) {
          inputs[k] = kNoValue;
        } else {
          continue;
        }
        take(edited);
      }
    }
  }

  // Comments and places together; attributes one by one.
  void drop_details() {
    Graph plain = graph();
    plain.closing_comments.clear();
    for (Value& value : plain.values) value.comments.clear();
    for (Node& node : plain.nodes) {
      node.comments.clear();
      node.location = {};
    }
    take(plain);
    drop_each([](Graph& g) -> Attrs& { return g.attrs; }, graph().attrs);
    for (std::size_t i = 0; i < graph().nodes.size(); ++i) {
      drop_each([i](Graph& g) -> Attrs& { return g.nodes[i].attrs; }, graph().nodes[i].attrs);
    }
    for (std::size_t i = 0; i < graph().values.size(); ++i) {
      drop_each([i](Graph& g) -> Attrs& { return g.values[i].attrs; }, graph().values[i].attrs);
    }
  }

  template <typename Select>
  void drop_each(Select select, const Attrs& now) {
    std::vector<std::string> names;
    for (const auto& [name, value] : now) names.push_back(name);
    for (const std::string& name : names) {
      Graph edited = graph();
      select(edited).erase(name);  // append() fills in what is usual
      take(edited);
    }
  }

  // Every static extent of one number, wherever it stands, becomes a smaller one; and capacities.
  void shrink() {
    std::set<std::int64_t> extents;
    for (const Value& value : graph().values) {
      for (const Dim& dim : value.type.shape) {
        if (dim.is_static() && dim.value > 1) extents.insert(dim.value);
      }
    }
    for (auto extent = extents.rbegin(); extent != extents.rend(); ++extent) {
      for (const std::int64_t fewer : smaller_than(*extent)) {
        if (take(with_extent(*extent, fewer))) break;
      }
    }
    for (std::size_t i = 0; i < graph().symbols.size(); ++i) {
      for (const std::int64_t fewer : smaller_than(graph().symbols[i].capacity)) {
        Graph edited = graph();
        if (edited.symbols[i].derived) break;
        edited.symbols[i].capacity = fewer;
        if (take(edited)) break;
      }
    }
  }

  static std::vector<std::int64_t> smaller_than(std::int64_t extent) {
    std::vector<std::int64_t> all;
    for (const std::int64_t fewer : {std::int64_t{1}, std::int64_t{2}, std::int64_t{3},
                                     std::int64_t{4}, extent / 2, extent - 1}) {
      if (fewer >= 1 && fewer < extent && (all.empty() || fewer > all.back())) all.push_back(fewer);
    }
    return all;
  }

  Graph with_extent(std::int64_t extent, std::int64_t fewer) const {
    Graph edited = graph();
    for (Value& value : edited.values) {
      for (Dim& dim : value.type.shape) {
        if (dim.is_static() && dim.value == extent) dim.value = fewer;
      }
    }
    for (Node& node : edited.nodes) {
      for (auto& [name, attr] : node.attrs) {
        if (auto* one = std::get_if<std::int64_t>(&attr)) {
          if (*one == extent) *one = fewer;
        } else if (auto* list = std::get_if<std::vector<std::int64_t>>(&attr)) {
          std::ranges::replace(*list, extent, fewer);
        }
      }
    }
    return edited;
  }

  std::vector<Graph> best_;  // fails
  std::size_t current_ = 0;  // the program that is reduced
  const Fails& fails_;
  const Progress& progress_;
  std::set<std::size_t> seen_;  // hashes of what was tried
  bool keep_all_ = false, stopped_ = false;
  std::size_t tried_ = 0;
};

}  // namespace

std::vector<Graph> reduce_programs(std::vector<Graph> programs,
                                   const std::function<bool(const std::vector<Graph>&)>& fails,
                                   const std::function<bool(const ReduceStep&)>& progress) {
  return Reducer(std::move(programs), fails, progress).run();
}

}  // namespace weft
