// A program: SSA values and nodes in execution order. A value type; passes read one and write
// another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "ir/diagnostic.h"
#include "ir/type.h"

namespace weft {

struct OpDef;

enum class ValueId : std::uint32_t {};           // an index into Graph::values
inline constexpr ValueId kNoValue{0xFFFFFFFFU};  // an optional operand left out, printed `_`

// A type of its own, for libstdc++ 12: a variant of std types only is taken to always hold a value,
// which is not so while a copy of it runs out of memory, and is destroyed by a wild jump.
struct AttrNumbers : std::vector<double> {
  using vector::vector;
  AttrNumbers(std::vector<double> numbers) : vector(std::move(numbers)) {}
};

using Attr =
    std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, AttrNumbers>;
using Attrs = std::map<std::string, Attr, std::less<>>;  // ordered: printing is canonical

// A number known only at run time, with the most it may be: memory is planned for the capacity.
struct Symbol {
  std::string name;  // `B` examples, `T` tokens, or derived from another: `T.valid3`
  std::int64_t capacity = 0;
  bool derived = false;  // bound by a node as the program runs, not by the caller

  bool operator==(const Symbol&) const = default;
};

// The source of a value. `param` and `state` persist between runs (weights; optimizer moments,
// running statistics, counters); a program changes them only through Graph::writes.
enum class Role : std::uint8_t { input, param, state, computed };

// The place of a value while the program runs.
struct Storage {
  enum class Kind : std::uint8_t {
    arena,       // `offset` bytes into the arena, a multiple of 64
    persistent,  // in the place of the param or state `base`, which it replaces: `write %w <- %new`
                 // costs nothing when %new is already stored in %w
    columns,     // as columns of `base`, a matrix computed later, from column `offset` on
  };
  Kind kind = Kind::arena;
  ValueId base = kNoValue;
  std::int64_t offset = 0;

  static Storage in_arena(std::int64_t bytes) { return {Kind::arena, kNoValue, bytes}; }
  static Storage in_tensor(ValueId tensor) { return {Kind::persistent, tensor, 0}; }
  static Storage in_columns(ValueId matrix, std::int64_t first) {
    return {Kind::columns, matrix, first};
  }
  bool operator==(const Storage&) const = default;
};

struct Value {
  std::string name;  // unique in the graph; `%5` has the name "5"
  TensorType type;
  Role role = Role::computed;
  // Facts about a param or state for the compiler: `init="uniform" scale=0.25 seed=7`,
  // `frozen=1` (no gradient), `max_norm=3.0`, `decay=0` (exempt from weight decay). Empty for other
  // roles.
  Attrs attrs = {};
  std::optional<Storage> storage = {};     // set by plan-memory for inputs and computed values
  std::vector<std::string> comments = {};  // the `//` lines above the declaration

  bool is_in(Storage::Kind kind) const { return storage && storage->kind == kind; }
  bool persists() const { return role == Role::param || role == Role::state; }
};

struct Node {
  const OpDef* op = nullptr;
  std::vector<ValueId> inputs;  // kNoValue where an optional operand is absent
  std::vector<ValueId> outputs;
  Attrs attrs;                        // complete: defaults are filled in by Graph::append
  SourceLocation location;            // in the model description
  std::vector<std::string> comments;  // the `//` lines above the node, kept by print and parse
};

// When the program ends, `target` (a param or state) holds `source`.
struct Write {
  ValueId target, source;
};

// So that names are looked up by string_view, without a copy.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return std::hash<std::string_view>{}(name);
  }
};

// A program of thousands of layers has some hundred: symbols are looked up one by one.
constexpr std::size_t kMaxSymbols = 4096;

struct Graph {
  std::string name;
  Attrs attrs;                        // settings that passes read: `optimizer="adam" beta1=0.9`
  std::vector<std::string> comments;  // above the program
  std::vector<std::string> closing_comments;  // above its writes and results
  std::vector<Symbol> symbols;
  std::vector<Value> values;
  std::vector<Node> nodes;  // in execution order: the list is the schedule
  std::vector<ValueId> results;
  std::vector<Write> writes;     // the only effects a program has
  std::int64_t arena_bytes = 0;  // set by plan-memory

  const Value& operator[](ValueId id) const { return values[static_cast<std::size_t>(id)]; }
  Value& operator[](ValueId id) { return values[static_cast<std::size_t>(id)]; }

  // Adds a symbol, or returns the one of that name. A name declared again keeps its capacity. Error
  // above kMaxSymbols.
  Symbol& symbol(std::string_view name, std::int64_t capacity, bool derived = false);
  const Symbol* find_symbol(std::string_view name) const;
  const Value* find_value(std::string_view name) const;
  std::optional<ValueId> find(std::string_view name) const;

  // Adds an input, param or state. Error if the name is taken or the type names an unknown symbol.
  ValueId declare(Role, std::string name, TensorType, Attrs = {});

  // Adds a node: fills in attribute defaults, infers the output types, names the outputs (`hint`,
  // made unique, or the next free number). Error, citing `location`, if the op's rules are broken.
  std::vector<ValueId> append(const OpDef&, std::vector<ValueId> inputs, Attrs = {},
                              SourceLocation = {}, std::string_view hint = {});
  // The same for the usual op of one output.
  ValueId add(const OpDef&, std::vector<ValueId> inputs, Attrs = {}, SourceLocation = {},
              std::string_view hint = {});

  std::string unique_name(std::string_view hint) const;

  // Every change of `values` that touches names goes through these, or is followed by index_names:
  // find() is by hash.
  ValueId add_value(Value);
  void rename(ValueId, std::string name);
  void index_names();

 private:
  std::unordered_multimap<std::string, ValueId, NameHash, std::equal_to<>> names_;
};

// Elements and bytes of a type when every symbol is at its capacity.
std::int64_t capacity_elements(const Graph&, const TensorType&);
std::int64_t capacity_bytes(const Graph&, const TensorType&);

}  // namespace weft
