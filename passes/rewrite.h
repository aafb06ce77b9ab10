// Tools of passes: who reads which value, and a writer that maps one graph to another.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "ir/op.h"
#include "passes/pass.h"

namespace weft {

inline std::size_t index(ValueId id) { return static_cast<std::size_t>(id); }

// The producer and the readers of each value of a graph, which must outlive this unchanged.
class Uses {
 public:
  explicit Uses(const Graph&);

  // The node that computes it; null for an input, param or state.
  const Node* producer(ValueId) const;
  // Indices of the nodes that read it, in order; twice if one reads it twice.
  std::span<const std::size_t> readers(ValueId id) const { return readers_[index(id)]; }
  // It is a result or the source of a write: it must survive to the end.
  bool kept(ValueId id) const { return kept_[index(id)]; }
  bool single(ValueId id) const { return readers(id).size() == 1 && !kept(id); }

 private:
  const Graph& graph_;
  std::vector<std::size_t> producer_;  // node index; nodes.size() for none
  std::vector<std::vector<std::size_t>> readers_;
  std::vector<bool> kept_;
};

// The name that this node has as the attribute `act` of another; empty if it has none.
std::string activation_name(const Node&);

// A param that training leaves as it is: `frozen=1`.
bool is_frozen(const Value&);

// A result that only training asks for: the loss, or a gradient.
bool for_training(std::string_view result);

// The program has a loss: what is made of its params is made anew each time it runs.
bool trains(const Graph&);

// By value: made of params, states and constants alone, so that, between two steps of training, it
// is the same each time the program runs.
std::vector<bool> constant_values(const Graph&);

// Operations of a node where every symbol is at its capacity; of an op that does not say, one for
// each number that it makes.
double flops_at_capacity(const Graph&, const Node&);

// Why a table is not made: "the table would take 812 MB, the budget is 512 MB".
std::string over_budget(std::int64_t bytes, const TableOptions&);

// The bytes of a tap table of so many rows for the convolutions that `attrs` lists: `kernels`,
// `channels`. Beyond all numbers: the most there is.
std::int64_t tap_table_bytes(std::int64_t rows, const Attrs&, DType);

// Drops symbols that no value's type names, where `may_go` allows it.
void drop_unused_symbols(Graph&, bool (*may_go)(const Symbol&));

// Writes a new graph while the pass walks the nodes of `source` in order: each is copied, replaced,
// forwarded or left out. Names, places, comments and attributes of the source survive; values that
// are new get names that clash with none of them. Memory plans do not survive.
class Rewriter {
 public:
  // The target starts with all symbols, inputs, params and states of the source.
  explicit Rewriter(const Graph& source);

  const Graph& source() const { return source_; }
  Graph& target() { return target_; }

  // The image of a source value; kNoValue stays itself.
  ValueId operator()(ValueId) const;
  std::vector<ValueId> operator()(std::span<const ValueId>) const;

  void copy(const Node&);
  // One new node takes over the outputs of `node`. `inputs` are values of the target.
  void replace(const Node&, const OpDef&, std::vector<ValueId> inputs, Attrs = {});
  // From here on `to`, of the target, stands for `from`. False, and nothing is done, where `from`
  // is a result and `to` cannot take over its name: an input, or another result.
  bool forward(ValueId from, ValueId to);

  // Maps results and writes, settles names, drops derived symbols that no node defines any more.
  Graph finish() &&;

 private:
  void take_name(ValueId from, ValueId to);

  const Graph& source_;
  Graph target_;
  std::vector<ValueId> image_;        // by source value
  std::vector<ValueId> named_after_;  // by target value: the source value whose name it bears
  std::vector<bool> result_;          // by source value
};

}  // namespace weft
