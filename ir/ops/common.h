// Shared by the files of this folder: checks of shape rules, checked reads of references.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/op.h"

namespace weft {

// "x is f32[T, 300]", to be put into messages.
inline std::string describe(const InferContext& v, std::size_t port) {
  return fmt::format("{} is {}", v.op.inputs[port].name, to_string(v.type(port)));
}

// An f32 operand of this rank.
inline const TensorType& expect_float(const InferContext& v, std::size_t port, std::size_t rank) {
  v.expect_dtype(port, DType::f32);
  v.expect_rank(port, rank);
  return v.type(port);
}

inline TensorType float_type(Shape shape) { return {DType::f32, std::move(shape), {}}; }
inline TensorType int_type(Shape shape) { return {DType::i32, std::move(shape), {}}; }

inline void expect_scalar(const InferContext& v, std::size_t port, DType dtype) {
  v.expect_same(port, {dtype, {}, {}});
}

// A vector of one number per channel of operand 0 (its last dimension).
inline void expect_per_channel(const InferContext& v, std::size_t port) {
  if (v.type(port) == float_type({v.type(0).shape.back()})) return;
  v.fail(fmt::format("{} but {}", describe(v, port), describe(v, 0)),
         fmt::format("{} holds one number per channel, the last dimension of {}",
                     v.op.inputs[port].name, v.op.inputs[0].name));
}

// The product of the extents from `first` up to `last`.
inline std::int64_t product(const Extents& extents, std::size_t first, std::size_t last) {
  std::int64_t n = 1;
  for (std::size_t i = first; i < last; ++i) n *= extents[i];
  return n;
}

[[noreturn]] inline void fail(const EvalContext& v, const std::string& message,
                              std::string note = {}) {
  throw Error(v.node.location, fmt::format("{}: {}", v.node.op->name, message), std::move(note));
}

// A whole number in [low, high), as an index; `what` says which for the message: "ids[3]".
inline std::int64_t checked_index(const EvalContext& v, double value, std::int64_t low,
                                  std::int64_t high, const std::string& what) {
  const bool whole = value == std::floor(value);
  if (whole && value >= static_cast<double>(low) && value < static_cast<double>(high)) {
    return static_cast<std::int64_t>(value);
  }
  fail(v, fmt::format("{} is {}, but must be at least {} and below {}", what, value, low, high));
}

// An i32 scalar.
inline std::int64_t integer_operand(const EvalContext& v, std::size_t port) {
  return checked_index(v, v.x[port]->data.at(0), -(std::int64_t{1} << 31), std::int64_t{1} << 31,
                       std::string(v.node.op->inputs[port].name));
}

// Reads and writes by row and column without a cast at every turn.
inline double& at(Tensor& t, std::int64_t row, std::int64_t column) {
  return t.data[static_cast<std::size_t>(row * t.columns() + column)];
}
inline double at(const Tensor& t, std::int64_t row, std::int64_t column) {
  return t.data[static_cast<std::size_t>(row * t.columns() + column)];
}

// An attribute that must be given, of the kind of the example.
inline AttrDef required(std::string_view name, std::string_view doc, Attr example) {
  return {name, doc, std::nullopt, std::move(example)};
}

// Elements of one dimension, for flop counts.
inline double extent_of(const Dim& dim, const ElementCount& count) {
  return count(float_type({dim}));
}

}  // namespace weft
