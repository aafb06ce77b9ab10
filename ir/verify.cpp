// Every rule of the IR, re-derived from the graph alone.
#include "ir/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <set>
#include <span>

#include "ir/op.h"
#include "ir/print.h"

namespace weft {
namespace {

constexpr std::size_t kEnd = std::numeric_limits<std::size_t>::max();  // after the last node

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph) {
    // Derived symbols must come out of the ops again, with the capacities that are written.
    std::ranges::copy_if(graph.symbols, std::back_inserter(scratch_.symbols),
                         [](const Symbol& s) { return !s.derived; });
  }

  void run() {
    check_values();
    std::vector<bool> defined(graph_.values.size());
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      defined[i] = graph_.values[i].role != Role::computed;
    }
    for (const Node& node : graph_.nodes) check_node(node, defined);
    for (std::size_t i = 0; i < defined.size(); ++i) {
      if (!defined[i]) fail(fmt::format("%{} is never computed", graph_.values[i].name));
    }
    check_symbols();
    check_ends();
    check_storage();
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw Error(fmt::format("program @{}: {}", graph_.name, message));
  }
  [[noreturn]] void fail(const Node& node, const std::string& message) const {
    throw Error(node.location, fmt::format("program @{}: {}", graph_.name, message),
                "in `" + print(graph_, node) + "`");
  }
  bool is_value(ValueId id) const { return static_cast<std::size_t>(id) < graph_.values.size(); }
  const std::string& name(ValueId id) const { return graph_[id].name; }

  void check_values() const {
    std::set<std::string_view> names;
    if (graph_.symbols.size() > kMaxSymbols) {
      fail(fmt::format("there are more than {} symbols", kMaxSymbols));
    }
    for (const Symbol& symbol : graph_.symbols) {
      if (symbol.capacity < 0) fail(fmt::format("{} has a negative capacity", symbol.name));
      if (!names.insert(symbol.name).second) fail(fmt::format("{} is declared twice", symbol.name));
    }
    names.clear();
    for (const Value& value : graph_.values) {
      if (!names.insert(value.name).second) fail(fmt::format("%{} is defined twice", value.name));
      if (graph_.find_value(value.name) != &value)
        fail(fmt::format("%{} is not found by its name", value.name));
      check_ragged_dim(value);
      for (const Dim& dim : value.type.shape) {
        const Symbol* symbol = dim.is_static() ? nullptr : graph_.find_symbol(dim.symbol);
        const bool known = dim.is_static() ? dim.value >= 0 : symbol != nullptr;
        if (!known || (value.role != Role::computed && symbol != nullptr && symbol->derived)) {
          fail(fmt::format("%{} is {}: {} is not a size it can have", value.name,
                           to_string(value.type), to_string(dim)));
        }
        if (value.role != Role::input && value.role != Role::computed && !dim.is_static()) {
          fail(fmt::format("%{} is {}: what outlives a program has a static shape", value.name,
                           to_string(value.type)));
        }
      }
    }
  }

  void check_ragged_dim(const Value& value) const {
    const TensorType& type = value.type;
    if (type.ragged_dim.empty()) return;
    const Symbol* const rows = graph_.find_symbol(type.ragged_dim);
    const bool bound = rows != nullptr && (value.role == Role::computed || !rows->derived);
    if (bound && type.dtype == DType::i32 && type.shape.size() == 1) return;
    fail(fmt::format("%{} is {}, which is no type of offsets", value.name, to_string(type)));
  }

  void check_node(const Node& node, std::vector<bool>& defined) {
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) continue;
      if (!is_value(id)) fail("an operand does not exist");
      if (!defined[static_cast<std::size_t>(id)]) {
        fail(node, fmt::format("%{} is used before it is computed", name(id)));
      }
    }
    for (const ValueId id : node.outputs) {
      if (!is_value(id)) fail("an output does not exist");
      if (defined[static_cast<std::size_t>(id)]) {
        fail(node, fmt::format("%{} is computed twice", name(id)));
      }
      defined[static_cast<std::size_t>(id)] = true;
    }
    infer_again(node);
  }

  // Appending the node to a program of the same values must give the same node.
  void infer_again(const Node& node) {
    Graph again;
    again.symbols = std::move(scratch_.symbols);  // there may be many: lent, not copied
    std::vector<ValueId> inputs;
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) {
        inputs.push_back(id);
        continue;
      }
      const Value& value = graph_[id];
      inputs.push_back(again.add_value({value.name, value.type, Role::input, {}, {}, {}}));
    }
    const std::size_t before = again.values.size();
    again.append(*node.op, std::move(inputs), node.attrs, node.location);
    if (again.nodes.back().attrs != node.attrs ||
        again.nodes.back().inputs.size() != node.inputs.size()) {
      fail(node, fmt::format("{} is not written in full", node.op->name));
    }
    const auto inferred = std::span(again.values).subspan(before);
    if (inferred.size() != node.outputs.size()) fail(node, "wrong number of outputs");
    for (std::size_t i = 0; i < inferred.size(); ++i) {
      const Value& value = graph_[node.outputs[i]];
      if (inferred[i].type != value.type) {
        fail(node, fmt::format("%{} is {}, but {} gives {}", value.name, to_string(value.type),
                               node.op->name, to_string(inferred[i].type)));
      }
    }
    scratch_.symbols = std::move(again.symbols);
  }

  void check_symbols() const {
    for (const Symbol& symbol : graph_.symbols) {
      const Symbol* again = scratch_.find_symbol(symbol.name);
      if (again == nullptr) {
        fail(fmt::format("no node defines the derived symbol {}", symbol.name));
      }
      if (*again != symbol) {
        fail(fmt::format("{} has capacity {}, but its op gives {}", symbol.name, symbol.capacity,
                         again->capacity));
      }
    }
  }

  void check_ends() const {
    for (const ValueId id : graph_.results) {
      if (!is_value(id)) fail("a result does not exist");
    }
    std::set<ValueId> targets;
    for (const Write& write : graph_.writes) {
      if (!is_value(write.target) || !is_value(write.source)) fail("a write names no value");
      const Value& target = graph_[write.target];
      const Value& source = graph_[write.source];
      if (target.role != Role::param && target.role != Role::state) {
        fail(fmt::format("%{} is written, but is neither a param nor a state", target.name));
      }
      if (source.role != Role::computed && source.role != Role::input) {
        fail(fmt::format("%{} is written from %{}, which is not computed here", target.name,
                         source.name));
      }
      if (source.type != target.type) {
        fail(fmt::format("%{} is {}, but is written from {}", target.name, to_string(target.type),
                         to_string(source.type)));
      }
      if (!targets.insert(write.target).second) {
        fail(fmt::format("%{} is written twice", target.name));
      }
    }
  }

  struct Lifetime {
    ValueId id{};
    std::size_t begin = 0;  // 0: before the first node; node i writes at i + 1
    std::size_t end = 0;    // the last node that reads it, or kEnd
    std::int64_t offset = 0, bytes = 0;
  };

  // True if a value may take over the place of one that its node reads for the last time.
  bool hands_over(const Lifetime& from, const Lifetime& to) const {
    if (from.end != to.begin || from.offset != to.offset || to.begin == 0) return false;
    const Node& node = graph_.nodes[to.begin - 1];
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != to.id || i >= node.op->in_place.size()) continue;
      const std::size_t port = node.op->in_place[i];
      if (port > 0 && port <= node.inputs.size() && node.inputs[port - 1] == from.id) {
        return capacity_bytes(graph_, graph_[from.id].type) >= to.bytes;
      }
    }
    return false;
  }

  std::vector<Lifetime> lifetimes() const {
    std::vector<Lifetime> lives(graph_.values.size());
    for (std::size_t i = 0; i < lives.size(); ++i) {
      lives[i].id = static_cast<ValueId>(i);
      lives[i].bytes = capacity_bytes(graph_, graph_.values[i].type);
    }
    const auto at = [&](ValueId id) -> Lifetime& { return lives[static_cast<std::size_t>(id)]; };
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (const ValueId id : graph_.nodes[i].outputs) at(id).begin = at(id).end = i + 1;
      for (const ValueId id : graph_.nodes[i].inputs) {
        if (id != kNoValue) at(id).end = std::max(at(id).end, i + 1);
      }
    }
    for (const ValueId id : graph_.results) at(id).end = kEnd;
    for (const Write& write : graph_.writes) at(write.source).end = kEnd;
    for (const Lifetime& part : std::vector(lives)) {  // the whole is there as soon as one is
      const Value& value = graph_[part.id];
      if (!value.is_in(Storage::Kind::columns) || !is_value(value.storage->base)) continue;
      Lifetime& whole = at(value.storage->base);
      whole.begin = std::min(whole.begin, part.begin);
    }
    return lives;
  }

  // How often each value is read: by nodes, as a result, as the source of a write.
  std::vector<std::size_t> count_reads() const {
    std::vector<std::size_t> reads(graph_.values.size());
    const auto add = [&](ValueId id) {
      if (id != kNoValue) ++reads[static_cast<std::size_t>(id)];
    };
    for (const Node& node : graph_.nodes) std::ranges::for_each(node.inputs, add);
    std::ranges::for_each(graph_.results, add);
    for (const Write& write : graph_.writes) add(write.source);
    return reads;
  }

  // A part is computed by an op that can write there, lies in the columns that it has in the whole,
  // and is read by nobody else.
  void check_parts() const {
    const std::vector<std::size_t> reads = count_reads();
    std::vector<bool> fits(graph_.values.size());
    for (const Node& node : graph_.nodes) {
      if (node.op->strided) fits[static_cast<std::size_t>(node.outputs[0])] = true;
    }
    std::vector<bool> placed(graph_.values.size());
    for (const Node& node : graph_.nodes) {
      if (!node.op->concatenates || graph_[node.outputs[0]].type.shape.size() != 2) continue;
      std::int64_t column = 0;
      for (const ValueId id : node.inputs) {
        const auto i = static_cast<std::size_t>(id);
        placed[i] = fits[i] && reads[i] == 1 &&
                    graph_[id].storage == Storage::in_columns(node.outputs[0], column);
        column += graph_[id].type.shape.back().value;
      }
    }
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      const Value& value = graph_.values[i];
      if (!value.is_in(Storage::Kind::columns) || placed[i]) continue;
      if (!is_value(value.storage->base)) fail("a storage names no value");
      fail(fmt::format("%{} is stored in %{} from column {} on, where it is no part of it",
                       value.name, name(value.storage->base), value.storage->offset));
    }
  }

  void check_storage() const {
    check_parts();
    const bool planned = std::ranges::any_of(graph_.values, [&](const Value& value) {
      return value.storage.has_value() && !value.is_in(Storage::Kind::columns);
    });
    if (!planned) return;
    std::vector<Lifetime> arena;
    std::map<ValueId, std::vector<Lifetime>> bases;
    const std::vector<bool> left_out = unused_outputs(graph_);
    const std::vector<Lifetime> lives = lifetimes();
    for (Lifetime life : lives) {
      const Value& value = graph_[life.id];
      if (value.persists()) {
        if (value.storage)
          fail(fmt::format("%{} outlives the program and has its own place", value.name));
        continue;
      }
      if (value.is_in(Storage::Kind::columns)) continue;
      if (!value.storage && left_out[static_cast<std::size_t>(life.id)]) continue;
      if (!value.storage) fail(fmt::format("%{} has no storage, but others have", value.name));
      if (value.is_in(Storage::Kind::persistent)) {
        check_base(value, *value.storage);
        bases[value.storage->base].push_back(life);
      } else {
        life.offset = value.storage->offset;
        check_place(value, life);
        arena.push_back(life);
      }
    }
    check_overlaps(std::move(arena), "the arena");
    std::set<ValueId> written;  // the places that a tenant is written from
    for (const Write& w : graph_.writes) {
      if (graph_[w.source].storage == Storage::in_tensor(w.target)) written.insert(w.target);
    }
    for (auto& [base, tenants] : bases) {
      if (!written.contains(base)) {
        fail(fmt::format("%{} is used as storage, but not written from it", name(base)));
      }
      // Its old content is one more: until its last reader if it is overwritten.
      tenants.push_back(lives[static_cast<std::size_t>(base)]);
      check_overlaps(std::move(tenants), "%" + name(base));
    }
  }

  void check_base(const Value& value, const Storage& storage) const {
    if (!is_value(storage.base) || storage.offset != 0) fail("a storage names no value");
    const Value& base = graph_[storage.base];
    if (!base.persists() || base.type != value.type) {
      fail(fmt::format("%{} is stored in %{}, which is not its equal", value.name, base.name));
    }
  }

  void check_place(const Value& value, const Lifetime& life) const {
    const bool inside =
        life.offset >= 0 && life.offset % 64 == 0 && life.bytes <= graph_.arena_bytes - life.offset;
    if (!inside) {
      fail(fmt::format("%{} needs {} bytes at arena+{}, but the arena has {}", value.name,
                       life.bytes, life.offset, graph_.arena_bytes));
    }
  }

  void expect_apart(const Lifetime& before, const Lifetime& life, const std::string& place) const {
    const bool apart =
        before.offset + before.bytes <= life.offset || life.offset + life.bytes <= before.offset;
    if (apart || hands_over(before, life)) return;
    fail(fmt::format("%{} and %{} are alive at once and overlap in {}", name(before.id),
                     name(life.id), place));
  }

  // In the order in which values begin to live. Those that are alive lie apart, but for values that
  // hand over their offset: a new value can overlap those from the offset just before its own, up
  // to its end. A value of no bytes overlaps nothing.
  void check_overlaps(std::vector<Lifetime> lives, const std::string& place) const {
    std::erase_if(lives, [](const Lifetime& life) { return life.bytes == 0; });
    std::ranges::stable_sort(lives, {}, &Lifetime::begin);
    std::vector<std::size_t> by_end(lives.size());
    std::iota(by_end.begin(), by_end.end(), std::size_t{0});
    std::ranges::sort(by_end, {}, [&](std::size_t i) { return lives[i].end; });
    std::set<std::pair<std::int64_t, std::size_t>> alive;  // by offset
    auto ended = by_end.begin();
    for (std::size_t i = 0; i < lives.size(); ++i) {
      const Lifetime& life = lives[i];
      for (; lives[*ended].end < life.begin; ++ended) alive.erase({lives[*ended].offset, *ended});
      auto at = alive.lower_bound({life.offset, 0});
      if (at != alive.begin()) at = alive.lower_bound({std::prev(at)->first, 0});
      for (; at != alive.end() && at->first < life.offset + life.bytes; ++at) {
        expect_apart(lives[at->second], life, place);
      }
      alive.emplace(life.offset, i);
    }
  }

  const Graph& graph_;
  Graph scratch_;  // of symbols only
};

}  // namespace

void verify(const Graph& graph) { Verifier(graph).run(); }

}  // namespace weft
