// A number that may depend on the sizes of the batch at hand: 3, `length`, `length - 2`, `2 batch`.
// Exporters write arithmetic on shapes into the graph; with these numbers it is done when the file
// is read.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weft::onnx {

// scale * symbol + plus. Symbols of equal text are equal; there is always one, but not every
// arithmetic on them is understood: the quotient of two is a symbol of its own.
struct Number {
  double plus = 0;
  double scale = 0;         // 0: the number is `plus`
  std::string symbol = {};  // empty where scale is 0; a product has its factors sorted, `a*b`

  Number() = default;
  Number(double value) : plus(value) {}  // NOLINT(google-explicit-constructor): reads as a number
  static Number named(std::string symbol) {
    Number n;
    n.scale = 1;
    n.symbol = std::move(symbol);
    return n;
  }

  bool is_known() const { return scale == 0; }
  bool operator==(const Number&) const = default;
};

std::string to_string(const Number&);
std::string to_string(const std::vector<Number>&);  // a shape: `[batch, length, 12]`

Number operator+(const Number&, const Number&);
Number operator-(const Number&, const Number&);
Number operator*(const Number&, const Number&);
// `whole`: of integers, towards zero.
Number divide(const Number&, const Number&, bool whole);

// a < b, and a == b, where that is the same for all sizes (which are at least 1); else none. Of a
// quotient or another symbol that stands for arithmetic nothing is known.
std::optional<bool> is_less(const Number&, const Number&);
std::optional<bool> is_equal(const Number&, const Number&);

}  // namespace weft::onnx
