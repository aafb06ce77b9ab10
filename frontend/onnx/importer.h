// Runs an ONNX graph with the text left open: what does not depend on the text is computed, what
// does becomes ops of weft over packed rows.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "frontend/onnx/value.h"
#include "ir/diagnostic.h"
#include "ir/graph.h"

namespace weft::onnx {

class Importer;

// Computes the outputs of a node. A failure says what weft cannot do with it, and the importer
// where.
struct OpRule {
  std::string_view name;
  void (*convert)(Importer&, const Node&);
};

const OpRule* find_rule(std::string_view op);

// A node that weft has no way to compute.
struct Refused {
  std::string message, remedy;
};
template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw Refused{fmt::format(format, std::forward<Args>(args)...), {}};
}

// A weight of the program under the name it gets there.
struct Weight {
  std::string name;
  TensorType type;
  std::vector<float> values;
};

struct Imported {
  Graph graph;                         // inputs %ids, %offsets and, for pairs, %types
  ValueId output = kNoValue;           // f32[B, K]
  std::string activation;              // that the model ends with: `softmax`, `sigmoid`, or none
  std::int64_t table_rows = 0;         // of the table of word vectors: ids are below
  std::optional<std::int64_t> length;  // of all texts, where the file fixes it
  std::int64_t longest = 0;            // that its positions reach; 0: there is no limit
  bool masked = false;                 // it takes a mask, or leaves out padding by its id
  std::optional<double> padding;       // this id
  std::vector<Weight> weights;
  std::vector<std::string> labels;  // that the file names; none: it does not
  std::vector<std::string> notes;
};

// `output`: the name of the output that holds the logits; empty: `logits`, or the first. `pair`:
// types of tokens are an input of the program. Error that names all nodes that weft has no way to
// compute.
Imported import_graph(const Model&, const std::string& output, bool pair);

class Importer {
 public:
  Importer(const Model& model, bool pair);

  Imported run(const std::string& output);

  // ---- What rules ask for.

  bool has_input(const Node&, std::size_t i) const;
  const Value& input(const Node&, std::size_t i) const;
  // Of a kind that the rule needs; refused, naming what it is, if it is of another.
  const Constant& constant(const Node&, std::size_t i) const;
  const Rows& rows(const Node&, std::size_t i) const;
  // Integers that must be known: axes, pads.
  std::vector<std::int64_t> integers(const Node&, std::size_t i) const;
  // Axes from an attribute (older opsets) or from an input, from 0 to rank - 1, in order.
  std::optional<std::vector<std::size_t>> axes(const Node&, std::size_t i, std::size_t rank) const;

  void set(const Node&, Value, std::size_t output = 0);

  // ---- What rules make.

  ValueId add(const OpDef&, std::vector<ValueId> inputs, Attrs = {});
  // A weight in the layout that weft wants. `from`: the ONNX weight that it is made of, `layout`
  // how: equal ones are made once.
  ValueId weight(std::string name, Shape shape, std::vector<double> values);
  std::int64_t columns(ValueId) const;

  // x * factor, and x + number or x * number per column.
  ValueId scaled(ValueId x, double factor);
  ValueId plus(ValueId x, const std::vector<double>& columns, const std::string& name = {});
  ValueId times(ValueId x, const std::vector<double>& columns, const std::string& name = {});
  // Layer norm of x, whose gain and bias may follow by `times` and `plus`.
  ValueId normalized(ValueId x, double epsilon);
  ValueId normalized(ValueId x, double epsilon, std::vector<double> gamma,
                     std::vector<double> beta);
  // The node that computes a value; null: an input or a weight.
  const weft::Node* maker(ValueId) const;

  // The weights [K, N] or [N] side by side.
  ValueId joined_columns(std::span<const ValueId> weights);
  // The offsets of windows over those of `from`; equal windows are made once.
  ValueId windows(ValueId from, const Attrs& window);

  // Rows that are the same for each text: row t of a table [N, C] at position t.
  Rows by_position(const Constant& table, std::size_t time_axis, std::int64_t first);

  Value load(const Tensor&) const;  // a constant of its numbers
  Graph& graph() { return result_.graph; }
  std::int64_t opset() const { return model_.opset; }
  const Number& batch() const { return batch_; }
  const Number& length() const { return length_; }
  void limit_length(std::int64_t longest);
  void use_table(std::int64_t rows);
  void note(const std::string& text);
  void left_out(double id);  // the model compares ids with that of padding

 private:
  friend Imported import_graph(const Model&, const std::string&, bool);

  const Port& find_output(const std::string& name) const;
  void declare_inputs(bool pair);
  void declare_ids(const Port&);
  std::vector<bool> needed(const std::string& output) const;
  void check_ops(const std::vector<bool>& needed) const;
  void convert(const Node&);

  std::string end_activation(const std::string& output);

  const Model& model_;
  Imported result_;
  std::map<std::string, Value, std::less<>> values_;
  std::map<std::string, std::size_t, std::less<>> uses_;  // by name: nodes that will still read it
  struct Norm {
    ValueId x;
    double epsilon;
    std::vector<double> gamma, beta;
  };
  std::map<ValueId, std::size_t> makers_;
  std::map<ValueId, Norm> norms_;
  std::vector<std::tuple<ValueId, Attrs, ValueId>> windows_;
  std::map<std::string, ValueId, std::less<>> known_weights_;
  ValueId offsets_ = kNoValue;
  Number batch_, length_;
  const Node* node_ = nullptr;  // that is being converted
  std::vector<Diagnostic> errors_;
};

}  // namespace weft::onnx
