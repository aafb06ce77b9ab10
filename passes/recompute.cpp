// recompute: what is cheap to compute is computed again just before its late readers, not kept.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ir/op.h"
#include "passes/passes.h"
#include "passes/plan_memory.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   y = gelu(x)          y = gelu(x)
//   z = f(y)             z = f(y)
//   …                    …               the arena is fullest here
//                        y.2 = gelu(x)
//   dw = g(y, dz)        dw = g(y.2, dz)
//   dx = h(x, dy)        dx = h(x, dy)
//
// At the program's fullest moment some values wait for a reader that comes much later: in training,
// what the forward pass leaves to the backward pass. Those are computed again whose operands are
// there at that time anyway, or can be computed again too; the cheapest first, until the fullest
// moment has none left. The bits are the same: it is the same op on the same operands.
//
// A value is cheap if computing it again takes at most so many operations, and bytes read, for each
// byte that is saved: activations, norms, sums and dropout; a product of matrices only if its rows
// are very short.
constexpr double kMaxWorkPerByte = 12;
// The smallest value worth a node: this share of the fullest moment.
constexpr double kMinShare = 1.0 / 256;
// The program stays as it is unless its fullest moment falls to this share.
constexpr double kMaxPeak = 0.85;

class Recompute {
 public:
  explicit Recompute(const Graph& graph) : graph_(graph) {}

  // True if it has shortened the life of a value.
  bool step() {
    const Uses uses(graph_);
    find_last_reads(uses);
    const std::vector<std::int64_t> live = live_bytes(graph_);
    const auto fullest = std::ranges::max_element(live);
    const auto time = static_cast<std::size_t>(fullest - live.begin());
    if (time == 0 || time > graph_.nodes.size()) return false;
    const auto found = cheapest(uses, time - 1, static_cast<double>(*fullest) * kMinShare);
    if (!found) return false;
    std::size_t at = found->before;
    const ValueId again = compute_again(uses, found->value, found->before, at);
    for (std::size_t i = at; i < graph_.nodes.size(); ++i) {
      std::ranges::replace(graph_.nodes[i].inputs, found->value, again);
    }
    return true;
  }

  Graph take() && { return std::move(graph_); }

 private:
  struct Candidate {
    ValueId value{};
    std::size_t before = 0;  // the node that reads it first after the fullest moment
    double work = 0;         // per byte that is saved
  };

  void find_last_reads(const Uses& uses) {
    read_until_.assign(graph_.values.size(), 0);
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      const auto id = static_cast<ValueId>(i);
      const auto readers = uses.readers(id);
      if (!readers.empty()) read_until_[i] = readers.back();
      if (uses.kept(id) || graph_.values[i].persists()) read_until_[i] = graph_.nodes.size();
    }
    // A param that is written may be replaced as soon as nobody reads it any more.
    for (const Write& write : graph_.writes) {
      const auto readers = uses.readers(write.target);
      read_until_[index(write.target)] = readers.empty() ? 0 : readers.back();
    }
  }

  // Of the values alive while node `fullest` runs, but not read or made by it.
  std::optional<Candidate> cheapest(const Uses& uses, std::size_t fullest, double min_bytes) const {
    std::optional<Candidate> best;
    for (std::size_t i = 0; i < fullest; ++i) {
      for (const ValueId id : graph_.nodes[i].outputs) {
        const auto readers = uses.readers(id);
        const auto late = std::ranges::lower_bound(readers, fullest);
        if (late == readers.begin() || late == readers.end() || *late == fullest) continue;
        const double bytes = bytes_of(id);
        if (uses.kept(id) || bytes < min_bytes) continue;
        const std::optional<double> work = work_of(uses, id, *late, kMaxWorkPerByte * bytes);
        // Of equals the last: what it is made from may then be computed again before it.
        if (work && (!best || *work / bytes <= best->work)) best = {id, *late, *work / bytes};
      }
    }
    return best;
  }

  double bytes_of(ValueId id) const {
    return static_cast<double>(capacity_bytes(graph_, graph_[id].type));
  }

  // Operations and bytes read to compute a value again before a node; none if that is impossible
  // or beyond the budget.
  std::optional<double> work_of(const Uses& uses, ValueId id, std::size_t before,
                                double budget) const {
    const Node* const node = uses.producer(id);
    if (node == nullptr || defines_symbol(*node)) return {};
    double work = flops_at_capacity(graph_, *node), written = 0;
    for (const ValueId output : node->outputs) written += bytes_of(output);
    const bool moves = work == 0;  // a lookup reads no more of a table than it writes
    for (const ValueId input : node->inputs) {
      if (input == kNoValue) continue;
      work += moves ? std::min(bytes_of(input), written) : bytes_of(input);
      if (work > budget) return {};
      if (read_until_[index(input)] >= before) continue;
      const std::optional<double> more = work_of(uses, input, before, budget - work);
      if (!more) return {};
      work += *more;
    }
    return work > budget ? std::nullopt : std::optional(work);
  }

  // It finds out how many rows its outputs have, as `unique` does.
  bool defines_symbol(const Node& node) const {
    const auto names = [&](ValueId id, const std::string& symbol) {
      return id != kNoValue && std::ranges::find(graph_[id].type.shape, symbol, &Dim::symbol) !=
                                   graph_[id].type.shape.end();
    };
    for (const ValueId output : node.outputs) {
      for (const Dim& dim : graph_[output].type.shape) {
        const Symbol* symbol = dim.is_static() ? nullptr : graph_.find_symbol(dim.symbol);
        if (symbol == nullptr || !symbol->derived) continue;
        if (std::ranges::none_of(node.inputs, [&](ValueId id) { return names(id, dim.symbol); })) {
          return true;
        }
      }
    }
    return false;
  }

  // Inserts copies of the node, and of what it needs, at `at`, which moves on; `before` is the node
  // there in the program as it was, which `uses` is of: nodes before it have not moved.
  ValueId compute_again(const Uses& uses, ValueId id, std::size_t before, std::size_t& at) {
    Node node = *uses.producer(id);
    for (ValueId& input : node.inputs) {
      if (input == kNoValue || read_until_[index(input)] >= before) continue;
      input = compute_again(uses, input, before, at);
    }
    const std::vector<ValueId> outputs = graph_.append(*node.op, node.inputs, node.attrs,
                                                       node.location, graph_[node.outputs[0]].name);
    std::rotate(graph_.nodes.begin() + static_cast<std::ptrdiff_t>(at), graph_.nodes.end() - 1,
                graph_.nodes.end());
    ++at;
    return outputs[static_cast<std::size_t>(std::ranges::find(node.outputs, id) -
                                            node.outputs.begin())];
  }

  Graph graph_;
  std::vector<std::size_t> read_until_;  // by value: the last node that finds it in its place
};

}  // namespace

Graph recompute(const Graph& graph, PassContext& context) {
  const std::int64_t kept = max_live_bytes(graph);
  Recompute shorter(graph);
  std::size_t count = 0;
  while (shorter.step()) ++count;
  Graph out = std::move(shorter).take();
  const std::int64_t needed = max_live_bytes(out);
  if (static_cast<double>(needed) > kMaxPeak * static_cast<double>(kept)) return graph;
  context.note(fmt::format(
      "recompute: {} computed again when needed, not kept: @{} needs at least {} bytes, not {}",
      count == 1 ? "1 value is" : fmt::format("{} values are", count), graph.name, needed, kept));
  return out;
}

}  // namespace weft
