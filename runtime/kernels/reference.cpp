// The fallback: any op by its reference, on copies in double.
#include <cmath>

#include "runtime/kernels/kernel.h"

namespace weft {
namespace {

class ReferenceKernel final : public Kernel {
 public:
  explicit ReferenceKernel(const BindContext& bind)
      : graph_(bind.graph),
        node_(bind.node),
        x_(bind.x),
        y_(bind.y),
        inputs_(x_.size()),
        outputs_(y_.size()) {}

  void run(RunContext& run) override {
    extents_.clear();
    for (std::size_t s = 0; s < graph_.symbols.size(); ++s) {
      if (run.extents[s] >= 0) extents_.emplace(graph_.symbols[s].name, run.extents[s]);
    }
    std::vector<const Tensor*> operands;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      if (x_[i]) inputs_[i] = load(x_[i], run);
      operands.push_back(x_[i] ? &inputs_[i] : nullptr);
    }
    allocate_outputs(run, "");
    const auto bind = [&](const std::string& symbol, std::int64_t extent) {
      for (std::size_t s = 0; s < graph_.symbols.size(); ++s) {
        if (graph_.symbols[s].name == symbol) run.extents[s] = extent;
      }
      extents_[symbol] = extent;
      allocate_outputs(run, symbol);
    };
    node_.op->reference(EvalContext{graph_, node_, operands, outputs_, bind, extents_});
    for (std::size_t i = 0; i < y_.size(); ++i) {
      if (y_[i]) store(outputs_[i], y_[i]);
    }
  }

 private:
  // The place of element i, if rows may lie apart.
  static std::size_t place_of(std::size_t i, const Operand& operand) {
    if (!operand.is_part()) return i;
    const auto columns = static_cast<std::size_t>(operand.columns());
    return i / columns * static_cast<std::size_t>(operand.row_stride()) + i % columns;
  }

  static Tensor load(const Operand& from, const RunContext& run) {
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

  static void store(const Tensor& tensor, const Operand& to) {
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

  // Outputs whose extents are all known; with `symbol`, only those that waited for it.
  void allocate_outputs(const RunContext& run, const std::string& symbol) {
    for (std::size_t i = 0; i < y_.size(); ++i) {
      Extents shape;
      bool known = true, waited = symbol.empty();
      const Shape& dims = graph_[node_.outputs[i]].type.shape;
      for (std::size_t axis = 0; axis < y_[i].rank(); ++axis) {
        const std::int64_t extent = y_[i].extent(axis, run);
        known = known && extent - dims[axis].value * (dims[axis].is_static() ? 0 : 1) >= 0;
        waited = waited || dims[axis].symbol == symbol;
        shape.push_back(extent);
      }
      if (known && waited) outputs_[i] = Tensor(shape);
    }
  }

  const Graph& graph_;
  const Node& node_;
  std::vector<Operand> x_, y_;
  std::vector<Tensor> inputs_, outputs_;
  std::map<std::string, std::int64_t, std::less<>> extents_;
};

}  // namespace

std::unique_ptr<Kernel> make_reference_kernel(const BindContext& bind) {
  return std::make_unique<ReferenceKernel>(bind);
}

}  // namespace weft
