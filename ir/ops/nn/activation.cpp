// Activations and their gradients.
#include "ir/ops/nn/activation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

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

double silu_of(double x) { return x * sigmoid_of(x); }

double silu_slope(double x) {
  const double s = sigmoid_of(x);
  return s * (1.0 + x * (1.0 - s));
}

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

struct Entry {
  std::string_view name;
  double (*apply)(double);
  const OpDef* gradient_from_result;  // null: there is none
};
// In the order of the enum.
constexpr auto kActivations = std::to_array<Entry>({
    {"", [](double x) { return x; }, nullptr},
    {"relu", [](double x) { return x <= 0 ? 0.0 : x; }, &ops::relu_grad},  // NaN stays NaN
    {"tanh", [](double x) { return std::tanh(x); }, &ops::tanh_grad},
    {"sigmoid", sigmoid_of, &ops::sigmoid_grad},
    {"gelu", [](double x) { return gelu(x, false); }, nullptr},
    {"gelu_tanh", [](double x) { return gelu(x, true); }, nullptr},
    {"elu", [](double x) { return elu_of(x, 1.0); }, &ops::elu_grad},
    {"silu", silu_of, nullptr},
});

const Entry& entry(Activation activation) {
  return kActivations.at(static_cast<std::size_t>(activation));
}

template <Activation activation>
std::optional<Activation> always(const Attrs&) {
  return activation;
}

// An exponential and a rational function of each element, by their usual polynomials.
double flops_of_gelu(const Graph& graph, const Node& node, const ElementCount& count) {
  return 40 * count(graph[node.inputs[0]].type);
}

}  // namespace

double gelu(double x, bool tanh_form) {
  if (!tanh_form) return 0.5 * x * std::erfc(-x * kRootHalf);
  return 0.5 * x * (1.0 + std::tanh(kRootTwoOverPi * (x + kGeluCubic * x * x * x)));
}

std::string_view to_string(Activation activation) { return entry(activation).name; }

std::optional<Activation> find_activation(std::string_view name) {
  const auto at = std::ranges::find(kActivations, name, &Entry::name);
  if (at == kActivations.end()) return std::nullopt;
  return static_cast<Activation>(at - kActivations.begin());
}

std::vector<Activation> all_activations() {
  std::vector<Activation> all;
  for (const Entry& known : kActivations) all.push_back(*find_activation(known.name));
  return all;
}

Activation act_attr(const Attrs& attrs) {
  const std::optional<Activation> found = find_activation(string_attr(attrs, "act"));
  WEFT_CHECK(found.has_value());
  return *found;
}

double activate(Activation activation, double x) { return entry(activation).apply(x); }

void expect_activation(const InferContext& v) {
  const std::string& act = string_attr(v.attrs, "act");
  if (find_activation(act)) return;
  std::string names;
  for (const Entry& known : std::span(kActivations).subspan(1)) {
    names += fmt::format(" {}", known.name);
  }
  v.fail(fmt::format("there is no activation \"{}\"", act), "it is one of" + names);
}

void expect_unfused(const GradientContext& g) {
  const Activation act = act_attr(g.node.attrs);
  if (act == Activation::none) return;
  throw Error(g.node.location,
              fmt::format("{}: act=\"{}\" has no gradient", g.node.op->name, to_string(act)),
              fmt::format("write the activation as a node of its own, `{}(…)`, and let the fusion "
                          "passes come after autodiff",
                          to_string(act == Activation::gelu_tanh ? Activation::gelu : act)));
}

ValueId gradient_before(const GradientContext& g, Activation activation, ValueId y, ValueId dy) {
  if (activation == Activation::none) return dy;
  if (const OpDef* slope = entry(activation).gradient_from_result) return g.emit(*slope, {y, dy});
  throw Error(g.node.location,
              fmt::format("{}: act=\"{}\" has no gradient", g.node.op->name, to_string(activation)),
              "it can't be told from the result: write the activation as a node of its own");
}

namespace {

template <std::vector<TensorType> (*infer)(const InferContext&)>
std::vector<TensorType> infer_gelu(const InferContext& v) {
  const std::string& form = string_attr(v.attrs, "approximate");
  if (form != "none" && form != "tanh") {
    v.fail(fmt::format("there is no approximation \"{}\"", form), "it is \"none\" or \"tanh\"");
  }
  return infer(v);
}

// The gradient of an activation whose slope is best computed from its result.
template <const OpDef& grad>
void gradient_from_result(GradientContext& g) {
  g.dx[0] = g.emit(grad, {g.out(), g.dy[0]}, g.node.attrs);
}

void gradient_gelu(GradientContext& g) {
  g.dx[0] = g.emit(ops::gelu_grad, {g.in(0), g.dy[0]}, g.node.attrs);
}

Ports y_and_dy() { return {{"y", "f32[..]"}, {"dy", "f32[..]"}}; }
AttrDef approximate() { return {"approximate", "\"none\" or \"tanh\"", std::string("none")}; }
AttrDef alpha_attr() {
  return {.name = "alpha",
          .doc = "minus the limit towards minus infinity",
          .default_value = 1.0,
          .low = 0};
}

}  // namespace

namespace ops {

const OpDef relu{
    .name = "relu",
    .doc = "max(x, 0)",
    .inputs = x_port(),
    .outputs = y_port(),
    .infer = infer_unary,
    .reference =
        [](const EvalContext& v) {
          map_one(v, [](double x) { return activate(Activation::relu, x); });
        },
    .gradient = gradient_from_result<relu_grad>,
    .in_place = {1},
    .rowwise = true,
    .monotone_activation = true,
    .activation = always<Activation::relu>,
};

const OpDef relu_grad{
    .name = "relu_grad",
    .doc = "dy where y > 0, else 0",
    .inputs = y_and_dy(),
    .outputs = dx_port(),
    .infer = infer_binary,
    .reference =
        [](const EvalContext& v) {
          map_two(v, [](double y, double dy) { return y > 0 ? dy : 0; });
        },
    .in_place = {2},
};

const OpDef tanh{
    .name = "tanh",
    .doc = "hyperbolic tangent",
    .inputs = x_port(),
    .outputs = y_port(),
    .infer = infer_unary,
    .reference = [](const EvalContext& v) { map_one(v, [](double x) { return std::tanh(x); }); },
    .gradient = gradient_from_result<tanh_grad>,
    .in_place = {1},
    .rowwise = true,
    .monotone_activation = true,
    .activation = always<Activation::tanh>,
};

const OpDef tanh_grad{
    .name = "tanh_grad",
    .doc = "dy * (1 - y^2)",
    .inputs = y_and_dy(),
    .outputs = dx_port(),
    .infer = infer_binary,
    .reference =
        [](const EvalContext& v) {
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
    .reference = [](const EvalContext& v) { map_one(v, sigmoid_of); },
    .gradient = gradient_from_result<sigmoid_grad>,
    .in_place = {1},
    .rowwise = true,
    .monotone_activation = true,
    .activation = always<Activation::sigmoid>,
};

const OpDef sigmoid_grad{
    .name = "sigmoid_grad",
    .doc = "dy * y * (1 - y)",
    .inputs = y_and_dy(),
    .outputs = dx_port(),
    .infer = infer_binary,
    .reference =
        [](const EvalContext& v) {
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
        [](const EvalContext& v) {
          map_one(v, [&](double x) { return weft::gelu(x, tanh_form(v.node.attrs)); });
        },
    .gradient = gradient_gelu,
    .in_place = {1},
    .rowwise = true,
    .activation = [](const Attrs& attrs) -> std::optional<Activation> {
      return tanh_form(attrs) ? Activation::gelu_tanh : Activation::gelu;
    },
    .flops = flops_of_gelu,
};

const OpDef gelu_grad{
    .name = "gelu_grad",
    .doc = "dy times the slope of gelu at x",
    .inputs = {{"x", "f32[..]"}, {"dy", "f32[..]"}},
    .outputs = dx_port(),
    .attrs = {approximate()},
    .infer = infer_gelu<infer_binary>,
    .reference =
        [](const EvalContext& v) {
          map_two(v,
                  [&](double x, double dy) { return dy * gelu_slope(x, tanh_form(v.node.attrs)); });
        },
    .in_place = {2},
    .flops = flops_of_gelu,
};

// Clevert, Unterthiner and Hochreiter, "Exponential linear units", ICLR 2016.
const OpDef elu{
    .name = "elu",
    .doc = "x where x > 0, else alpha * (exp(x) - 1)",
    .inputs = x_port(),
    .outputs = y_port(),
    .attrs = {alpha_attr()},
    .infer = infer_unary,
    .reference =
        [](const EvalContext& v) {
          map_one(v, [&](double x) { return elu_of(x, float_attr(v.node.attrs, "alpha")); });
        },
    .gradient = gradient_from_result<elu_grad>,
    .in_place = {1},
    .rowwise = true,
    .monotone_activation = true,
    .activation = [](const Attrs& attrs) -> std::optional<Activation> {
      if (float_attr(attrs, "alpha") != 1.0) return std::nullopt;
      return Activation::elu;
    },
};

const OpDef elu_grad{
    .name = "elu_grad",
    .doc = "dy where y > 0, else dy * (y + alpha)",
    .inputs = y_and_dy(),
    .outputs = dx_port(),
    .attrs = {alpha_attr()},
    .infer = infer_binary,
    .reference =
        [](const EvalContext& v) {
          const double alpha = float_attr(v.node.attrs, "alpha");
          map_two(v, [&](double y, double dy) { return y > 0 ? dy : dy * (y + alpha); });
        },
    .in_place = {2},
};

// Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units", arXiv 1702.03118, 2017; also: swish.
const OpDef silu{
    .name = "silu",
    .doc = "x * sigmoid(x)",
    .inputs = x_port(),
    .outputs = y_port(),
    .infer = infer_unary,
    .reference = [](const EvalContext& v) { map_one(v, silu_of); },
    .gradient =
        [](GradientContext& g) {
          g.dx[0] = g.emit(ops::silu_grad, {g.in(0), g.dy[0]});
        },
    .in_place = {1},
    .rowwise = true,
    .activation = always<Activation::silu>,
};

const OpDef silu_grad{
    .name = "silu_grad",
    .doc = "dy times the slope of silu at x",
    .inputs = {{"x", "f32[..]"}, {"dy", "f32[..]"}},
    .outputs = dx_port(),
    .infer = infer_binary,
    .reference =
        [](const EvalContext& v) {
          map_two(v, [](double x, double dy) { return dy * silu_slope(x); });
        },
    .in_place = {2},
};

}  // namespace ops
}  // namespace weft
