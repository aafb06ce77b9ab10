// A plan run by the reference interpreter, from the tensors it holds.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/interpret.h"
#include "ir/plan/plan.h"

namespace weft::test {

inline std::vector<double> doubles(const PlanTensor& tensor) {
  std::vector<double> out;
  for (std::size_t at = 0; at < tensor.bytes.size(); at += 4) {
    if (tensor.type.dtype == DType::f32) {
      float x = 0;
      std::memcpy(&x, tensor.bytes.data() + at, 4);
      out.push_back(x);
    } else {
      std::int32_t x = 0;
      std::memcpy(&x, tensor.bytes.data() + at, 4);
      out.push_back(x);
    }
  }
  return out;
}

inline Tensor tensor_of(const PlanTensor& tensor) {
  Extents shape;
  for (const Dim& dim : tensor.type.shape) shape.push_back(dim.value);
  Tensor out(shape);
  out.data = doubles(tensor);
  return out;
}

// A plan run by the interpreter: the meaning of its programs, from the tensors it holds.
class Interpreted {
 public:
  explicit Interpreted(const Plan& plan) : plan_(plan) {
    for (const PlanTensor& tensor : plan.tensors) state[tensor.name] = tensor_of(tensor);
    const Graph* load = plan.program("load");
    if (load == nullptr) return;
    for (const Write& write : load->writes) {
      const Value& made = (*load)[write.target];
      Extents shape;
      for (const Dim& dim : made.type.shape) shape.push_back(dim.value);
      state.try_emplace(made.name, Tensor(shape));
    }
    run("load", {});
  }

  // Results in the program's order; nothing where the plan has no such program.
  std::vector<Tensor> run(std::string_view program, Bindings inputs) {
    const Graph* graph = plan_.program(program);
    if (graph == nullptr) return {};
    inputs.insert(state.begin(), state.end());
    Interpretation ended = interpret(*graph, inputs);
    for (auto& [name, tensor] : ended.writes) state[name] = std::move(tensor);
    return std::move(ended.results);
  }

  Bindings state;  // params and states, by name

 private:
  const Plan& plan_;
};

}  // namespace weft::test
