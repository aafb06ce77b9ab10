// Arithmetic on constants and patterns, number by number.
#include "frontend/onnx/elementwise.h"

#include <algorithm>
#include <cmath>

#include "frontend/onnx/rules.h"

namespace weft::onnx {
namespace {

bool is_integer(ElementType type) { return type == ElementType::i64 || type == ElementType::i32; }

bool is_comparison(Binary op) { return op >= Binary::equal; }

// True, false, or none: it depends on the text.
std::optional<bool> compared(Binary op, const Number& a, const Number& b) {
  const auto opposite = [](std::optional<bool> v) { return v ? std::optional(!*v) : v; };
  switch (op) {
    case Binary::equal:
      return is_equal(a, b);
    case Binary::less:
      return is_less(a, b);
    case Binary::less_equal:
      return opposite(is_less(b, a));
    case Binary::greater:
      return is_less(b, a);
    case Binary::greater_equal:
      return opposite(is_less(a, b));
    case Binary::both:
    case Binary::either: {
      const auto x = opposite(is_equal(a, 0)), y = opposite(is_equal(b, 0));
      if (!x || !y) return std::nullopt;
      return op == Binary::both ? *x && *y : *x || *y;
    }
    default:
      return std::nullopt;
  }
}

std::optional<Number> computed(Binary op, const Number& a, const Number& b, bool whole) {
  if (is_comparison(op)) {
    const auto truth = compared(op, a, b);
    return truth ? std::optional<Number>(*truth ? 1 : 0) : std::nullopt;
  }
  switch (op) {
    case Binary::add:
      return a + b;
    case Binary::sub:
      return a - b;
    case Binary::mul:
      return a * b;
    case Binary::div:
      return divide(a, b, whole);
    case Binary::max:
    case Binary::min: {
      const auto less = is_less(a, b);
      if (!less) return a == b ? std::optional(a) : std::nullopt;
      return *less == (op == Binary::max) ? b : a;
    }
    default:
      break;
  }
  if (!a.is_known() || !b.is_known()) return std::nullopt;
  if (op == Binary::pow) return Number(std::pow(a.plus, b.plus));
  const double rest = std::fmod(a.plus, b.plus);  // mod: of the divisor's sign
  return rest != 0 && (rest < 0) != (b.plus < 0) ? rest + b.plus : rest;
}

ElementType type_of(const Value& value) {
  if (const auto* c = std::get_if<Constant>(&value)) return c->type;
  return std::get<Pattern>(value).type;
}

ElementType result_type(Binary op, const Value& a) {
  return is_comparison(op) ? ElementType::boolean : type_of(a);
}

// Of two or more constants that are repeated to fit each other.
Extents checked_extents(const Sizes& sizes) {
  constexpr double kMostElements = 1 << 24;
  Extents extents;
  double count = 1;
  for (const Number& size : sizes) {
    extents.push_back(static_cast<std::int64_t>(size.plus));
    count *= size.plus;
  }
  if (count > kMostElements) refuse("it makes a constant of {} numbers", count);
  return extents;
}

Constant constants(Binary op, const Constant& a, const Constant& b) {
  Constant result;
  result.type = result_type(op, a);
  result.shape = checked_extents(broadcast(shape_of(Value(a)), shape_of(Value(b))));
  const auto left = broadcast_index(a.shape, result.shape);
  const auto right = broadcast_index(b.shape, result.shape);
  const bool whole = is_integer(a.type);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto number = computed(op, a.at(left[i]), b.at(right[i]), whole);
    if (!number) {
      refuse("{} and {} cannot be compared: that depends on the text", to_string(a.at(left[i])),
             to_string(b.at(right[i])));
    }
    result.push(*number);
  }
  return result;
}

// What counts, and a number: it still counts, or a comparison holds from its first to its last.
std::optional<Pattern> counted(Binary op, const Pattern& counting, const Number& number) {
  Pattern result = counting;
  if (op == Binary::add) result.first = counting.first + number;
  if (op == Binary::sub) result.first = counting.first - number;
  const bool same = op == Binary::mul && number == Number(1);
  if (op == Binary::add || op == Binary::sub || same) return result;
  if (!is_comparison(op)) return std::nullopt;
  const Number last = counting.first + counting.shape[counting.axis] - Number(1);
  const auto at_first = compared(op, counting.first, number), at_last = compared(op, last, number);
  if (!at_first || at_first != at_last || op == Binary::equal) return std::nullopt;
  result.kind = Pattern::Kind::uniform;
  result.first = *at_first ? 1 : 0;
  return result;
}

}  // namespace

Value folded(Binary op, const Value& a, const Value& b) {
  const auto *x = std::get_if<Constant>(&a), *y = std::get_if<Constant>(&b);
  if (x != nullptr && y != nullptr) return constants(op, *x, *y);
  const auto is_mask = [](const Value& v) {
    return std::holds_alternative<Constant>(v) || std::holds_alternative<Pattern>(v);
  };
  if (!is_mask(a) || !is_mask(b)) refuse("it joins {} and {}", describe(a), describe(b));
  Pattern result{Pattern::Kind::unknown, result_type(op, a), broadcast(shape_of(a), shape_of(b)), 0,
                 0};
  const auto m = uniform_number(a), n = uniform_number(b);
  if (m && n) {
    if (const auto number = computed(op, *m, *n, is_integer(type_of(a)))) {
      result.kind = Pattern::Kind::uniform;
      result.first = *number;
    }
    return result;
  }
  const auto* counting = std::get_if<Pattern>(n ? &a : &b);
  const bool commutes = op == Binary::add || op == Binary::mul;
  const bool usable =
      counting != nullptr && counting->kind == Pattern::Kind::counting && (n || (m && commutes));
  if (!usable) return result;
  if (auto counted_on = counted(op, *counting, n ? *n : *m)) {
    counted_on->axis += result.shape.size() - counted_on->shape.size();
    counted_on->shape = result.shape;
    counted_on->type = result.type;
    return *counted_on;
  }
  return result;
}

Value folded(Unary op, const Value& value) {
  const auto of = [&](const Number& n) -> Number {
    if (op == Unary::negative) return n * Number(-1);
    if (op == Unary::is_nan) return n.is_known() && std::isnan(n.plus) ? 1 : 0;
    if (op == Unary::negation) {
      const auto zero = is_equal(n, 0);
      if (!zero) refuse("whether {} is 0 depends on the text", to_string(n));
      return *zero ? 1 : 0;
    }
    if (!n.is_known()) refuse("it takes {}, which depends on the text", to_string(n));
    switch (op) {
      case Unary::root:
        return std::sqrt(n.plus);
      case Unary::absolute:
        return std::abs(n.plus);
      case Unary::floor:
        return std::floor(n.plus);
      case Unary::ceil:
        return std::ceil(n.plus);
      case Unary::exp:
        return std::exp(n.plus);
      case Unary::log:
        return std::log(n.plus);
      case Unary::reciprocal:
        return 1 / n.plus;
      default:
        return n;
    }
  };
  const bool truth = op == Unary::negation || op == Unary::is_nan;
  if (const auto* c = std::get_if<Constant>(&value)) {
    Constant result;
    result.type = truth ? ElementType::boolean : c->type;
    result.shape = c->shape;
    for (std::size_t i = 0; i < c->size(); ++i) result.push(of(c->at(i)));
    return result;
  }
  const auto* pattern = std::get_if<Pattern>(&value);
  if (pattern == nullptr) refuse("it takes {}", describe(value));
  Pattern result = *pattern;
  if (truth) result.type = ElementType::boolean;
  if (pattern->kind == Pattern::Kind::uniform) {
    result.first = of(pattern->first);
  } else {
    result.kind = Pattern::Kind::unknown;
  }
  return result;
}

Value chosen(const Constant& condition, const Constant& yes, const Constant& no) {
  const Sizes sizes =
      broadcast(shape_of(Value(condition)), broadcast(shape_of(Value(yes)), shape_of(Value(no))));
  Constant result;
  result.type = yes.type;
  result.shape = checked_extents(sizes);
  const auto by = broadcast_index(condition.shape, result.shape);
  const auto left = broadcast_index(yes.shape, result.shape);
  const auto right = broadcast_index(no.shape, result.shape);
  for (std::size_t i = 0; i < by.size(); ++i) {
    const Number truth = condition.at(by[i]);
    if (!truth.is_known()) refuse("what it chooses depends on the text");
    result.push(truth.plus != 0 ? yes.at(left[i]) : no.at(right[i]));
  }
  return result;
}

}  // namespace weft::onnx
