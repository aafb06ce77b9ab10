// The values of an ONNX graph in the importer, which runs the graph with the text left open.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "frontend/onnx/model.h"
#include "frontend/onnx/number.h"
#include "frontend/onnx/view.h"
#include "ir/graph.h"

namespace weft::onnx {

using Sizes = std::vector<Number>;

// A tensor of known shape whose numbers are known, or depend on the batch's sizes only.
struct Constant {
  ElementType type = ElementType::f32;
  Extents shape;
  std::vector<double> data;                // `plus` of each number
  std::map<std::size_t, Number> symbolic;  // the numbers that are not known
  std::string name = {};                   // of the weight that it is; empty: it is none

  std::size_t size() const { return data.size(); }
  Number at(std::size_t i) const;
  void push(const Number&);
  bool is_known() const { return symbolic.empty(); }
  bool is_float() const { return type == ElementType::f32 || type == ElementType::f64; }
};

// A tensor whose shape may depend on the batch and whose numbers follow a rule: a mask of texts
// that have no padding, the positions of their tokens.
struct Pattern {
  enum class Kind : std::uint8_t {
    uniform,   // every number is `first`
    counting,  // first, first + 1, … along `axis`
    unknown,   // of use as indices into what is uniform
  };
  Kind kind = Kind::uniform;
  ElementType type = ElementType::i64;
  Sizes shape;
  Number first = 0;
  std::size_t axis = 0;
};

// Rows of weft: f32[N, C], or the ids i32[T], which have no columns.
struct Rows {
  ValueId id = kNoValue;
  ValueId offsets = kNoValue;  // kNoValue: a row for each text
  View view;
};

// q k^T of attention, [.., rows, rows]: weft computes it as part of an attention only.
struct Scores {
  ValueId q = kNoValue, k = kNoValue, offsets = kNoValue;
  std::int64_t heads = 1, width = 0;  // of all heads together
  double scale = 1;
  bool softmax = false;
  View view;
};

// A step of a layer norm, or of a gelu by erf, that is written in small operations.
struct Part {
  enum class Kind : std::uint8_t {
    mean,       // of each row of x
    centered,   // x - mean
    square,     // (x - mean)^2
    variance,   // its mean, plus `number`
    deviation,  // the root of that
    erf,        // erf(number * x)
    erf_plus,   // factor * (1 + erf(number * x))
    sum,        // of x over each text
  };
  Kind kind = Kind::mean;
  Rows x;
  double number = 0;
  View view;
  double factor = 1;
};

// None: its node could not be converted, which has been said.
using Value = std::variant<std::monostate, Constant, Pattern, Rows, Scores, Part>;

// The shape that ONNX sees.
Sizes shape_of(const Value&);
std::string describe(const Value&);  // for messages: `[batch, length, 12]`, `a constant [3, 4]`

}  // namespace weft::onnx
