// The one declaration of an op: signature, shape rule, meaning in double precision, gradient,
// facts.
//
// Parser, printer, verifier, interpreter, autodiff, fusion and the tests are generic over this
// table; none of them names an op. A new op is one OpDef in ir/ops/*.cpp and one line in
// ir/ops/ops.def.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ir/graph.h"

namespace weft {

// An optional input may be left out; an optional output is, where nobody reads it. Variadic: only
// as the last input.
enum class Arity : std::uint8_t { one, optional, variadic };

// The role of an operand, for passes and tests that treat operands of a role alike.
enum class OperandRole : std::uint8_t {
  data,           // activations and everything else
  weight,         // what an optimizer updates
  gradient,       // of that weight
  state,          // what an optimizer keeps for each weight: moments, velocities
  row_state,      // f32[V], what it keeps for each row of a weight
  learning_rate,  // f32[]
  step,           // i32[], counts optimizer steps
  ids,            // i32[N], rows of a table
  last_step,      // i32[V], the step that each row of a table is as of
  past_rates,     // f32[N], the learning rates of the last N steps
  statistic,      // counted, not trained: means and variances, how important a term is
  code,           // a table that is kept as codes, and their code books: nothing trains them
};

struct PortDef {
  std::string_view name;
  std::string_view doc;  // the shape in the field's letters: "f32[T, C]"
  Arity arity = Arity::one;
  OperandRole role = OperandRole::data;
};

struct AttrDef {
  std::string_view name;
  std::string_view doc;
  std::optional<Attr> default_value;  // none: must be given, and is of the kind of `required`
  Attr required = std::int64_t{0};    // an example, e.g. 0.0 or std::vector<std::int64_t>{}
  // The range of a number, or of each number of a list, both ends included; infinity and NaN are
  // in none.
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

// The input of a shape rule. `fail` throws an Error that cites the node's source location.
struct InferContext {
  Graph& graph;
  const OpDef& op;
  std::span<const ValueId> inputs;
  const Attrs& attrs;
  SourceLocation location;

  bool has(std::size_t port) const;
  const TensorType& type(std::size_t port) const;
  std::int64_t capacity(std::string_view symbol) const;
  // Declares (or finds) a symbol that this op's outputs define, e.g. `T.valid3`.
  Dim derive(const std::string& symbol, std::int64_t capacity) const;
  [[noreturn]] void fail(const std::string& message, std::string note = {}) const;
  // Checks `type(port)`: fails with the op's name, the port, what was wanted and what was found.
  void expect_rank(std::size_t port, std::size_t rank) const;
  void expect_dtype(std::size_t port, DType) const;
  void expect_same(std::size_t port, const TensorType& wanted) const;
  // Fails unless the port is `i32[B+1 -> rows]`.
  void expect_offsets(std::size_t port, const Dim& rows) const;
};

// A tensor of the reference semantics: everything in double, integers too.
struct Tensor {
  Extents shape;
  std::vector<double> data;

  Tensor() = default;
  explicit Tensor(Extents extents, double fill = 0.0);
  std::int64_t size() const { return static_cast<std::int64_t>(data.size()); }
  std::int64_t rows() const;     // product of all but the last extent; 1 for a scalar
  std::int64_t columns() const;  // the last extent; 1 for a scalar
};

// The input of a reference. Outputs whose extents are known arrive allocated and zeroed; an op that
// defines a symbol calls `bind`, which allocates the outputs that waited for it.
struct EvalContext {
  const Graph& graph;
  const Node& node;
  std::span<const Tensor* const> x;  // null for an absent optional operand
  std::span<Tensor> y;
  std::function<void(const std::string& symbol, std::int64_t extent)> bind;
  const std::map<std::string, std::int64_t, std::less<>>& extents;  // of bound symbols
};

// The input of a gradient rule, which appends nodes and sets the gradients of the node's inputs.
struct GradientContext {
  Graph& graph;
  const Node& node;                  // a copy: appending to the graph does not move it
  std::span<const ValueId> dy;       // per output; kNoValue where nothing flows back
  std::span<ValueId> dx;             // per input; leave kNoValue where there is no gradient
  std::span<const bool> needs_grad;  // per input: whether a gradient is of use

  ValueId in(std::size_t port) const { return node.inputs[port]; }
  ValueId out(std::size_t port = 0) const { return node.outputs[port]; }
  const TensorType& type(ValueId id) const { return graph[id].type; }
  ValueId emit(const OpDef& op, std::vector<ValueId> inputs, Attrs attrs = {}) const;
};

using ElementCount = std::function<double(const TensorType&)>;

enum class Activation : std::uint8_t;  // ir/ops/nn/activation.h

// The effect of optimizer steps without a gradient on a row of a table.
struct MissedSteps {
  bool change_nothing = false;
  std::string no_closed_form = {};  // why they cannot be made up for at once; empty: they can
};

struct OpDef {
  std::string_view name;
  std::string_view doc;  // one line: what it computes
  std::vector<PortDef> inputs = {};
  std::vector<PortDef> outputs;
  std::vector<AttrDef> attrs = {};
  std::vector<TensorType> (*infer)(const InferContext&) = nullptr;
  void (*reference)(const EvalContext&) = nullptr;
  void (*gradient)(GradientContext&) = nullptr;  // null: not differentiable

  // Facts that passes ask for, so that no pass lists ops.
  std::vector<std::uint8_t> in_place = {};  // per output: the input whose storage it may
                                            // take, counted from 1; 0: none
  bool concatenates = false;                // output 0 is the columns of all inputs, in their order
  bool strided = false;                     // output 0, f32[N, C], may be columns of a wider matrix
  // Row t of the outputs depends on row t of the [T, ..] operands only: commutes with lookups.
  bool rowwise = false;
  bool monotone_activation = false;  // y = f(x) elementwise, f non-decreasing: may follow max_pool
  // This op, with these attributes, as the attribute `act` of another op; null, or none: it cannot
  // be one.
  std::optional<Activation> (*activation)(const Attrs&) = nullptr;
  int bias_port = 0;                  // 0: none; else the optional input that a bias_add folds into
  const OpDef* (*fused)() = nullptr;  // the form that takes bias and `act`, if not this op itself
  bool foldable = true;               // may be evaluated at compile time
  // The values that replace this node's outputs in a program that only predicts (dropout: its
  // input); null: the node stays. `node` has operands of `target`.
  std::vector<ValueId> (*inference)(Graph& target, const Node& node) = nullptr;
  // Arithmetic at the given extents; null: one operation per output element.
  double (*flops)(const Graph&, const Node&, const ElementCount&) = nullptr;
  std::string_view former_name = {};  // under which older plans and IR texts know it

  // Facts of optimizers: w, g, the states, the learning rate, perhaps the step -> w, the states.
  std::string_view optimizer = {};  // the name by which a program asks for it; empty: it is none
  double learning_rate = 0;         // its usual one
  // The op that does the same with these attributes by less work; null, or null: there is none.
  const OpDef* (*simpler)(const Attrs&) = nullptr;
  const OpDef* row_form = nullptr;       // the same step of some rows of a table
  const OpDef* catch_up_form = nullptr;  // of rows: the steps in which they had no gradient
  MissedSteps (*missed_steps)(const Attrs&) = nullptr;
};

std::span<const OpDef* const> all_ops();      // in the order of ops.def
const OpDef* find_op(std::string_view name);  // by its name or former name; null: there is none

// By value: an optional output that nobody reads. It is left out: not computed, without a place.
std::vector<bool> unused_outputs(const Graph&);

// Attribute access; the types were checked when the node was made.
std::int64_t int_attr(const Attrs&, std::string_view name);
double float_attr(const Attrs&, std::string_view name);  // accepts an integer
const std::string& string_attr(const Attrs&, std::string_view name);
std::vector<double> floats_attr(const Attrs&, std::string_view name);
std::vector<std::int64_t> ints_attr(const Attrs&, std::string_view name);

}  // namespace weft
