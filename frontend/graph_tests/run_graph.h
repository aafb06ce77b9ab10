// Runs one program on given tensors, by its kernels or by the reference, and shows the outcome.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/interpret.h"

namespace weft {

enum class Engine : std::uint8_t {
  kernels,    // as plans run: in f32, planned by plan-memory where the graph has no plan
  reference,  // the interpreter, in double
};

struct NamedTensor {
  std::string name;
  TensorType type;
  Tensor tensor;
};

struct Outcome {
  std::vector<NamedTensor> results;  // in the program's order
  std::vector<NamedTensor> writes;   // params and states that it wrote, as they are at the end

  const NamedTensor* find(std::string_view name) const;  // a result first; null: none
};

// `given`: see bind_values. Error for a graph that breaks a rule, and for numbers that an op
// refuses: ids outside a table.
Outcome run_graph(const Graph&, const Bindings& given, Engine);

bool is_planned(const Graph&);  // its values have places

// For a reader: name, type and numbers of each, long tensors shortened.
std::string outcome_text(const Outcome&);
// For a program: {"results": {"y": [[1, 2]]}, "writes": {}}, complete, a line each. Numbers are
// the shortest that give the same f32; null stands for one that is none.
std::string outcome_json(const Outcome&);

// The object of either list.
std::string tensors_json(const std::vector<NamedTensor>&);

}  // namespace weft
