// A planned program bound to memory of its own: filled from tensors, run, read back.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "ir/interpret.h"
#include "runtime/executor.h"

namespace weft {

// Writes every number of a tensor as that type, row-major, to `to`, which has room for them.
void copy_elements(const Tensor& from, DType dtype, std::byte* to);
// The numbers of the elements at `from`, row-major, of the shape given.
Tensor tensor_of(const std::byte* from, DType dtype, Extents shape);

class BoundProgram {
 public:
  // `given` holds every param and state of the program by name. Errors are those of Executor.
  BoundProgram(Graph planned, const Bindings& given, int threads);

  // Fills the inputs and runs; symbols take their extents from the tensors' shapes, and a symbol
  // that only offsets speak of from their last entry. `given` holds every input.
  void run(const Bindings& given);

  // The i-th of the program's results; valid until the next run.
  TensorView result(std::size_t i = 0) const;
  // A param or state as it is now.
  Tensor tensor(std::string_view name) const;

  Memory& memory() { return *memory_; }
  Executor& executor() { return *executor_; }
  const Graph& graph() const { return graph_; }

 private:
  Graph graph_;
  std::vector<std::unique_ptr<AlignedBytes>> bytes_;
  std::vector<PlanTensor> tensors_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Executor> executor_;
};

}  // namespace weft
