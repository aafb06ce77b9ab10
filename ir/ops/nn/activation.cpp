// Activations and their gradients.
#include "ir/ops/nn/activation.h"

#include <array>
#include <cmath>
#include <numbers>

#include "ir/ops/nn/elementwise.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

constexpr double kRootHalf = 1.0 / std::numbers::sqrt2;
const double kRootTwoOverPi = std::sqrt(2.0 * std::numbers::inv_pi);
constexpr double kGeluCubic = 0.044715;

double sigmoid_of(double x) {
  const double e = std::exp(-std::abs(x));  // never overflows
  return (x >= 0 ? 1.0 : e) / (1.0 + e);
}

double elu_of(double x, double alpha) { return x > 0 ? x : alpha * std::expm1(x); }

double gelu_slope(double x, bool tanh_form) {
  if (!tanh_form) {
    const double density = std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi * kRootHalf;
    return 0.5 * std::erfc(-x * kRootHalf) + x * density;
  }
  const double t = std::tanh(kRootTwoOverPi * (x + kGeluCubic * x * x * x));
  const double inner = kRootTwoOverPi * (1.0 + 3.0 * kGeluCubic * x * x);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner;
}

bool tanh_form(const Attrs& attrs) { return string_attr(attrs, "approximate") == "tanh"; }

struct Activation {
  std::string_view name;
  double (*apply)(double);
  const OpDef* gradient_from_result;  // null: there is none
};
constexpr std::array<Activation, 6> kActivations{{
    {"relu", [](double x) { return x <= 0 ? 0.0 : x; }, &ops::relu_grad},  // NaN stays NaN
    {"tanh", [](double x) { return std::tanh(x); }, &ops::tanh_grad},
    {"sigmoid", sigmoid_of, &ops::sigmoid_grad},
    {"gelu", [](double x) { return gelu(x, false); }, nullptr},
    {"gelu_tanh", [](double x) { return gelu(x, true); }, nullptr},
    {"elu", [](double x) { return elu_of(x, 1.0); }, &ops::elu_grad},
}};

const Activation* find_activation(std::string_view name) {
  for (const Activation& activation : kActivations) {
    if (activation.name == name) return &activation;
  }
  return nullptr;
}

}  // namespace

double gelu(double x, bool tanh_form) {
  if (!tanh_form) return 0.5 * x * std::erfc(-x * kRootHalf);
  return 0.5 * x * (1.0 + std::tanh(kRootTwoOverPi * (x + kGeluCubic * x * x * x)));
}

double activate(std::string_view act, double x) {
  if (act.empty()) return x;
  const Activation* activation = find_activation(act);
  WEFT_CHECK(activation != nullptr);
  return activation->apply(x);
}

void expect_activation(const InferView& v) {
  const std::string& act = string_attr(v.attrs, "act");
  if (act.empty() || find_activation(act) != nullptr) return;
  std::string names;
  for (const Activation& known : kActivations) names += fmt::format(" {}", known.name);
  v.fail(fmt::format("there is no activation \"{}\"", act), "it is one of" + names);
}

void expect_unfused(const GradientView& g) {
  const std::string& act = string_attr(g.node.attrs, "act");
  if (act.empty()) return;
  throw Error(g.node.location, fmt::format("{}: act=\"{}\" has no gradient", g.node.op->name, act),
              fmt::format("write the activation as a node of its own, `{0}(…)`, and let the fusion "
                          "passes come after autodiff",
                          act == "gelu_tanh" ? "gelu" : act));
}

ValueId gradient_before(const GradientView& g, std::string_view act, ValueId y, ValueId dy) {
  if (act.empty()) return dy;
  const Activation* activation = find_activation(act);
  WEFT_CHECK(activation != nullptr);
  if (activation->gradient_from_result != nullptr) {
    return g.emit(*activation->gradient_from_result, {y, dy});
  }
  throw Error(g.node.location, fmt::format("{}: act=\"{}\" has no gradient", g.node.op->name, act),
              "it can't be told from the result: write the activation as a node of its own");
}

namespace {

template <std::vector<TensorType> (*infer)(const InferView&)>
std::vector<TensorType> infer_gelu(const InferView& v) {
  const std::string& form = string_attr(v.attrs, "approximate");
  if (form != "none" && form != "tanh") {
    v.fail(fmt::format("there is no approximation \"{}\"", form), "it is \"none\" or \"tanh\"");
  }
  return infer(v);
}

template <std::vector<TensorType> (*infer)(const InferView&)>
std::vector<TensorType> infer_elu(const InferView& v) {
  const double alpha = float_attr(v.attrs, "alpha");
  if (!(alpha >= 0) || !std::isfinite(alpha)) {
    v.fail(fmt::format("alpha is {}, but must not be negative", alpha));
  }
  return infer(v);
}

// Of an activation whose slope is best computed from its result.
template <const OpDef& grad>
void gradient_from_result(GradientView& g) {
  g.dx[0] = g.emit(grad, {g.out(), g.dy[0]}, g.node.attrs);
}

void gradient_gelu(GradientView& g) {
  g.dx[0] = g.emit(ops::gelu_grad, {g.in(0), g.dy[0]}, g.node.attrs);
}

Ports y_and_dy() { return {{"y", "f32[..]"}, {"dy", "f32[..]"}}; }
AttrDef approximate() { return {"approximate", "\"none\" or \"tanh\"", std::string("none")}; }
AttrDef alpha_attr() { return {"alpha", "minus the limit towards minus infinity", 1.0}; }

}  // namespace

namespace ops {

const OpDef relu{
    .name = "relu",
    .doc = "max(x, 0)",
    .inputs = x_port(),
    .outputs = y_port(),
    .infer = infer_unary,
    .reference = [](const EvalView& v) { map_one(v, find_activation("relu")->apply); },
    .gradient = gradient_from_result<relu_grad>,
    .in_place = {1},
    .monotone_activation = true,
    .activation = "relu",
};

const OpDef relu_grad{
    .name = "relu_grad",
    .doc = "dy where y > 0, else 0",
    .inputs = y_and_dy(),
    .outputs = dx_port(),
    .infer = infer_binary,
    .reference =
        [](const EvalView& v) { map_two(v, [](double y, double dy) { return y > 0 ? dy : 0; }); },
    .in_place = {2},
};

const OpDef tanh{
    .name = "tanh",
    .doc = "hyperbolic tangent",
    .inputs = x_port(),
    .outputs = y_port(),
    .infer = infer_unary,
    .reference = [](const EvalView& v) { map_one(v, [](double x) { return std::tanh(x); }); },
    .gradient = gradient_from_result<tanh_grad>,
    .in_place = {1},
    .monotone_activation = true,
    .activation = "tanh",
};

const OpDef tanh_grad{
    .name = "tanh_grad",
    .doc = "dy * (1 - y^2)",
    .inputs = y_and_dy(),
    .outputs = dx_port(),
    .infer = infer_binary,
    .reference =
        [](const EvalView& v) {
          map_two(v, [](double y, double dy) { return dy * (1.0 - y * y); });
        },
    .in_place = {2},
};

const OpDef sigmoid{
    .name = "sigmoid",
    .doc = "1 / (1 + exp(-x))",
    .inputs = x_port(),
    .outputs = y_port(),
    .infer = infer_unary,
    .reference = [](const EvalView& v) { map_one(v, sigmoid_of); },
    .gradient = gradient_from_result<sigmoid_grad>,
    .in_place = {1},
    .monotone_activation = true,
    .activation = "sigmoid",
};

const OpDef sigmoid_grad{
    .name = "sigmoid_grad",
    .doc = "dy * y * (1 - y)",
    .inputs = y_and_dy(),
    .outputs = dx_port(),
    .infer = infer_binary,
    .reference =
        [](const EvalView& v) {
          map_two(v, [](double y, double dy) { return dy * y * (1.0 - y); });
        },
    .in_place = {2},
};

// Hendrycks and Gimpel, "Gaussian error linear units", arXiv 1606.08415, 2016.
const OpDef gelu{
    .name = "gelu",
    .doc = "x * Phi(x), with the exact normal distribution or its tanh approximation",
    .inputs = x_port(),
    .outputs = y_port(),
    .attrs = {approximate()},
    .infer = infer_gelu<infer_unary>,
    .reference =
        [](const EvalView& v) {
          map_one(v, [&](double x) { return weft::gelu(x, tanh_form(v.node.attrs)); });
        },
    .gradient = gradient_gelu,
    .in_place = {1},
    .activation = "gelu",
};

const OpDef gelu_grad{
    .name = "gelu_grad",
    .doc = "dy times the slope of gelu at x",
    .inputs = {{"x", "f32[..]"}, {"dy", "f32[..]"}},
    .outputs = dx_port(),
    .attrs = {approximate()},
    .infer = infer_gelu<infer_binary>,
    .reference =
        [](const EvalView& v) {
          map_two(v,
                  [&](double x, double dy) { return dy * gelu_slope(x, tanh_form(v.node.attrs)); });
        },
    .in_place = {2},
};

// Clevert, Unterthiner and Hochreiter, "Exponential linear units", ICLR 2016.
const OpDef elu{
    .name = "elu",
    .doc = "x where x > 0, else alpha * (exp(x) - 1)",
    .inputs = x_port(),
    .outputs = y_port(),
    .attrs = {alpha_attr()},
    .infer = infer_elu<infer_unary>,
    .reference =
        [](const EvalView& v) {
          map_one(v, [&](double x) { return elu_of(x, float_attr(v.node.attrs, "alpha")); });
        },
    .gradient = gradient_from_result<elu_grad>,
    .in_place = {1},
    .monotone_activation = true,
    .activation = "elu",
};

const OpDef elu_grad{
    .name = "elu_grad",
    .doc = "dy where y > 0, else dy * (y + alpha)",
    .inputs = y_and_dy(),
    .outputs = dx_port(),
    .attrs = {alpha_attr()},
    .infer = infer_elu<infer_binary>,
    .reference =
        [](const EvalView& v) {
          const double alpha = float_attr(v.node.attrs, "alpha");
          map_two(v, [&](double y, double dy) { return y > 0 ? dy : dy * (y + alpha); });
        },
    .in_place = {2},
};

}  // namespace ops
}  // namespace weft
