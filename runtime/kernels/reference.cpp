// The fallback: any op by its reference, on copies in double.
#include "runtime/kernels/reference.h"

#include <cmath>

namespace weft {
namespace {

// The place of element i, if rows may lie apart.
std::size_t place_of(std::size_t i, const Operand& operand) {
  if (!operand.is_part()) return i;
  const auto columns = static_cast<std::size_t>(operand.columns());
  return i / columns * static_cast<std::size_t>(operand.row_stride()) + i % columns;
}

void store(const Tensor& tensor, const Operand& to) {
  for (std::size_t i = 0; i < tensor.data.size(); ++i) {
    const auto whole = [&] { return std::llround(tensor.data[i]); };
    switch (to.dtype()) {
      case DType::f32:
        to.f32()[place_of(i, to)] = static_cast<float>(tensor.data[i]);
        break;
      case DType::i32:
        to.i32()[i] = static_cast<std::int32_t>(whole());
        break;
      case DType::i16:
        to.i16()[i] = static_cast<std::int16_t>(whole());
        break;
      case DType::i8:
        to.i8()[i] = static_cast<std::int8_t>(whole());
        break;
    }
  }
}

class ReferenceKernel final : public Kernel {
 public:
  explicit ReferenceKernel(const BindContext& bind)
      : graph_(bind.graph), node_(bind.node), x_(bind.x), y_(bind.y) {}

  void run(RunContext& run) override {
    SymbolExtents extents = bound_extents(graph_, run);
    std::vector<Tensor> inputs(x_.size());
    std::vector<const Tensor*> operands;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      if (x_[i]) inputs[i] = tensor_of(x_[i], run);
      operands.push_back(x_[i] ? &inputs[i] : nullptr);
    }
    const std::vector<Tensor> outputs = evaluate(graph_, node_, operands, extents);
    for (std::size_t s = 0; s < graph_.symbols.size(); ++s) {
      const auto bound = extents.find(graph_.symbols[s].name);
      if (bound != extents.end()) run.extents[s] = bound->second;
    }
    for (std::size_t i = 0; i < y_.size(); ++i) {
      if (y_[i]) store(outputs[i], y_[i]);
    }
  }

 private:
  const Graph& graph_;
  const Node& node_;
  std::vector<Operand> x_, y_;
};

}  // namespace

Tensor tensor_of(const Operand& from, const RunContext& run) {
  Extents shape;
  for (std::size_t axis = 0; axis < from.rank(); ++axis) shape.push_back(from.extent(axis, run));
  Tensor tensor(shape);
  for (std::size_t i = 0; i < tensor.data.size(); ++i) {
    switch (from.dtype()) {
      case DType::f32:
        tensor.data[i] = static_cast<double>(from.f32()[place_of(i, from)]);
        break;
      case DType::i32:
        tensor.data[i] = static_cast<double>(from.i32()[i]);
        break;
      case DType::i16:
        tensor.data[i] = static_cast<double>(from.i16()[i]);
        break;
      case DType::i8:
        tensor.data[i] = static_cast<double>(from.i8()[i]);
        break;
    }
  }
  return tensor;
}

SymbolExtents bound_extents(const Graph& graph, const RunContext& run) {
  SymbolExtents extents;
  for (std::size_t s = 0; s < graph.symbols.size(); ++s) {
    if (run.extents[s] >= 0) extents.emplace(graph.symbols[s].name, run.extents[s]);
  }
  return extents;
}

std::unique_ptr<Kernel> make_reference_kernel(const BindContext& bind) {
  return std::make_unique<ReferenceKernel>(bind);
}

}  // namespace weft
