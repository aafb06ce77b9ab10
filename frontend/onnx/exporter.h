// Writes a graph of weft over packed rows as ONNX ops over [batch, length, features]: texts of a
// batch are of one length there.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/onnx/model.h"
#include "ir/graph.h"
#include "ir/op.h"
#include "ir/plan/plan.h"

namespace weft::onnx {

class Exporter;

// Writes a node of weft; ops without one cannot be exported.
struct ExportRule {
  const OpDef* op;
  void (*write)(Exporter&, const weft::Node&);
};

class Exporter {
 public:
  // The graph's params and states are tensors of the plan; both outlive the model.
  Exporter(const Graph& graph, const Plan& plan) : graph_(graph), plan_(plan) {}

  // The whole graph; `output` becomes the output `logits`. Error that names all ops that cannot be
  // written.
  Model run(ValueId output);

  // ---- What rules use.

  const Graph& graph() const { return graph_; }
  const std::string& name(ValueId id) const { return graph_[id].name; }
  std::span<const float> values(ValueId) const;  // of a param or state

  // A node, and the name of its output.
  std::string add(std::string op, std::vector<std::string> inputs,
                  std::map<std::string, Attribute, std::less<>> attributes = {});
  // The same, of so many outputs.
  std::vector<std::string> add_outputs(std::size_t count, std::string op,
                                       std::vector<std::string> inputs);
  // A node whose output is a value of weft.
  void set(const weft::Node&, std::string op, std::vector<std::string> inputs,
           std::map<std::string, Attribute, std::less<>> attributes = {});
  std::string integers(const std::vector<std::int64_t>&);
  std::string scalar(float);
  std::string integer(std::int64_t);
  std::string floats(std::string_view hint, Extents shape, std::span<const float> values);

  // Rows with the length last, [batch, features, length], as ONNX's windows take them; and back.
  std::string length_last(const std::string& rows);
  std::string length_of(const std::string& rows);  // of [batch, length, ..], as INT64[1]

 private:
  std::string fresh(std::string_view hint);
  void append(std::string op, std::vector<std::string> inputs, std::vector<std::string> outputs,
              std::map<std::string, Attribute, std::less<>> attributes);
  // A weight that is made here, of these bytes; its name.
  std::string constant(std::string_view hint, ElementType, Extents shape, std::string bytes);
  void add_weight(ValueId);

  const Graph& graph_;
  const Plan& plan_;
  Model model_;
  std::deque<std::string> bytes_;  // of weights that are made here
  std::map<std::string, std::string, std::less<>> constants_;
  std::size_t count_ = 0;
  std::string next_;  // the name of the next node's output, if it has one
};

Attribute attribute(std::int64_t value);
Attribute attribute(std::vector<std::int64_t> values);
Attribute attribute_of_real(float value);

const ExportRule* find_export_rule(const OpDef& op);

// A plan's graph as a file. Error if the plan has no description, lacks its weights, or has ops
// that cannot be written.
std::string export_onnx(const Plan&);

}  // namespace weft::onnx
