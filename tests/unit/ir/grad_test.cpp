// Every op's gradient, as the graph it makes, against central differences of its reference.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "ir/op.h"
#include "ir/ops/ops.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

// The last node of `body` is differentiated with respect to each of its operands that is a param;
// an operand that is an input must get no gradient.
struct Sample {
  std::string body;
  SampleSizes sizes = {};
  std::map<std::string, std::vector<double>> given = {};
  std::vector<std::size_t> flows = {0};  // the outputs that a gradient comes back through
};

const std::vector<std::int64_t> kMixed{3, 0, 1, 6};  // empty, and shorter than a kernel of 3
const std::vector<std::int64_t> kOne{4};
const std::vector<std::int64_t> kEmpty{0, 2, 0};

std::string unary(const std::string& call) { return "param %x : f32[N, 3]\n %y = " + call; }
std::string binary(const std::string& op) {
  return "param %a : f32[N, 3]\n param %b : f32[N, 3]\n %y = " + op + "(%a, %b)";
}
std::string matmul(const std::string& a, const std::string& b, const std::string& attrs) {
  return "param %a : " + a + "\n param %b : " + b + "\n %y = matmul(%a, %b) " + attrs;
}

// x [T, 3] convolved to 2 channels.
std::string conv(int kernel, const std::string& window, bool moves, bool bias) {
  return fmt::format(
      "input %from : i32[B+1 -> T]\n param %x : f32[T, 3]\n param %w : f32[{0}, 3, 2]\n"
      "param %b : f32[2]\n {1}\n %y = conv1d(%x, %w, %from, %{2}, {3}) {4}",
      kernel, moves ? fmt::format("%to = window_offsets(%from) size={} {}", kernel, window) : "",
      moves ? "to" : "from", bias ? "%b" : "_", window);
}

std::string local_pool(const std::string& op, const std::string& window, bool moves = true) {
  return fmt::format(
      "input %from : i32[B+1 -> T]\n param %x : f32[T, 3]\n {0}\n %y{1} = {2}(%x, %from, %{3}) {4}",
      moves ? "%to = window_offsets(%from) " + window : "",
      op == "local_max_pool" ? ", %where" : "", op, moves ? "to" : "from", window);
}

std::string pool(const std::string& call) {
  return "input %offsets : i32[B+1 -> T]\n param %x : f32[T, 3]\n" + call;
}

std::string cross_entropy(const std::string& attrs) {
  return "param %logits : f32[B, 4]\n input %labels : i32[B]\n"
         "%loss, %p = cross_entropy(%logits, %labels) " +
         attrs;
}

std::string binary_cross_entropy(const std::string& attrs) {
  return "param %logits : f32[B, 3]\n input %targets : f32[B, 3]\n"
         "%loss = binary_cross_entropy(%logits, %targets) " +
         attrs;
}

const std::string kNormParams = "param %x : f32[N, 4]\n param %g : f32[4]\n param %b : f32[4]\n";

void add_window_samples(std::vector<Sample>& all) {
  for (const auto& lengths : {kMixed, kOne, kEmpty}) {
    for (const char* padding : {"valid", "same", "causal"}) {
      for (const int kernel : {1, 2, 3, 4}) {
        const bool valid = std::string_view(padding) == "valid" && kernel > 1;
        const std::string window = fmt::format("padding=\"{}\"", padding);
        all.push_back({conv(kernel, window, valid, kernel != 2), {lengths}});
        all.push_back({conv(kernel, window + " stride=2", true, true), {lengths}});
        all.push_back({conv(kernel, window + " dilation=2", valid, true), {lengths}});
        all.push_back({conv(kernel, window + " dilation=2 stride=3", true, false), {lengths}});
        for (const char* op : {"local_max_pool", "local_mean_pool"}) {
          const std::string size = fmt::format("size={} {}", kernel, window);
          all.push_back({local_pool(op, size, valid), {lengths}});
          all.push_back({local_pool(op, size + " stride=2", true), {lengths}});
          all.push_back({local_pool(op, size + " stride=3", true), {lengths}});
        }
      }
    }
    all.push_back({pool("%y, %where = max_pool(%x, %offsets)"), {lengths}});
    all.push_back({pool("%y = mean_pool(%x, %offsets)"), {lengths}});
  }
}

// Convolutions of 2 and 3 taps to 3 and 10 channels, whose table has rows of 64 numbers.
std::string taps(const std::string& call, const std::string& attrs) {
  return fmt::format(
      "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n param %table : f32[4, 48]\n"
      "param %rows : f32[T, 48]\n param %b : f32[13]\n {} kernels=[2, 3] channels=[3, 10] {}",
      call, attrs);
}

void add_tap_samples(std::vector<Sample>& all) {
  const std::map<std::string, std::vector<double>> ids{{"ids", {3, 0, 0, 2, 1, 3, 0, 2, 2, 1}}};
  for (const char* window : {"padding=\"valid\"", "padding=\"same\"", "padding=\"causal\"",
                             "padding=\"same\" dilation=2", "padding=\"valid\" dilation=3"}) {
    const bool rows = std::string_view(window).find("valid") == std::string_view::npos;
    for (const char* act : {"", "act=\"relu\"", "act=\"tanh\""}) {
      const std::string attrs = fmt::format("{} {}", window, act);
      all.push_back(
          {taps("%y, %at = tap_max_pool(%ids, %table, %from, %b)", attrs), {kMixed}, ids});
      all.push_back({taps("%y, %at = tap_max_pool(_, %rows, %from, %b)", attrs), {kMixed}, ids});
      if (!rows) continue;
      all.push_back({taps("%y = tap_mean_pool(%ids, %table, %from, %b)", attrs), {kMixed}, ids});
      all.push_back({taps("%y = tap_sum(%ids, %table, %from, %from, %b)", attrs), {kMixed}, ids});
      all.push_back({taps("%y = tap_sum(_, %rows, %from, %from)", attrs), {kMixed}, ids});
    }
  }
  all.push_back(
      {"input %ids : i32[T]\n input %from : i32[B+1 -> T]\n param %table : f32[4, 16]\n"
       "%y = tap_mean_pool(%ids, %table, %from) kernels=[2] channels=[3] padding=\"valid\"",
       {kMixed},
       ids});
  all.push_back(
      {"param %e : f32[N, 3]\n param %v : f32[2, 3, 9]\n param %w : f32[3, 3, 2]\n"
       "%table = tap_table(%e, %v, %w)"});
  all.push_back(
      {pool("param %b : f32[3]\n%y, %at = max_pool(%x, %offsets, %b) act=\"tanh\""), {kMixed}});
  all.push_back(
      {"input %offsets : i32[B+1 -> T]\n param %x : f32[B, 2]\n"
       "%y = mask_empty_sequences(%x, %offsets)",
       {kMixed}});
}

void add_loss_samples(std::vector<Sample>& all) {
  for (const char* attrs : {"", "class_weights=[1.0, 2.0, 0.5, 3.0]", "label_smoothing=0.1",
                            "class_weights=[1.0, 0.0, 0.5, 3.0] label_smoothing=0.3"}) {
    all.push_back({cross_entropy(attrs), {{1, 1, 1}}, {{"labels", {3, 0, 2}}}});
    all.push_back({cross_entropy(attrs), {{1}}, {{"labels", {2}}}, {0, 1}});
    all.push_back({cross_entropy(attrs), {{1, 1}}, {{"labels", {1, 2}}}, {1}});
    all.push_back({cross_entropy(attrs), {}, {{"labels", {}}}});
  }
  for (const char* attrs : {"", "class_weights=[1.0, 2.0, 0.5]", "label_smoothing=0.1",
                            "class_weights=[0.0, 2.0, 0.5] label_smoothing=0.3"}) {
    all.push_back({binary_cross_entropy(attrs), {{1, 1, 1}}});
    all.push_back({binary_cross_entropy(attrs), {{1}}});
    all.push_back({binary_cross_entropy(attrs), {}});
  }
}

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (const char* call : {"relu(%x)",
                           "tanh(%x)",
                           "sigmoid(%x)",
                           "gelu(%x)",
                           "gelu(%x) approximate=\"tanh\"",
                           "elu(%x)",
                           "elu(%x) alpha=0.3",
                           "scale(%x) factor=-2.5",
                           "softmax(%x)",
                           "log_softmax(%x)",
                           "reduce_sum(%x) axes=[0]",
                           "reduce_sum(%x) axes=[1]",
                           "reduce_sum(%x) axes=[0, 1]",
                           "reduce_mean(%x) axes=[0]",
                           "reduce_mean(%x) axes=[1]",
                           "reduce_mean(%x) axes=[0, 1]",
                           "reduce_max(%x) axes=[0]",
                           "reduce_max(%x) axes=[1]",
                           "reduce_max(%x) axes=[0, 1]",
                           "slice(%x) axis=1 begin=1 end=3",
                           "slice(%x) axis=1 begin=2 end=2",
                           "reshape(%x) shape=[3, 1]",
                           "concat(%x)"}) {
    for (const std::int64_t rows : {0, 1, 7}) all.push_back({unary(call), {{}, rows}});
  }
  for (const char* op : {"add", "sub", "mul", "concat"}) {
    for (const std::int64_t rows : {0, 1, 7}) all.push_back({binary(op), {{}, rows}});
  }
  all.push_back({"param %x : f32[N, 2, 3, 2]\n %y = slice(%x) axis=2 begin=0 end=2"});
  all.push_back({"param %x : f32[N, 2, 3, 2]\n %y = reduce_sum(%x) axes=[0, 2]"});
  all.push_back({"param %x : f32[N, 2, 3, 2]\n %y = reduce_max(%x) axes=[1, 3]"});
  all.push_back({"param %x : f32[N, 2, 3, 2]\n %y = reshape(%x) shape=[12]"});
  all.push_back(
      {"param %x : f32[N, 2]\n input %like : f32[N, 3, 2]\n"
       "%y = broadcast_like(%x, %like) axes=[1]"});
  all.push_back(
      {"param %x : f32[]\n input %like : f32[N, 3]\n"
       "%y = broadcast_like(%x, %like) axes=[0, 1]"});
  all.push_back(
      {"param %a : f32[N, 2]\n param %b : f32[N, 1]\n param %c : f32[N, 4]\n"
       "%y = concat(%a, %b, %c)"});
  all.push_back({"param %x : f32[N, 3]\n %y = mul(%x, %x)"});
  all.push_back({"param %x : f32[N, 3]\n param %b : f32[3]\n %y = bias_add(%x, %b)"});
  all.push_back({"param %x : f32[N, 2, 3]\n param %b : f32[3]\n %y = bias_add(%x, %b)"});
  for (const char* rate : {"0.0", "0.5", "0.9"}) {
    all.push_back({fmt::format("param %x : f32[N, 9]\n input %seed : i32[]\n input %step : i32[]\n"
                               "%y = dropout(%x, %seed, %step) rate={} stream=3",
                               rate),
                   {{}, 7},
                   {{"seed", {-5}}, {"step", {8}}}});
  }
  all.push_back({"input %ids : i32[T]\n param %table : f32[5, 3]\n %y = embedding(%ids, %table)",
                 {{4, 2}},
                 {{"ids", {4, 0, 0, 2, 4, 4}}}});
  all.push_back({"input %ids : i32[T]\n param %table : f32[5, 3]\n %y = embedding(%ids, %table)",
                 {{0}},
                 {{"ids", {}}}});
  all.push_back({"input %ids : i32[T]\n param %rows : f32[N, 3]\n %y = embedding(%ids, %rows)",
                 {{4, 2}, 5},
                 {{"ids", {4, 0, 0, 2, 4, 4}}}});
  for (const std::int64_t rows : {0, 1, 5}) {
    all.push_back({matmul("f32[N, 4]", "f32[4, 3]", ""), {{}, rows}});
    all.push_back({matmul("f32[4, N]", "f32[4, 3]", "transpose_a=1"), {{}, rows}});
    all.push_back({matmul("f32[N, 4]", "f32[3, 4]", "transpose_b=1"), {{}, rows}});
    all.push_back({matmul("f32[4, N]", "f32[3, 4]", "transpose_a=1 transpose_b=1"), {{}, rows}});
    all.push_back(
        {"param %x : f32[N, 4]\n param %w : f32[4, 3]\n param %b : f32[3]\n"
         "%y = linear(%x, %w, %b)",
         {{}, rows}});
    all.push_back(
        {"param %x : f32[N, 4]\n param %w : f32[4, 3]\n %y = linear(%x, %w)", {{}, rows}});
    all.push_back({kNormParams + "%y, %m, %r = layer_norm(%x, %g, %b)", {{}, rows}});
    all.push_back({kNormParams +
                       "state %mean : f32[4]\n state %var : f32[4]\n"
                       "%y, %m, %r, %nm, %nv = batch_norm(%x, %g, %b, %mean, %var) epsilon=0.1",
                   {{}, rows}});
    all.push_back({kNormParams + "state %mean : f32[4]\n state %var : f32[4]\n"
                                 "%y = batch_norm_inference(%x, %g, %b, %mean, %var)",
                   {{}, rows}});
  }
  add_window_samples(all);
  add_tap_samples(all);
  add_loss_samples(all);
  return all;
}

// Applies the last node's gradient rule: `dy` are declared inputs `dy.0`, …; returns dx per port.
std::vector<ValueId> differentiate(Graph& graph, const std::vector<std::size_t>& flows) {
  const Node node = graph.nodes.back();
  std::vector<ValueId> dy(node.outputs.size(), kNoValue), dx(node.inputs.size(), kNoValue);
  for (const std::size_t i : flows) {
    dy[i] = graph.declare(Role::input, fmt::format("dy.{}", i), graph[node.outputs[i]].type);
  }
  std::array<bool, 8> wanted{};
  for (std::size_t i = 0; i < dx.size(); ++i) {
    wanted[i] = node.inputs[i] != kNoValue && graph[node.inputs[i]].role == Role::param;
  }
  GradientContext view{graph, node, dy, dx, std::span<const bool>(wanted).first(dx.size())};
  node.op->gradient(view);
  for (std::size_t i = 0; i < dx.size(); ++i) {
    if (!wanted[i]) dx[i] = kNoValue;
  }
  return dx;
}

// The sum over the flowing outputs of dy times y.
double scalar_of(const Graph& graph, const Bindings& bindings, const Sample& sample,
                 const std::vector<Tensor>& dy) {
  const std::vector<Tensor> y = interpret(graph, bindings).results;
  double sum = 0;
  for (const std::size_t i : sample.flows) {
    for (std::size_t k = 0; k < y[i].data.size(); ++k) sum += dy[i].data[k] * y[i].data[k];
  }
  return sum;
}

Tensor central_differences(const Graph& graph, Bindings bindings, const std::string& name,
                           const Sample& sample, const std::vector<Tensor>& dy) {
  constexpr double h = 1e-5;
  Tensor slope(bindings.at(name).shape);
  for (std::size_t k = 0; k < slope.data.size(); ++k) {
    double& x = bindings.at(name).data[k];
    const double middle = x;
    x = middle + h;
    const double above = scalar_of(graph, bindings, sample, dy);
    x = middle - h;
    const double below = scalar_of(graph, bindings, sample, dy);
    x = middle;
    slope.data[k] = (above - below) / (2 * h);
  }
  return slope;
}

double largest(const Tensor& tensor) {
  double max = 0;
  for (const double x : tensor.data) max = std::max(max, std::abs(x));
  return max;
}

void check(const Tensor& gradient, const Tensor& slope) {
  REQUIRE(gradient.shape == slope.shape);
  const double tolerance = 1e-6 * std::max(largest(slope), 0.01);
  for (std::size_t k = 0; k < slope.data.size(); ++k) {
    CAPTURE(k);
    CHECK(std::abs(gradient.data[k] - slope.data[k]) <= tolerance);
  }
}

// Returns the operands whose gradient was checked and is not zero everywhere, by port.
std::set<std::size_t> check_sample(const Sample& sample) {
  CAPTURE(sample.body);
  CAPTURE(fmt::format("{}", fmt::join(sample.sizes.lengths, " ")));
  CAPTURE(sample.sizes.rows);
  const Graph graph = sample_program(sample.body);
  Bindings bindings = sample_bindings(graph, sample.sizes, sample.given);
  const std::vector<Tensor> y = interpret(graph, bindings).results;
  std::vector<Tensor> dy;
  for (const Tensor& output : y) dy.push_back(wave(output.shape, 2.7));

  Graph backward = graph;
  const std::vector<ValueId> dx = differentiate(backward, sample.flows);
  Bindings given = bindings;
  for (const std::size_t i : sample.flows) given[fmt::format("dy.{}", i)] = dy[i];

  const Node& node = graph.nodes.back();
  std::map<std::string, Tensor> sums;  // an operand used twice has two gradients
  std::set<std::size_t> moving;
  for (std::size_t port = 0; port < dx.size(); ++port) {
    if (node.inputs[port] == kNoValue || graph[node.inputs[port]].role != Role::param) continue;
    CAPTURE(port);
    REQUIRE(dx[port] != kNoValue);
    CHECK(backward[dx[port]].type == graph[node.inputs[port]].type);
    backward.results = {dx[port]};
    const Tensor gradient = interpret(backward, given).results[0];
    if (largest(gradient) > 0) moving.insert(port);
    Tensor& sum = sums[graph[node.inputs[port]].name];
    if (sum.shape.empty()) sum = Tensor(gradient.shape);
    for (std::size_t k = 0; k < sum.data.size(); ++k) sum.data[k] += gradient.data[k];
  }
  for (const auto& [name, gradient] : sums) {
    CAPTURE(name);
    check(gradient, central_differences(graph, bindings, name, sample, dy));
  }
  return moving;
}

TEST_CASE("every gradient equals central differences, and every differentiable op has samples") {
  std::map<std::string_view, std::set<std::size_t>> ports;  // op -> operands with a gradient
  for (const Sample& sample : samples()) {
    const auto name = sample_program(sample.body).nodes.back().op->name;
    ports[name].merge(check_sample(sample));
  }
  const std::set<std::string_view> fixed{
      "constant",      "window_offsets", "increment", "max_norm",    "unique",
      "quantize_taps", "token_dropout",  "clip",      "clip_factor", "scale_by"};
  for (const OpDef* op : all_ops()) {
    CAPTURE(op->name);
    const bool differentiable = op->gradient != nullptr;
    CHECK(ports.contains(op->name) == differentiable);
    const bool rated = std::ranges::any_of(
        op->inputs, [](const PortDef& port) { return port.name.starts_with("rate"); });
    const bool updates = rated || op->name.ends_with("_catch_up");  // an optimizer's step
    CHECK((differentiable || updates || fixed.contains(op->name) || op->name.ends_with("_grad")));
    if (!differentiable) continue;
    for (std::size_t port = 0; port < op->inputs.size(); ++port) {
      const PortDef& def = op->inputs[port];
      const bool given = def.doc.starts_with("i32") || def.name == "like" ||
                         def.name == "targets" || def.name == "scale" || def.name == "var" ||
                         def.name.ends_with("mean") || def.name.ends_with("running_var");
      CAPTURE(def.name);
      CHECK(ports[op->name].contains(port) == !given);
    }
  }
}

std::string message_of_gradient(const std::string& body, const std::vector<std::size_t>& flows) {
  Graph graph = sample_program(body);
  try {
    differentiate(graph, flows);
  } catch (const Error& error) {
    return error.what();
  }
  return "differentiated";
}

TEST_CASE("what has no gradient says so") {
  const std::string conv_relu = message_of_gradient(
      "input %from : i32[B+1 -> T]\n param %x : f32[T, 3]\n param %w : f32[3, 3, 2]\n"
      "%y = conv1d(%x, %w, %from, %from) act=\"relu\"",
      {0});
  CHECK(conv_relu.find("conv1d: act=\"relu\" has no gradient") != std::string::npos);
  CHECK(conv_relu.find("after autodiff") != std::string::npos);
  const std::string linear_gelu = message_of_gradient(
      "param %x : f32[N, 3]\n param %w : f32[3, 2]\n %y = linear(%x, %w) act=\"gelu\"", {0});
  CHECK(linear_gelu.find("linear: act=\"gelu\" has no gradient") != std::string::npos);
  const std::string statistics =
      message_of_gradient(kNormParams + "%y, %m, %r = layer_norm(%x, %g, %b)", {1});
  CHECK(statistics.find("layer_norm: the gradient of mean is not defined") != std::string::npos);
}

TEST_CASE("the gradient of a tied maximum goes to the first") {
  for (const auto& [call, expected] : std::vector<std::pair<std::string, Numbers>>{
           {"%y, %where = max_pool(%x, %from)", {0, 1, 0, 0, 1, 0}},
           {"%to = window_offsets(%from) size=2\n %y, %w = local_max_pool(%x, %from, %to) size=2",
            {0, 2, 1, 0, 1, 0}},
           {"%y = reduce_max(%x) axes=[0]", {0, 1, 0, 0, 0, 0}}}) {
    CAPTURE(call);
    Graph graph = sample_program("input %from : i32[B+1 -> T]\n param %x : f32[T, 1]\n" + call);
    const Bindings forward = sample_bindings(graph, {{4, 2}}, {{"x", {1, 2, 2, 0, -3, -3}}});
    Bindings bindings = forward;
    bindings["dy.0"] = Tensor(interpret(graph, forward).results[0].shape, 1.0);
    graph.results = {differentiate(graph, {0})[0]};
    CHECK(interpret(graph, bindings).results[0].data == expected);
  }
}

}  // namespace
}  // namespace weft
