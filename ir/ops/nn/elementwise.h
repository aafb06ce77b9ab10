// Shared by all elementwise ops: shape rules, loops, operand names.
#pragma once

#include <vector>

#include "ir/ops/common.h"

namespace weft {

inline std::vector<TensorType> infer_unary(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  return {v.type(0)};
}

inline std::vector<TensorType> infer_binary(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  if (v.type(1) != v.type(0)) {
    v.fail(fmt::format("{} but {}", describe(v, 0), describe(v, 1)),
           "both must have the same type; nothing is broadcast");
  }
  return {v.type(0)};
}

template <class F>
void map_one(const EvalContext& v, F f) {
  const std::vector<double>& x = v.x[0]->data;
  for (std::size_t i = 0; i < x.size(); ++i) v.y[0].data[i] = f(x[i]);
}

template <class F>
void map_two(const EvalContext& v, F f) {
  const std::vector<double>&a = v.x[0]->data, &b = v.x[1]->data;
  for (std::size_t i = 0; i < a.size(); ++i) v.y[0].data[i] = f(a[i], b[i]);
}

using Ports = std::vector<PortDef>;
inline Ports x_port() { return {{"x", "f32[..]"}}; }
inline Ports y_port() { return {{"y", "f32[..]"}}; }
inline Ports dx_port() { return {{"dx", "f32[..]"}}; }

}  // namespace weft
