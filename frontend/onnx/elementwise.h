// Elementwise arithmetic on what is known when the file is read: constants, shapes and masks.
#pragma once

#include <cstdint>

#include "frontend/onnx/value.h"

namespace weft::onnx {

enum class Binary : std::uint8_t {
  add,
  sub,
  mul,
  div,
  pow,
  max,
  min,
  mod,
  equal,
  less,
  less_equal,
  greater,
  greater_equal,
  both,
  either,
};
enum class Unary : std::uint8_t {
  negation,
  negative,
  root,
  absolute,
  floor,
  ceil,
  exp,
  log,
  reciprocal,
  is_nan,
};

// Of constants and patterns. Refused where a number depends on the text in a way that decides
// something.
Value folded(Binary, const Value& a, const Value& b);
Value folded(Unary, const Value&);

// Element by element, of three constants.
Value chosen(const Constant& condition, const Constant& yes, const Constant& no);

}  // namespace weft::onnx
