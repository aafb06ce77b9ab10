// Runs one planned program: everything is decided when it is bound, the run only runs.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "runtime/resources/memory.h"

namespace weft {

class Kernel;
class RowsOnDemand;
class RowKernel;
struct RunContext;

// How much there is of a symbol in one run: `{"B", 3}`.
struct SymbolExtent {
  std::string_view symbol;
  std::int64_t value = 0;
};

// A result of the last run: its extents, and its elements row-major.
struct TensorView {
  DType dtype = DType::f32;
  Extents shape;
  const std::byte* data = nullptr;

  std::int64_t size() const;
  std::span<const float> f32() const;
  std::span<const std::int32_t> i32() const;
};

// Sees each node of a run just before it runs and just after: what profiles and checks are made of.
class NodeObserver {
 public:
  virtual ~NodeObserver() = default;
  // `node` is an index into graph().nodes.
  virtual void before(std::size_t node, const RunContext&) = 0;
  virtual void after(std::size_t node, const RunContext&) = 0;
};

// Not for two threads at once; several executors may share one read-only Memory.
class Executor {
 public:
  // `planned` and `memory` must outlive the executor. Error if the program was not planned, lacks a
  // tensor, or writes to a memory that is shared.
  Executor(const Graph& planned, Memory& memory, int threads);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // From now on run() leaves the rows of the states it writes to those who ask for them (see
  // Memory::rows_on_demand), where a kernel can make them one by one. Before others are bound to
  // the memory; the executor must outlive them.
  void defer_rows();
  // Those rows that nobody has asked for yet.
  void make_deferred_rows();

  // The room of an input, at its capacity; to be filled before each run.
  std::span<std::byte> input(std::string_view name) const;
  std::span<float> input_f32(std::string_view name) const;
  std::span<std::int32_t> input_i32(std::string_view name) const;

  // One pass over the program. Symbols the program lacks are ignored; Error if one is above its
  // capacity or not given, or if an input of offsets does not cut its rows into sequences.
  void run(std::initializer_list<SymbolExtent> extents) { run({extents.begin(), extents.size()}); }
  void run(std::span<const SymbolExtent> extents);

  // A result of the last run by its name; valid until the next.
  const TensorView& result(std::string_view name) const;
  const Graph& graph() const { return graph_; }

  // Gives the arena's memory back to the system until the next run; inputs and results are lost.
  void trim() { arena_.discard(); }

  // From now on, until it is null, `observer` sees every run; it must outlive them.
  void observe(NodeObserver* observer) { observer_ = observer; }
  // Where a value lies; null for an optional output that is left out.
  std::byte* address(ValueId id) const { return address_[static_cast<std::size_t>(id)]; }

 private:
  struct Offsets;  // an input that cuts rows into sequences
  struct Result;
  struct PlaceUse;
  struct Deferred {
    RowKernel* kernel = nullptr;
    RowsOnDemand* rows = nullptr;
  };
  struct Copy {
    std::byte* to;
    const std::byte* from;
    std::size_t size;
  };

  void place_values();
  void bind_kernels();
  void bind_writes();
  void bind_extents(std::span<const SymbolExtent> extents);
  void bind_views();
  bool may_defer(const Node& node, const PlaceUse& use) const;
  void check_offsets(const RunContext& context) const;
  void run_node(std::size_t i, RunContext& context);
  void poison() const;

  const Graph& graph_;
  Memory& memory_;
  int threads_;
  AlignedBytes arena_;
  std::vector<std::byte*> address_;    // by ValueId
  std::vector<std::int64_t> extents_;  // by index into Graph::symbols
  std::vector<std::unique_ptr<Kernel>> kernels_;
  std::vector<Deferred> deferred_;           // by kernel; null where it runs
  std::vector<RowsOnDemand*> read_in_full_;  // of kernels that read all rows
  std::vector<Offsets> offsets_;
  std::vector<Result> results_;  // as Graph::results
  std::vector<Copy> copies_;     // what Graph::writes asks for, when the program ends
  NodeObserver* observer_ = nullptr;
};

}  // namespace weft
