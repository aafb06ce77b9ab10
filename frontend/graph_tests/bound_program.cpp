// Copies tensors into a program's memory and out of it.
#include "frontend/graph_tests/bound_program.h"

#include <cstring>
#include <utility>

#include "frontend/graph_tests/random_values.h"

namespace weft {
namespace {

template <typename Element>
void write_elements(const std::vector<double>& from, std::byte* to) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto element = static_cast<Element>(from[i]);
    std::memcpy(to + i * sizeof element, &element, sizeof element);
  }
}

template <typename Element>
void read_elements(const std::byte* from, std::vector<double>& to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    Element element{};
    std::memcpy(&element, from + i * sizeof element, sizeof element);
    to[i] = static_cast<double>(element);
  }
}

}  // namespace

void copy_elements(const Tensor& from, DType dtype, std::byte* to) {
  switch (dtype) {
    case DType::f32:
      return write_elements<float>(from.data, to);
    case DType::i32:
      return write_elements<std::int32_t>(from.data, to);
    case DType::i16:
      return write_elements<std::int16_t>(from.data, to);
    case DType::i8:
      return write_elements<std::int8_t>(from.data, to);
  }
}

Tensor tensor_of(const std::byte* from, DType dtype, Extents shape) {
  Tensor tensor(std::move(shape));
  switch (dtype) {
    case DType::f32:
      read_elements<float>(from, tensor.data);
      break;
    case DType::i32:
      read_elements<std::int32_t>(from, tensor.data);
      break;
    case DType::i16:
      read_elements<std::int16_t>(from, tensor.data);
      break;
    case DType::i8:
      read_elements<std::int8_t>(from, tensor.data);
      break;
  }
  return tensor;
}

BoundProgram::BoundProgram(Graph planned, const Bindings& given, int threads)
    : graph_(std::move(planned)) {
  for (const Value& value : graph_.values) {
    if (!value.persists()) continue;
    const Tensor& tensor = given.at(value.name);
    const auto size = tensor.data.size() * static_cast<std::size_t>(size_of(value.type.dtype));
    bytes_.push_back(std::make_unique<AlignedBytes>(size));
    copy_elements(tensor, value.type.dtype, bytes_.back()->data());
    tensors_.push_back({value.name, value.type, value.role, bytes_.back()->span()});
  }
  memory_ = std::make_unique<Memory>(tensors_, Access::owned);
  executor_ = std::make_unique<Executor>(graph_, *memory_, threads);
}

void BoundProgram::run(const Bindings& given) {
  std::vector<SymbolExtent> extents;
  for (const Symbol& symbol : graph_.symbols) extents.push_back({symbol.name, 0});
  for (const Value& value : graph_.values) {
    if (value.role != Role::input) continue;
    const Tensor& tensor = given.at(value.name);
    copy_elements(tensor, value.type.dtype, executor_->input(value.name).data());
    for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
      const Dim& dim = value.type.shape[axis];
      if (!dim.is_static()) extents.push_back({dim.symbol, tensor.shape[axis] - dim.value});
    }
    if (!value.type.ragged_dim.empty()) {
      extents.push_back({value.type.ragged_dim, static_cast<std::int64_t>(tensor.data.back())});
    }
  }
  executor_->run(extents);
}

TensorView BoundProgram::result(std::size_t i) const {
  return executor_->result(graph_[graph_.results[i]].name);
}

Tensor BoundProgram::tensor(std::string_view name) const {
  const Value& value = *graph_.find_value(name);
  return tensor_of(memory_->address(name, value.type), value.type.dtype, bound_shape(value, {}));
}

}  // namespace weft
