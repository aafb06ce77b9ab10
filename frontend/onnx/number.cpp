// Arithmetic on numbers with one symbol each.
#include "frontend/onnx/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace weft::onnx {
namespace {

// Of a symbol: repeated arithmetic would double its text each time.
constexpr std::size_t kLongest = 200;

// A symbol for what has no other form.
Number opaque(std::string_view op, const Number& a, const Number& b) {
  std::string left = to_string(a), right = to_string(b);
  if (op == "*" && right < left) std::swap(left, right);
  std::string text = fmt::format("({}){}({})", left, op, right);
  if (text.size() > kLongest) text = fmt::format("#{:x}", std::hash<std::string>()(text));
  return Number::named(std::move(text));
}

// The factors of a product, in order.
std::string product(const std::string& a, const std::string& b) {
  std::vector<std::string> factors;
  int depth = 0;
  std::string factor;
  for (const char c : a + "*" + b) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == '*' && depth == 0) {
      factors.push_back(std::move(factor));
      factor.clear();
    } else {
      factor += c;
    }
  }
  factors.push_back(std::move(factor));
  std::ranges::sort(factors);
  return fmt::format("{}", fmt::join(factors, "*"));
}

Number with(double scale, std::string symbol, double plus) {
  Number n(plus);
  if (scale == 0) return n;
  n.scale = scale;
  n.symbol = std::move(symbol);
  return n;
}

}  // namespace

std::string to_string(const Number& n) {
  if (n.is_known()) return fmt::format("{}", n.plus);
  std::string text = n.scale == 1 ? n.symbol : fmt::format("{} {}", n.scale, n.symbol);
  if (n.plus != 0) text += fmt::format(" {} {}", n.plus < 0 ? '-' : '+', std::abs(n.plus));
  return text;
}

std::string to_string(const std::vector<Number>& shape) {
  std::vector<std::string> sizes;
  for (const Number& size : shape) sizes.push_back(to_string(size));
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

Number operator+(const Number& a, const Number& b) {
  if (a.is_known()) return with(b.scale, b.symbol, a.plus + b.plus);
  if (b.is_known()) return with(a.scale, a.symbol, a.plus + b.plus);
  if (a.symbol == b.symbol) return with(a.scale + b.scale, a.symbol, a.plus + b.plus);
  return opaque("+", a, b);
}

Number operator-(const Number& a, const Number& b) { return a + b * Number(-1); }

Number operator*(const Number& a, const Number& b) {
  if (a.is_known()) return with(a.plus * b.scale, b.symbol, a.plus * b.plus);
  if (b.is_known()) return b * a;
  if (a.plus != 0 || b.plus != 0) return opaque("*", a, b);
  if (a.symbol.size() + b.symbol.size() > kLongest) return opaque("*", a, b);
  return with(a.scale * b.scale, product(a.symbol, b.symbol), 0);
}

Number divide(const Number& a, const Number& b, bool whole) {
  if (a.is_known() && b.is_known()) {
    const double quotient = a.plus / b.plus;
    return whole ? std::trunc(quotient) : quotient;
  }
  if (a == b) return 1;
  if (b.is_known() && b.plus == 1) return a;
  if (b.is_known()) {
    const double scale = a.scale / b.plus, plus = a.plus / b.plus;
    if (!whole || (scale == std::trunc(scale) && plus == std::trunc(plus))) {
      return with(scale, a.symbol, plus);
    }
  }
  return opaque("/", a, b);
}

std::optional<bool> is_less(const Number& a, const Number& b) {
  const Number difference = b - a;  // above 0?
  if (difference.is_known()) return difference.plus > 0;
  if (difference.symbol.find_first_of("(#") != std::string::npos) return std::nullopt;
  // The symbol is a size or a product of sizes: at least 1.
  if (difference.scale > 0 && difference.scale + difference.plus > 0) return true;
  if (difference.scale < 0 && difference.scale + difference.plus <= 0) return false;
  return std::nullopt;
}

std::optional<bool> is_equal(const Number& a, const Number& b) {
  if (a == b) return true;
  const Number difference = b - a;
  if (difference.is_known()) return difference.plus == 0;
  if (is_less(a, b) == true || is_less(b, a) == true) return false;
  return std::nullopt;
}

}  // namespace weft::onnx
