// Rules of what is done to each number of one tensor: activations, and choices by a mask.
#include "frontend/onnx/elementwise.h"
#include "frontend/onnx/rules.h"
#include "ir/op.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

template <Unary op>
void unary(Importer& m, const Node& node) {
  const Value& value = m.input(node, 0);
  if (const auto* rows = std::get_if<Rows>(&value)) {
    Rows result = *rows;
    if (op == Unary::is_nan) {
      return m.set(node,
                   Pattern{Pattern::Kind::uniform, ElementType::boolean, shape_of(value), 0, 0});
    }
    if (op != Unary::negative) refuse("it takes {}", describe(value));
    result.id = m.scaled(rows->id, -1);
    return m.set(node, std::move(result));
  }
  if (const auto* part = std::get_if<Part>(&value)) {
    if (op != Unary::root || part->kind != Part::Kind::variance)
      refuse("it takes {}", describe(value));
    Part result = *part;
    result.kind = Part::Kind::deviation;
    return m.set(node, std::move(result));
  }
  if (std::holds_alternative<Scores>(value)) {
    if (op != Unary::is_nan) refuse("it takes {}", describe(value));
    return m.set(node,
                 Pattern{Pattern::Kind::uniform, ElementType::boolean, shape_of(value), 0, 0});
  }
  m.set(node, folded(op, value));
}

void erf(Importer& m, const Node& node) {
  const Rows& rows = m.rows(node, 0);
  Part part{Part::Kind::erf, rows, 1, rows.view};
  const weft::Node* const maker = m.maker(rows.id);
  if (maker != nullptr && maker->op == &ops::scale) {
    part.number = float_attr(maker->attrs, "factor");
    part.x.id = maker->inputs.front();
  }
  m.set(node, std::move(part));
}

void where(Importer& m, const Node& node) {
  const Value &condition = m.input(node, 0), &yes = m.input(node, 1), &no = m.input(node, 2);
  const auto number = uniform_number(condition);
  const bool simple = !std::holds_alternative<Constant>(condition) ||
                      !std::holds_alternative<Constant>(yes) ||
                      !std::holds_alternative<Constant>(no);
  if (!simple)
    return m.set(node, chosen(std::get<Constant>(condition), std::get<Constant>(yes),
                              std::get<Constant>(no)));
  const auto is_mask = [](const Value& v) {
    return std::holds_alternative<Constant>(v) || std::holds_alternative<Pattern>(v);
  };
  if (!number || !number->is_known()) {
    if (!is_mask(yes) || !is_mask(no)) {
      throw Refused{fmt::format("it chooses between {} and {} by what depends on the text",
                                describe(yes), describe(no)),
                    "a mask that is not of padding, as that of a decoder, is not imported"};
    }
    const Sizes shape = broadcast(shape_of(condition), broadcast(shape_of(yes), shape_of(no)));
    return m.set(node, Pattern{Pattern::Kind::unknown, ElementType::f32, shape, 0, 0});
  }
  const Value& value = number->plus != 0 ? yes : no;
  const auto same = uniform_number(value);
  if (!same) return m.set(node, value);
  const Sizes shape = broadcast(shape_of(condition), broadcast(shape_of(yes), shape_of(no)));
  m.set(node, Pattern{Pattern::Kind::uniform, ElementType::f32, shape, *same, 0});
}

// Activations and others of rows alone.
void activate(Importer& m, const Node& node, const OpDef& op, Attrs attrs = {}) {
  Rows rows = m.rows(node, 0);
  rows.id = m.add(op, {rows.id}, std::move(attrs));
  m.set(node, std::move(rows));
}

void relu(Importer& m, const Node& node) { activate(m, node, ops::relu); }
void tanh(Importer& m, const Node& node) { activate(m, node, ops::tanh); }
void sigmoid(Importer& m, const Node& node) { activate(m, node, ops::sigmoid); }
void elu(Importer& m, const Node& node) {
  activate(m, node, ops::elu, {{"alpha", node.real("alpha", 1)}});
}
void gelu(Importer& m, const Node& node) {
  activate(m, node, ops::gelu, {{"approximate", node.text("approximate", "none")}});
}
void swish(Importer& m, const Node& node) {
  if (node.real("alpha", 1) != 1) refuse("alpha is {}", node.real("alpha", 1));
  activate(m, node, ops::silu);
}

// Relu by another name; or a limit on a number that is known: a length is at least 1.
void clip(Importer& m, const Node& node) {
  const auto limit = [&](std::size_t i) {
    return m.has_input(node, i) ? uniform_number(m.input(node, i)) : std::optional<Number>();
  };
  const auto low = limit(1), high = limit(2);
  const Value& value = m.input(node, 0);
  if (std::holds_alternative<Rows>(value)) {
    if (low != Number(0) || high)
      refuse("it cuts {} to a range that is not [0, ..]", describe(value));
    return relu(m, node);
  }
  Value result = value;
  if (low) result = folded(Binary::max, result, m.input(node, 1));
  if (high) result = folded(Binary::min, result, m.input(node, 2));
  m.set(node, std::move(result));
}

// Counts what a mask lets through: the positions of RoBERTa's tokens.
void cum_sum(Importer& m, const Node& node) {
  const Value& value = m.input(node, 0);
  const auto* mask = std::get_if<Pattern>(&value);
  const bool counts =
      mask != nullptr && uniform_number(value) == Number(1) && node.integer("reverse", 0) == 0;
  if (!counts) refuse("it adds up {}", describe(value));
  Pattern result = *mask;
  result.kind = Pattern::Kind::counting;
  const std::vector<std::int64_t> axis = m.integers(node, 1);
  if (axis.size() != 1) refuse("it adds up along {} dimensions", axis.size());
  result.axis = axis_of(axis.front(), mask->shape.size());
  result.first = node.integer("exclusive", 0) != 0 ? 0 : 1;
  m.set(node, std::move(result));
}

constexpr OpRule kRules[] = {
    {"Not", unary<Unary::negation>},
    {"Neg", unary<Unary::negative>},
    {"Sqrt", unary<Unary::root>},
    {"Abs", unary<Unary::absolute>},
    {"Floor", unary<Unary::floor>},
    {"Ceil", unary<Unary::ceil>},
    {"Exp", unary<Unary::exp>},
    {"Log", unary<Unary::log>},
    {"Reciprocal", unary<Unary::reciprocal>},
    {"IsNaN", unary<Unary::is_nan>},
    {"Erf", erf},
    {"Where", where},
    {"Relu", relu},
    {"Tanh", tanh},
    {"Sigmoid", sigmoid},
    {"Elu", elu},
    {"Gelu", gelu},
    {"Swish", swish},
    {"Clip", clip},
    {"CumSum", cum_sum},
};

}  // namespace

std::span<const OpRule> activation_rules() { return kRules; }

}  // namespace weft::onnx
