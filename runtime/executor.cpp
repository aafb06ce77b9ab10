// Binding: addresses, then kernels, then what is copied when the program ends.
#include "runtime/executor.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>

#include <fmt/core.h>

#include "runtime/kernels/instruction_set.h"
#include "runtime/kernels/kernel.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::int64_t kUnbound = std::numeric_limits<std::int64_t>::min();

bool persists(Role role) { return role == Role::param || role == Role::state; }

}  // namespace

struct Executor::Offsets {
  Operand operand;
  std::size_t rows;  // index of the symbol that counts them
  const std::string& name;
};

struct Executor::Result {
  Operand operand;
  TensorView view;
};

std::int64_t TensorView::size() const {
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  return elements;
}

std::span<const float> TensorView::f32() const {
  WEFT_CHECK(dtype == DType::f32);
  return {reinterpret_cast<const float*>(data), static_cast<std::size_t>(size())};
}

std::span<const std::int32_t> TensorView::i32() const {
  WEFT_CHECK(dtype == DType::i32);
  return {reinterpret_cast<const std::int32_t*>(data), static_cast<std::size_t>(size())};
}

Executor::Executor(const Graph& planned, Memory& memory, int threads)
    : graph_(planned),
      memory_(memory),
      threads_(std::max(1, threads)),
      arena_(static_cast<std::size_t>(planned.arena_bytes)),
      address_(planned.values.size(), nullptr),
      extents_(planned.symbols.size(), kUnbound) {
  for (const Write& write : graph_.writes) {
    if (memory_.writable(graph_[write.target].name)) continue;
    throw Error(
        fmt::format("program @{} writes to the model, which is open read-only", graph_.name),
        "open the plan for training");
  }
  limit_instruction_set();
  const SingleThreadedLibraries single;
  place_values();
  bind_kernels();
  bind_writes();
  bind_views();
}

Executor::~Executor() = default;

void Executor::place_values() {
  for (std::size_t i = 0; i < graph_.values.size(); ++i) {
    const Value& value = graph_.values[i];
    if (persists(value.role)) address_[i] = memory_.address(value.name, value.type);
  }
  const std::vector<bool> left_out = unused_outputs(graph_);  // their addresses stay null
  for (std::size_t i = 0; i < graph_.values.size(); ++i) {
    const Value& value = graph_.values[i];
    if (persists(value.role)) continue;
    if (left_out[i] || value.is_in(Storage::Kind::columns)) continue;
    if (!value.storage) {
      throw Error(fmt::format("program @{}: %{} has no storage", graph_.name, value.name),
                  "run the pass plan-memory on it");
    }
    const Storage& storage = *value.storage;
    if (storage.kind == Storage::Kind::persistent) {
      address_[i] = address_[static_cast<std::size_t>(storage.base)];
      WEFT_CHECK(address_[i] != nullptr);
      continue;
    }
    const std::int64_t size = capacity_bytes(graph_, value.type);
    if (storage.offset < 0 || size > graph_.arena_bytes - storage.offset) {
      throw Error(fmt::format("program @{}: %{} lies outside the arena", graph_.name, value.name),
                  "run the pass plan-memory on it");
    }
    address_[i] = arena_.data() + storage.offset;
  }
  for (std::size_t i = 0; i < graph_.values.size(); ++i) {
    const Value& part = graph_.values[i];
    if (!part.is_in(Storage::Kind::columns)) continue;
    std::byte* const whole = address_[static_cast<std::size_t>(part.storage->base)];
    WEFT_CHECK(whole != nullptr);
    address_[i] = whole + part.storage->offset * size_of(part.type.dtype);
  }
}

void Executor::bind_kernels() {
  kernels_.reserve(graph_.nodes.size());
  std::vector<bool> written(graph_.values.size());
  for (const Write& write : graph_.writes) written[static_cast<std::size_t>(write.target)] = true;
  PackedCopies* const packed = graph_.writes.empty() ? &memory_.packed() : nullptr;
  const auto scratch = std::make_shared<PackedScratch>();
  for (const Node& node : graph_.nodes) {
    BindContext bind{graph_, node, {}, {}, threads_, packed, scratch};
    const auto operand = [&](ValueId id) {
      if (id == kNoValue) return Operand();
      // A program that changes a tensor itself knows which of its rows it needs.
      const bool reads_only = persists(graph_[id].role) && !written[static_cast<std::size_t>(id)];
      RowsOnDemand* const on_demand =
          reads_only ? memory_.rows_on_demand(graph_[id].name) : nullptr;
      return Operand(graph_, id, address_[static_cast<std::size_t>(id)], on_demand);
    };
    for (const ValueId id : node.inputs) bind.x.push_back(operand(id));
    for (const ValueId id : node.outputs) bind.y.push_back(operand(id));
    kernels_.push_back(bind_kernel(bind));
    for (const Operand& x : bind.x) {
      if (x.on_demand() != nullptr && !kernels_.back()->asks_for_rows())
        read_in_full_.push_back(x.on_demand());
    }
  }
  deferred_.resize(kernels_.size());
}

// How a program uses its places: which state each value is written to where it lies, and who reads
// each place.
struct Executor::PlaceUse {
  std::vector<ValueId> target;  // by value: the state, or kNoValue
  // By place: the only node that reads it; null if others do too, a result or a copy at the end.
  std::unordered_map<const std::byte*, const Node*> readers;

  explicit PlaceUse(const Executor& executor) : target(executor.graph_.values.size(), kNoValue) {
    const auto add = [&](ValueId id, const Node* reader) {
      if (id == kNoValue) return;
      const auto [at, first] = readers.emplace(executor.address(id), reader);
      if (!first && at->second != reader) at->second = nullptr;
    };
    for (const Node& node : executor.graph_.nodes) {
      for (const ValueId id : node.inputs) add(id, &node);
    }
    for (const ValueId id : executor.graph_.results) add(id, nullptr);
    for (const Write& write : executor.graph_.writes) {
      if (executor.address(write.target) == executor.address(write.source)) {
        target[static_cast<std::size_t>(write.source)] = write.target;
      } else {
        add(write.source, nullptr);
      }
    }
  }
};

// True if a node only makes states from persistent values, in their places, and no other node
// here reads those states.
bool Executor::may_defer(const Node& node, const PlaceUse& use) const {
  const auto is_state_alone = [&](ValueId made) {
    const auto reader = use.readers.find(address(made));
    return use.target[static_cast<std::size_t>(made)] != kNoValue &&
           (reader == use.readers.end() || reader->second == &node);
  };
  const auto is_persistent = [&](ValueId id) {
    return id == kNoValue || persists(graph_[id].role);
  };
  return std::ranges::all_of(node.outputs, is_state_alone) &&
         std::ranges::all_of(node.inputs, is_persistent);
}

void Executor::defer_rows() {
  const PlaceUse use(*this);
  for (std::size_t i = 0; i < kernels_.size(); ++i) {
    const Node& node = graph_.nodes[i];
    auto* const kernel = dynamic_cast<RowKernel*>(kernels_[i].get());
    if (kernel == nullptr || !may_defer(node, use)) continue;
    const ValueId made = node.outputs[0];
    const ValueId state = use.target[static_cast<std::size_t>(made)];
    deferred_[i] = {kernel,
                    &memory_.make_on_demand(
                        graph_[state].name, graph_[made].type.shape[0].value,
                        [kernel](std::span<const std::int32_t> rows) { kernel->make_rows(rows); })};
  }
}

void Executor::make_deferred_rows() {
  const FlushDenormals flush;
  for (const Deferred& deferred : deferred_) {
    if (deferred.rows != nullptr) deferred.rows->require_all(threads_);
  }
}

// Nothing else writes to the places that are copied: no program may copy one tensor to another.
void Executor::bind_writes() {
  for (const Write& write : graph_.writes) {
    std::byte* const to = address(write.target);
    const std::byte* const from = address(write.source);
    const auto size = static_cast<std::size_t>(capacity_bytes(graph_, graph_[write.target].type));
    if (to != from) copies_.push_back({to, from, size});
  }
}

std::span<std::byte> Executor::input(std::string_view name) const {
  const std::optional<ValueId> id = graph_.find(name);
  if (!id || graph_[*id].role != Role::input) {
    throw Error(fmt::format("program @{} has no input %{}", graph_.name, name));
  }
  return {address_[static_cast<std::size_t>(*id)],
          static_cast<std::size_t>(capacity_bytes(graph_, graph_[*id].type))};
}

std::span<float> Executor::input_f32(std::string_view name) const {
  const auto bytes = input(name);
  WEFT_CHECK(graph_.find_value(name)->type.dtype == DType::f32);
  return {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
}

std::span<std::int32_t> Executor::input_i32(std::string_view name) const {
  const auto bytes = input(name);
  WEFT_CHECK(graph_.find_value(name)->type.dtype == DType::i32);
  return {reinterpret_cast<std::int32_t*>(bytes.data()), bytes.size() / sizeof(std::int32_t)};
}

void Executor::bind_extents(std::span<const SymbolExtent> extents) {
  std::ranges::fill(extents_, kUnbound);
  for (std::size_t i = 0; i < extents_.size(); ++i) {
    const Symbol& symbol = graph_.symbols[i];
    if (symbol.derived) continue;
    for (const SymbolExtent& given : extents) {
      if (given.symbol == symbol.name) extents_[i] = given.value;
    }
    if (extents_[i] == kUnbound) {
      throw Error(
          fmt::format("program @{}: the extent of {} is not given", graph_.name, symbol.name));
    }
    if (extents_[i] < 0 || extents_[i] > symbol.capacity) {
      throw Error(fmt::format("program @{}: {} = {} is not within 0 and its capacity {}",
                              graph_.name, symbol.name, extents_[i], symbol.capacity),
                  "cut the request into smaller ones, or compile with a larger capacity");
    }
  }
}

void Executor::bind_views() {
  for (std::size_t i = 0; i < graph_.values.size(); ++i) {
    const Value& value = graph_.values[i];
    if (value.role != Role::input || value.type.ragged_dim.empty()) continue;
    const auto rows = std::ranges::find(graph_.symbols, value.type.ragged_dim, &Symbol::name);
    WEFT_CHECK(rows != graph_.symbols.end());
    offsets_.push_back({Operand(graph_, ValueId(i), address_[i]),
                        static_cast<std::size_t>(rows - graph_.symbols.begin()), value.name});
  }
  for (const ValueId id : graph_.results) {
    const Operand operand(graph_, id, address_[static_cast<std::size_t>(id)]);
    RowsOnDemand* const on_demand = memory_.rows_on_demand(graph_[id].name);
    if (persists(graph_[id].role) && on_demand != nullptr) read_in_full_.push_back(on_demand);
    results_.push_back({operand, {operand.dtype(), Extents(operand.rank()), operand.bytes()}});
  }
}

void Executor::check_offsets(const RunContext& context) const {
  for (const Offsets& input : offsets_) {
    const std::int64_t rows = extents_[input.rows];
    const std::span<const std::int32_t> offsets(
        input.operand.i32(), static_cast<std::size_t>(input.operand.size(context)));
    const bool whole = !offsets.empty() && offsets.front() == 0 && offsets.back() == rows;
    if (whole && std::ranges::is_sorted(offsets)) continue;
    throw Error(fmt::format("program @{}: %{} does not cut {} rows into sequences", graph_.name,
                            input.name, rows),
                "it must start at 0, never fall, and end at the number of rows");
  }
}

// Everything in the arena but the inputs becomes NaN (and -1), so that a read before a write shows.
void Executor::poison() const {
  std::vector<std::pair<std::int64_t, std::int64_t>> kept;
  for (const Value& value : graph_.values) {
    if (value.role != Role::input || !value.storage) continue;
    kept.emplace_back(value.storage->offset,
                      value.storage->offset + capacity_bytes(graph_, value.type));
  }
  std::ranges::sort(kept);
  std::int64_t from = 0;
  kept.emplace_back(graph_.arena_bytes, graph_.arena_bytes);
  for (const auto& [begin, end] : kept) {
    if (begin > from)
      std::memset(arena_.data() + from, 0xFF, static_cast<std::size_t>(begin - from));
    from = std::max(from, end);
  }
}

void Executor::run_node(std::size_t i, RunContext& context) {
  if (deferred_[i].kernel == nullptr) {
    kernels_[i]->run(context);
  } else {
    deferred_[i].kernel->prepare(context);
    deferred_[i].rows->forget();
  }
}

void Executor::run(std::span<const SymbolExtent> extents) {
  const FlushDenormals flush;
  const SingleThreadedLibraries single;
  bind_extents(extents);
  RunContext context{extents_, threads_, memory_.version()};
  check_offsets(context);
#ifndef NDEBUG
  poison();
#endif
  for (RowsOnDemand* const rows : read_in_full_) rows->require_all(threads_);
  for (std::size_t i = 0; i < kernels_.size(); ++i) {
    if (observer_ == nullptr) {
      run_node(i, context);
      continue;
    }
    observer_->before(i, context);
    run_node(i, context);
    observer_->after(i, context);
  }
  for (const Copy& copy : copies_) std::memcpy(copy.to, copy.from, copy.size);
  if (!graph_.writes.empty()) memory_.changed();
  for (Result& result : results_) {
    for (std::size_t axis = 0; axis < result.view.shape.size(); ++axis) {
      result.view.shape[axis] = result.operand.extent(axis, context);
    }
  }
}

const TensorView& Executor::result(std::string_view name) const {
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (graph_[graph_.results[i]].name == name) return results_[i].view;
  }
  throw Error(fmt::format("program @{} has no result %{}", graph_.name, name));
}

}  // namespace weft
