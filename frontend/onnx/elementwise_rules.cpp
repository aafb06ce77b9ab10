// Rules of arithmetic and comparisons of two tensors: of what is known, of masks, of rows.
#include <algorithm>
#include <cmath>

#include "frontend/onnx/elementwise.h"
#include "frontend/onnx/rules.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

constexpr double kRootHalf = 0.70710678118654752;

bool is_ids(Importer& m, const Rows& rows) { return m.graph()[rows.id].type.dtype != DType::f32; }

// True if two tensors have the same numbers in the same places, where b may be the same for all
// texts.
bool aligned(const View& a, const View& b) {
  if (a.size() < b.size()) return false;
  const std::size_t missing = a.size() - b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Axis x = merged(a[i]), y = i < missing ? Axis() : merged(b[i - missing]);
    if (x != y && !(y.empty() && is_only(x, Factor::Kind::batch))) return false;
  }
  return true;
}

// For each column of the rows, the number of a constant beside it; none if the constant differs
// from row to row.
std::optional<std::vector<double>> by_column(Importer& m, const Constant& c, const Rows& rows) {
  if (!c.is_known()) refuse("a number in it depends on the text");
  const View& view = rows.view;
  if (c.shape.size() > view.size())
    refuse("{} and {} do not fit", describe(Value(c)), to_string(view));
  const std::size_t missing = view.size() - c.shape.size();
  std::vector<std::size_t> places = {0};  // of the columns met so far, in the constant
  std::vector<std::size_t> columns = {0};
  // All columns met so far, for each number of a factor: `step` apart in the constant.
  const auto repeat = [&](const Factor& f, std::size_t step) {
    const std::size_t known = columns.size();
    for (std::size_t n = 1; n < static_cast<std::size_t>(f.size.plus); ++n) {
      for (std::size_t k = 0; k < known; ++k) {
        columns.push_back(columns[k] + n * static_cast<std::size_t>(f.stride));
        places.push_back(places[k] + n * step);
      }
    }
  };
  std::size_t stride = 1;
  for (std::size_t i = view.size(); i-- > missing;) {
    const auto extent = static_cast<std::size_t>(c.shape[i - missing]);
    const Axis axis = merged(view[i]);
    const bool features = axis.empty() || is_only(axis, Factor::Kind::feature);
    if (extent != 1 && !features) return std::nullopt;
    if (extent != 1 && size_of(axis) != Number(static_cast<double>(extent))) {
      refuse("{} and {} do not fit", describe(Value(c)), to_string(view));
    }
    for (std::size_t f = axis.size(); features && f-- > 0;) {
      repeat(axis[f], extent == 1 ? 0 : stride);
      if (extent != 1) stride *= static_cast<std::size_t>(axis[f].size.plus);
    }
  }
  const auto width = static_cast<std::size_t>(m.columns(rows.id));
  for (std::size_t i = missing; i-- > 0;) {  // columns that the constant does not tell apart
    for (const Factor& f : merged(view[i])) {
      if (f.kind == Factor::Kind::feature) repeat(f, 0);
    }
  }
  if (columns.size() != width) refuse("{} and {} do not fit", describe(Value(c)), to_string(view));
  std::vector<double> numbers(width, 0);
  for (std::size_t i = 0; i < width; ++i) numbers[columns[i]] = c.data[places[i]];
  return numbers;
}

// Rows of a constant that has one for each position of texts of a fixed length.
std::optional<Rows> by_row(Importer& m, const Constant& c, const View& view) {
  const std::size_t time = find_axis(view, Factor::Kind::time);
  if (time == view.size() || c.shape.size() + time < view.size()) return std::nullopt;
  const std::size_t at = time + c.shape.size() - view.size();
  if (Number(static_cast<double>(c.shape[at])) != m.length()) return std::nullopt;
  return m.by_position(c, at, 0);
}

Value rows_and_rows(Importer& m, Binary op, const Rows& a, const Rows& b) {
  const bool first = aligned(a.view, b.view);
  if (a.offsets != b.offsets || (!first && !aligned(b.view, a.view))) {
    refuse("it joins {} and {}", to_string(a.view), to_string(b.view));
  }
  const View& view = first ? a.view : b.view;
  const auto with = [&](const OpDef& rule) {
    return Rows{m.add(rule, {a.id, b.id}), a.offsets, view};
  };
  switch (op) {
    case Binary::add:
      return with(ops::add);
    case Binary::sub:
      return with(ops::sub);
    case Binary::mul:
      return with(ops::mul);
    default:
      refuse("it joins {} and {}", to_string(a.view), to_string(b.view));
  }
}

// Ids compared with a number: that of padding, which packed texts do not have.
Value compare_ids(Importer& m, Binary op, const Rows& ids, const Number& number) {
  const bool ordered = op == Binary::greater || op == Binary::equal;
  if (!ordered || !number.is_known()) refuse("it compares ids with {}", to_string(number));
  m.left_out(number.plus);
  return Pattern{Pattern::Kind::uniform, ElementType::boolean, shape_of(ids.view),
                 op == Binary::equal ? 0 : 1, 0};
}

Value rows_and_number(Importer& m, Binary op, const Rows& rows, const Number& number,
                      bool swapped) {
  if (is_ids(m, rows)) {
    if (op == Binary::mul && number == Number(1)) return rows;
    if (swapped && op == Binary::less) op = Binary::greater;
    return compare_ids(m, op, rows, number);
  }
  if (!number.is_known()) {
    refuse("it joins rows and {}, which depends on the text", to_string(number));
  }
  const auto all = [&](double n) {
    return std::vector<double>(static_cast<std::size_t>(m.columns(rows.id)), n);
  };
  const double n = number.plus;
  Rows result = rows;
  switch (op) {
    case Binary::add:
      result.id = m.plus(rows.id, all(n));
      return result;
    case Binary::sub:
      result.id = swapped ? m.plus(m.scaled(rows.id, -1), all(n)) : m.plus(rows.id, all(-n));
      return result;
    case Binary::mul:
      result.id = m.scaled(rows.id, n);
      return result;
    case Binary::div:
      if (swapped || n == 0) break;
      result.id = m.scaled(rows.id, 1 / n);
      return result;
    case Binary::pow:
      if (swapped || (n != 2 && n != 3)) break;
      result.id = m.add(ops::mul, {rows.id, rows.id});
      if (n == 3) result.id = m.add(ops::mul, {result.id, rows.id});
      return result;
    case Binary::max:
      if (n != 0) break;
      result.id = m.add(ops::relu, {rows.id});
      return result;
    default:
      break;
  }
  refuse("it joins {} and the number {}", to_string(rows.view), n);
}

Value rows_and_constant(Importer& m, Binary op, const Rows& rows, const Constant& c, bool swapped) {
  const auto numbers = by_column(m, c, rows);
  if (!numbers) {
    const auto table = by_row(m, c, rows.view);
    if (!table) refuse("{} and {} do not fit", to_string(rows.view), describe(Value(c)));
    return swapped ? rows_and_rows(m, op, *table, rows) : rows_and_rows(m, op, rows, *table);
  }
  std::vector<double> changed = *numbers;
  Rows result = rows;
  if (op == Binary::add || op == Binary::sub) {
    const bool negative = op == Binary::sub && !swapped;
    if (negative) std::ranges::transform(changed, changed.begin(), std::negate<>());
    const ValueId x = op == Binary::sub && swapped ? m.scaled(rows.id, -1) : rows.id;
    result.id = m.plus(x, changed, negative ? std::string() : c.name);
    return result;
  }
  const bool divides =
      op == Binary::div && !swapped && std::ranges::find(changed, 0.0) == changed.end();
  if (divides) std::ranges::transform(changed, changed.begin(), [](double n) { return 1 / n; });
  if (!divides && op != Binary::mul)
    refuse("it joins {} and {}", to_string(rows.view), describe(Value(c)));
  result.id = m.times(rows.id, changed, divides ? std::string() : c.name);
  return result;
}

// ---- Steps of a layer norm, of gelu, of attention's scores

// f x (1 + erf(c x / root 2)) = 2 f / c gelu(c x), where y = f x.
Rows gelu_of(Importer& m, const Part& part, const Rows& y) {
  double f = 2 * part.factor;
  ValueId x = y.id;
  const weft::Node* const maker = m.maker(x);
  if (x != part.x.id && maker != nullptr && maker->op == &ops::scale) {
    f *= float_attr(maker->attrs, "factor");
    x = maker->inputs.front();
  }
  const double c = part.number / kRootHalf;
  if (x != part.x.id || c == 0) refuse("it is no gelu: erf is known as a part of one");
  Rows rows = y;
  rows.id = m.scaled(m.add(ops::gelu, {m.scaled(x, c)}), f / c);
  return rows;
}

std::optional<Value> with_part(Importer& m, Binary op, const Value& a, const Value& b) {
  using Kind = Part::Kind;
  const auto* p = std::get_if<Part>(&a);
  const auto* q = std::get_if<Part>(&b);
  const auto* x = std::get_if<Rows>(&a);
  const std::optional<Number> number = uniform_number(b);
  const auto become = [](Part part, Kind kind) {
    part.kind = kind;
    return part;
  };
  if (op == Binary::sub && x != nullptr && q != nullptr && q->kind == Kind::mean &&
      x->id == q->x.id) {
    return Part{Kind::centered, q->x, 0, x->view};
  }
  if (p == nullptr) return std::nullopt;
  const bool twice =
      op == Binary::mul && q != nullptr && q->kind == Kind::centered && q->x.id == p->x.id;
  if (p->kind == Kind::centered && (twice || (op == Binary::pow && number == Number(2)))) {
    return become(*p, Kind::square);
  }
  if (p->kind == Kind::variance && op == Binary::add && number && number->is_known()) {
    Part part = *p;
    part.number += number->plus;
    return part;
  }
  if (p->kind == Kind::variance && op == Binary::pow && number == Number(0.5)) {
    return become(*p, Kind::deviation);
  }
  if (p->kind == Kind::centered && op == Binary::div && q != nullptr &&
      q->kind == Kind::deviation && q->x.id == p->x.id) {
    Rows rows = p->x;
    rows.id = m.normalized(rows.id, q->number);
    return rows;
  }
  if (p->kind == Kind::erf && op == Binary::add && number == Number(1)) {
    return become(*p, Kind::erf_plus);
  }
  if (p->kind == Kind::erf_plus && op == Binary::mul) {
    if (const auto* y = std::get_if<Rows>(&b)) return gelu_of(m, *p, *y);
    if (!number || !number->is_known()) return std::nullopt;
    Part part = *p;
    part.factor *= number->plus;
    return part;
  }
  if (p->kind == Kind::sum && op == Binary::div && number == size_of(time_axis(m.length()))) {
    Rows rows = p->x;
    rows.id = m.add(ops::mean_pool, {rows.id, rows.offsets});
    rows.offsets = kNoValue;
    rows.view = p->view;
    return rows;
  }
  return std::nullopt;
}

Value scores_and_number(Binary op, Scores scores, const Value& other) {
  const auto number = uniform_number(other);
  if (!number || !number->is_known() || scores.softmax) {
    refuse("it joins attention's scores and {}", describe(other));
  }
  // The same number added to all of them changes no probability.
  if (op == Binary::mul) scores.scale *= number->plus;
  if (op == Binary::div) scores.scale /= number->plus;
  const bool known =
      op == Binary::mul || op == Binary::div || op == Binary::add || op == Binary::sub;
  if (!known) refuse("it joins attention's scores and a number");
  return scores;
}

Value apply(Importer& m, Binary op, const Value& a, const Value& b) {
  const bool commutes = op == Binary::add || op == Binary::mul;
  if (auto value = with_part(m, op, a, b)) return *value;
  if (commutes) {
    if (auto value = with_part(m, op, b, a)) return *value;
  }
  const auto* x = std::get_if<Rows>(&a);
  const auto* y = std::get_if<Rows>(&b);
  if (x != nullptr && y != nullptr) return rows_and_rows(m, op, *x, *y);
  if (x != nullptr || y != nullptr) {
    const Rows& rows = x != nullptr ? *x : *y;
    const Value& other = x != nullptr ? b : a;
    const auto* c = std::get_if<Constant>(&other);
    if (c != nullptr && c->size() > 1) return rows_and_constant(m, op, rows, *c, x == nullptr);
    const auto number = uniform_number(other);
    if (!number) refuse("it joins {} and {}", describe(a), describe(b));
    return rows_and_number(m, op, rows, *number, x == nullptr);
  }
  const auto* scores = std::get_if<Scores>(&a);
  if (scores != nullptr) return scores_and_number(op, *scores, b);
  const auto* right = std::get_if<Scores>(&b);
  if (right != nullptr && commutes) return scores_and_number(op, *right, a);
  return folded(op, a, b);
}

template <Binary op>
void binary(Importer& m, const Node& node) {
  if (m.opset() < 7 && node.has("axis")) refuse("it broadcasts as opset 6 does (axis)");
  Value value = apply(m, op, m.input(node, 0), m.input(node, 1));
  for (std::size_t i = 2; i < node.inputs.size(); ++i)
    value = apply(m, op, value, m.input(node, i));
  m.set(node, std::move(value));
}

constexpr OpRule kRules[] = {
    {"Add", binary<Binary::add>},         {"Sub", binary<Binary::sub>},
    {"Mul", binary<Binary::mul>},         {"Div", binary<Binary::div>},
    {"Pow", binary<Binary::pow>},         {"Max", binary<Binary::max>},
    {"Min", binary<Binary::min>},         {"Mod", binary<Binary::mod>},
    {"Sum", binary<Binary::add>},         {"Equal", binary<Binary::equal>},
    {"Less", binary<Binary::less>},       {"LessOrEqual", binary<Binary::less_equal>},
    {"Greater", binary<Binary::greater>}, {"GreaterOrEqual", binary<Binary::greater_equal>},
    {"And", binary<Binary::both>},        {"Or", binary<Binary::either>},
};

}  // namespace

std::span<const OpRule> elementwise_rules() { return kRules; }

}  // namespace weft::onnx
