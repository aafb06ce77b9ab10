// Every op's kernel against its reference in double, over odd, empty, short and many sequences.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ir/op.h"
#include "ir/parse.h"
#include "passes/passes.h"
#include "runtime/kernels/counters.h"
#include "runtime/kernels/kernel.h"
#include "tests/support/bound_program.h"
#include "tests/support/every_target.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

struct Case {
  std::string body;
  SampleSizes sizes = {};
  std::map<std::string, std::vector<double>> given = {};
};

const std::vector<std::vector<std::int64_t>> kLengths{
    {4}, {1}, {0}, {3, 0, 1, 6}, {0, 2, 0}, {70, 1, 0, 129, 5, 2, 2, 64}};

// Ops of the rewrites, whose kernels have tests of their own.
const std::vector<std::string_view> kElsewhere{"mask_empty_sequences",
                                               "tap_table",
                                               "tap_table_input_grad",
                                               "tap_table_weight_grad",
                                               "quantize_taps",
                                               "tap_max_pool",
                                               "tap_max_pool_grad",
                                               "tap_mean_pool",
                                               "tap_sum",
                                               "tap_sum_grad",
                                               "sparse_tap_input_grad",
                                               "sparse_tap_weight_grad",
                                               "unique",
                                               "row_sgd",
                                               "row_momentum_sgd",
                                               "row_adam",
                                               "row_adamw",
                                               "row_adadelta",
                                               "record_rate",
                                               "row_sgd_catch_up",
                                               "row_momentum_sgd_catch_up",
                                               "row_adam_catch_up",
                                               "row_adamw_catch_up",
                                               "row_adadelta_catch_up"};

Graph program(const std::string& body) {
  Graph graph = parse_one(
      "program @sample {\n symbol B <= 64\n symbol T <= 400\n symbol N <= 400\n" + body + "\n}\n");
  for (const ValueId id : graph.nodes.back().outputs) {
    if (std::ranges::find(graph.results, id) == graph.results.end()) graph.results.push_back(id);
  }
  return graph;
}

std::string conv(const std::string& op, int in, int out, int kernel, const std::string& window,
                 bool moves, const std::string& more) {
  const std::string to = moves ? "to" : "from";
  const std::string rows =
      moves ? fmt::format("%to = window_offsets(%from) size={} {}\n", kernel, window) : "";
  const std::string head = fmt::format(
      "input %from : i32[B+1 -> T]\n input %x : f32[T, {1}]\n"
      "param %w : f32[{0}, {1}, {2}]\n param %b : f32[{2}]\n{3}",
      kernel, in, out, rows);
  if (op == "conv1d")
    return head + fmt::format("%y = conv1d(%x, %w, %from, %{}, {}) {}", to,
                              more.empty() ? "_" : "%b", window + more);
  const std::string y = fmt::format("%y = conv1d(%x, %w, %from, %{}, _) {}\n", to, window);
  if (op == "conv1d_input_grad") {
    return head + y + fmt::format("%dx = conv1d_input_grad(%y, %w, %from, %{}) {}", to, window);
  }
  return head + y +
         fmt::format("%dw = conv1d_weight_grad(%x, %y, %from, %{}) kernel={} {}", to, kernel,
                     window);
}

void add_convolutions(std::vector<Case>& all) {
  const auto add = [&](int in, int out, int kernel, const std::string& padding, int stride,
                       int dilation, const std::vector<std::int64_t>& lengths) {
    const bool moves = stride > 1 || (padding == "valid" && kernel > 1);
    const std::string window =
        fmt::format("padding=\"{}\" stride={} dilation={}", padding, stride, dilation);
    for (const char* act : {"", " act=\"relu\"", " act=\"tanh\"", " act=\"gelu\"", " "}) {
      all.push_back({conv("conv1d", in, out, kernel, window, moves, act), {lengths}});
    }
    all.push_back({conv("conv1d_input_grad", in, out, kernel, window, moves, ""), {lengths}});
    all.push_back({conv("conv1d_weight_grad", in, out, kernel, window, moves, ""), {lengths}});
  };
  for (const auto& lengths : kLengths) {
    for (const char* padding : {"valid", "same", "causal"}) {
      add(5, 3, 3, padding, 1, 1, lengths);
      add(3, 4, 4, padding, 2, 1, lengths);
      add(8, 16, 2, padding, 1, 3, lengths);
      add(1, 1, 5, padding, 3, 2, lengths);
    }
    add(48, 33, 5, "same", 1, 1, lengths);
    add(7, 100, 1, "same", 1, 1, lengths);
  }
}

void add_pools(std::vector<Case>& all) {
  const std::string head = "input %from : i32[B+1 -> T]\n input %x : f32[T, {0}]\n";
  for (const auto& lengths : kLengths) {
    for (const int width : {1, 3, 8, 37, 100}) {
      const auto add = [&](const std::string& body) {
        all.push_back({fmt::format(fmt::runtime(head), width) + body, {lengths}});
      };
      // Over relu there are ties: the first row counts.
      add("%z = relu(%x)\n %y, %where = max_pool(%z, %from)\n"
          "%dz = max_pool_grad(%y, %where, %from)");
      add("%y, %where = max_pool(%x, %from)");
      add("%y = mean_pool(%x, %from)");
      add("%y = mean_pool(%x, %from)\n %dx = mean_pool_grad(%y, %from)");
      for (const char* window : {"size=2 stride=2", "size=3 padding=\"same\" stride=2",
                                 "size=4 padding=\"causal\" stride=3"}) {
        const std::string to = fmt::format("%to = window_offsets(%from) {}\n", window);
        const std::string in = fmt::format("(%x, %from, %to) {}\n", window);
        add(to + "%y, %where = local_max_pool" + in);
        add(to + "%y, %where = local_max_pool" + in +
            "%dx = local_max_pool_grad(%y, %where, %from, %to)");
        add(to + "%y = local_mean_pool" + in);
        add(to + "%y = local_mean_pool" + in +
            fmt::format("%dx = local_mean_pool_grad(%y, %from, %to) {}", window));
      }
    }
  }
}

void add_elementwise(std::vector<Case>& all) {
  for (const std::int64_t rows : {0, 1, 7, 301}) {
    const auto add = [&](const std::string& declared, const std::string& call) {
      all.push_back({declared + "\n %y = " + call, {{}, rows}});
    };
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
                             "reduce_max(%x) axes=[0]",
                             "reduce_max(%x) axes=[1]",
                             "slice(%x) axis=1 begin=1 end=3",
                             "slice_grad(%x) axis=1 begin=2 extent=19",
                             "reshape(%x) shape=[13, 1]",
                             "concat(%x)"}) {
      add("input %x : f32[N, 13]", call);
    }
    for (const char* op : {"relu_grad", "tanh_grad", "sigmoid_grad", "elu_grad", "gelu_grad",
                           "softmax_grad", "log_softmax_grad", "add", "sub", "mul"}) {
      add("input %a : f32[N, 13]\n input %b : f32[N, 13]", fmt::format("{}(%a, %b)", op));
    }
    add("input %a : f32[N, 5]\n input %b : f32[N, 5]", "gelu_grad(%a, %b) approximate=\"tanh\"");
    add("input %a : f32[N, 2]\n input %b : f32[N, 1]\n input %c : f32[N, 31]",
        "concat(%a, %b, %c)");
    add("input %x : f32[N, 13]\n param %b : f32[13]", "bias_add(%x, %b)");
    add("input %x : f32[13]\n input %like : f32[N, 13]", "broadcast_like(%x, %like) axes=[0]");
    add("input %x : f32[N]\n input %like : f32[N, 13]", "reduce_mean_grad(%x, %like) axes=[1]");
    add("input %x : f32[N, 13]\n %m = reduce_max(%x) axes=[1]",
        "reduce_max_grad(%x, %m, %m) axes=[1]");
    add("input %x : f32[N, 2, 3, 2]", "reduce_sum(%x) axes=[0, 2]");
    add("input %x : f32[N, 2, 3, 2]", "slice(%x) axis=2 begin=0 end=2");
    for (const char* rate : {"0.0", "0.5", "0.9"}) {
      all.push_back({fmt::format("input %x : f32[N, 9]\n input %seed : i32[]\n input %step : "
                                 "i32[]\n%y = dropout(%x, %seed, %step) rate={} stream=3",
                                 rate),
                     {{}, rows},
                     {{"seed", {-5}}, {"step", {8}}}});
    }
  }
  for (const std::size_t tokens : {0U, 1U, 300U}) {
    all.push_back(
        {"input %ids : i32[T]\n input %seed : i32[]\n input %step : i32[]\n"
         "%y = token_dropout(%ids, %seed, %step) rate=0.3 stream=2",
         {{static_cast<std::int64_t>(tokens)}},
         {{"seed", {-5}}, {"step", {8}}, {"ids", std::vector<double>(tokens, 7.0)}}});
  }
  all.push_back({"%y = constant() shape=[3] value=[1.5, -2.0, 0.25]"});
  all.push_back({"%y = constant() dtype=\"i32\" shape=[2, 2] value=[7]"});
}

void add_products(std::vector<Case>& all) {
  for (const std::int64_t rows : {0, 1, 5, 64, 200}) {
    for (const auto& [k, n] : {std::pair(4, 3), std::pair(300, 2), std::pair(37, 100)}) {
      const auto add = [&](const std::string& a, const std::string& b, const std::string& attrs) {
        all.push_back({fmt::format("input %a : {}\n{} %b : {}\n%y = matmul(%a, %b) {}", a,
                                   b.starts_with('!') ? "input" : "param",
                                   b.starts_with('!') ? b.substr(1) : b, attrs),
                       {{}, rows}});
      };
      add(fmt::format("f32[N, {}]", k), fmt::format("f32[{}, {}]", k, n), "");
      add(fmt::format("f32[N, {}]", k), fmt::format("f32[{}, {}]", n, k), "transpose_b=1");
      add(fmt::format("f32[N, {}]", k), fmt::format("!f32[{}, {}]", k, n), "");
      add(fmt::format("f32[{}, N]", k), fmt::format("!f32[{}, {}]", k, n), "transpose_a=1");
      add(fmt::format("f32[N, {}]", k), fmt::format("!f32[N, {}]", n), "transpose_a=1");
      add(fmt::format("f32[N, {}]", k), fmt::format("!f32[{}, {}]", n, k), "transpose_b=1");
      add(fmt::format("f32[{}, N]", k), fmt::format("!f32[{}, {}]", n, k),
          "transpose_a=1 transpose_b=1");
      for (const char* act : {"", "relu", "tanh", "sigmoid", "gelu", "gelu_tanh", "elu"}) {
        all.push_back({fmt::format("input %x : f32[N, {0}]\n param %w : f32[{0}, {1}]\n param %b : "
                                   "f32[{1}]\n%y = linear(%x, %w, %b) act=\"{2}\"",
                                   k, n, act),
                       {{}, rows}});
      }
    }
  }
}

void add_norms(std::vector<Case>& all) {
  for (const std::int64_t rows : {0, 1, 5, 200}) {
    const std::string head =
        "input %x : f32[N, 35]\n param %g : f32[35]\n param %b : f32[35]\n"
        "state %mean : f32[35]\n state %var : f32[35]\n input %dy : f32[N, 35]\n";
    const std::string layer = "%y, %m, %r = layer_norm(%x, %g, %b)\n";
    const std::string batch =
        "%y, %m, %r, %nm, %nv = batch_norm(%x, %g, %b, %mean, %var) epsilon=0.1\n";
    for (const std::string& body :
         {layer, layer + "%dx, %dg, %db = layer_norm_grad(%x, %g, %m, %r, %dy)", batch,
          batch + "%dx, %dg, %db = batch_norm_grad(%x, %g, %m, %r, %dy)",
          std::string("%y = batch_norm_inference(%x, %g, %b, %mean, %var)")}) {
      all.push_back({head + body, {{}, rows}});
    }
  }
}

void add_lookups_and_losses(std::vector<Case>& all) {
  for (const auto& ids : std::vector<std::vector<double>>{
           {}, {3}, {4, 0, 0, 2, 4, 4, 1}, std::vector<double>(300, 2.0)}) {
    const auto tokens = static_cast<std::int64_t>(ids.size());
    for (const int width : {1, 3, 37, 300}) {
      all.push_back({fmt::format("input %ids : i32[T]\n param %table : f32[5, {}]\n"
                                 "%y = embedding(%ids, %table)\n"
                                 "%d = embedding_grad(%ids, %y) rows=5",
                                 width),
                     {{tokens}},
                     {{"ids", ids}}});
      all.push_back({fmt::format("input %ids : i32[T]\n input %rows : f32[N, {}]\n"
                                 "%y = embedding(%ids, %rows)\n"
                                 "%d = embedding_grad(%ids, %y, %rows)",
                                 width),
                     {{tokens}, 5},
                     {{"ids", ids}}});
    }
  }
  for (const auto& labels : std::vector<std::vector<double>>{{}, {2}, {3, 0, 2, 3, 1}}) {
    const SampleSizes sizes{std::vector<std::int64_t>(labels.size(), 1)};
    for (const char* attrs : {"", "class_weights=[1.0, 0.0, 0.5, 3.0]", "label_smoothing=0.1",
                              "class_weights=[1.0, 2.0, 0.5, 3.0] label_smoothing=0.3"}) {
      const std::string head =
          "input %logits : f32[B, 4]\n input %labels : i32[B]\n"
          "input %targets : f32[B, 4]\n input %dloss : f32[]\n";
      const std::string loss =
          fmt::format("%loss, %p = cross_entropy(%logits, %labels) {}\n", attrs);
      for (const std::string& body :
           {loss, loss + fmt::format("%d = cross_entropy_grad(%p, %labels, %dloss) {}", attrs),
            fmt::format("%loss = binary_cross_entropy(%logits, %targets) {}", attrs),
            fmt::format("%d = binary_cross_entropy_grad(%logits, %targets, %dloss) {}", attrs)}) {
        all.push_back({head + body, sizes, {{"labels", labels}}});
      }
    }
  }
}

void add_optimizers(std::vector<Case>& all) {
  for (const std::string shape : {"f32[3, 5, 7]", "f32[1]", "f32[400, 100]"}) {
    const std::string head = fmt::format(
        "param %w : {0}\n input %g : {0}\n state %m : {0}\n state %var : {0}\n state %var2 : {0}\n"
        "input %rate : f32[]\n input %step : i32[]\n",
        shape);
    for (const char* call :
         {"%w1 = sgd(%w, %g, %rate) weight_decay=0.1",
          "%w1, %v1 = momentum_sgd(%w, %g, %m, %rate) momentum=0.8 weight_decay=0.1",
          "%w1, %v1 = momentum_sgd(%w, %g, %m, %rate) nesterov=1",
          "%w1, %m1, %v1 = adam(%w, %g, %m, %var, %rate, %step) weight_decay=0.1",
          "%w1, %m1, %v1 = adamw(%w, %g, %m, %var, %rate, %step) weight_decay=0.1",
          "%w1, %a1, %b1 = adadelta(%w, %g, %var, %var2, %rate) weight_decay=0.1",
          "%w1 = max_norm(%w) limit=0.9", "%next = increment(%step)", "%g1 = clip(%g) limit=0.5",
          "%f = clip_factor(%g, %m, %g) limit=0.75", "%f = clip_factor(%g) limit=1e6",
          "%g1 = scale_by(%g, %rate)"}) {
      all.push_back({head + call, {}, {{"rate", {0.01}}, {"step", {3}}}});
    }
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  add_convolutions(all);
  add_pools(all);
  add_elementwise(all);
  add_products(all);
  add_norms(all);
  add_lookups_and_losses(all);
  add_optimizers(all);
  return all;
}

double element(const TensorView& view, std::size_t i) {
  return view.dtype == DType::f32 ? static_cast<double>(view.f32()[i])
                                  : static_cast<double>(view.i32()[i]);
}

// A float program is off by its roundings: 2e-5 of the tensor's largest number, sums being of a few
// hundred terms of that size.
void check_close(const TensorView& found, const Tensor& expected) {
  REQUIRE(found.shape == expected.shape);
  double largest = 1.0;
  for (const double y : expected.data) largest = std::max(largest, std::abs(y));
  const double bound = found.dtype == DType::i32 ? 0.0 : 2e-5 * largest;
  for (std::size_t i = 0; i < expected.data.size(); ++i) {
    if (std::abs(element(found, i) - expected.data[i]) <= bound) continue;
    CAPTURE(i);
    REQUIRE(element(found, i) == expected.data[i]);
  }
}

// In place, an intermediate result may be gone where the last node ran.
void check_kernels(const Graph& graph, const Bindings& given, const Interpretation& expected,
                   int threads, bool in_place) {
  CAPTURE(threads);
  CAPTURE(in_place);
  BoundProgram bound(plan_simply(graph, in_place), given, threads);
  bound.run(given);
  for (std::size_t i = 0; i < graph.results.size(); ++i) {
    const auto& last = graph.nodes.back().outputs;
    if (in_place && std::ranges::find(last, graph.results[i]) == last.end()) continue;
    check_close(bound.result(i), expected.results[i]);
  }
}

// The program without the results that are optional outputs: nobody reads these any more, unless a
// node does.
Graph without_optional_results(Graph graph) {
  for (const Node& node : graph.nodes) {
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.op->outputs[i].arity == Arity::optional) std::erase(graph.results, node.outputs[i]);
    }
  }
  return graph;
}

TEST_CASE("every kernel agrees with its reference") {
  std::set<std::string_view> seen;
  for (const Case& c : cases()) {
    CAPTURE(c.body);
    CAPTURE(fmt::format("{} rows, lengths {}", c.sizes.rows, fmt::join(c.sizes.lengths, " ")));
    const Graph graph = program(c.body);
    const Bindings given = rounded(sample_bindings(graph, c.sizes, c.given));
    const Interpretation expected = interpret(graph, given);
    for (const Node& node : graph.nodes) seen.insert(node.op->name);
    with_every_target([&] { check_kernels(graph, given, expected, 1, false); });
    const Graph fewer = without_optional_results(graph);
    if (fewer.results.size() < graph.results.size()) {
      const Interpretation rest = interpret(fewer, given);
      with_every_target([&] { check_kernels(fewer, given, rest, 1, false); });
    }
    check_kernels(graph, given, expected, 1, true);
    check_kernels(graph, given, expected, 2, false);
    check_kernels(graph, given, expected, 2, true);
  }
  for (const OpDef* op : all_ops()) {
    CAPTURE(op->name);
    if (std::ranges::find(kElsewhere, op->name) != kElsewhere.end()) continue;
    CHECK_MESSAGE(seen.contains(op->name), "no case here runs this op");
    const bool lowered = find_kernel(op->name) != nullptr;
    CHECK_MESSAGE(lowered, "only its reference can run this op");
  }
  CHECK(onednn_reference_primitives_created() == 0);
}

constexpr const char* kClassifier =
    "input %ids : i32[T]\n input %offsets : i32[B+1 -> T]\n"
    "param %table : f32[50, 61]\n param %w3 : f32[3, 61, 20]\n param %b3 : f32[20]\n"
    "param %w4 : f32[4, 61, 33]\n param %w : f32[53, 7]\n param %b : f32[7]\n"
    "%x = embedding(%ids, %table)\n"
    "%c3 = conv1d(%x, %w3, %offsets, %offsets, %b3) act=\"relu\"\n"
    "%to = window_offsets(%offsets) size=4\n"
    "%c4 = conv1d(%x, %w4, %offsets, %to, _) padding=\"valid\" act=\"tanh\"\n"
    "%p3, %at3 = max_pool(%c3, %offsets)\n %p4 = mean_pool(%c4, %to)\n"
    "%h = concat(%p3, %p4)\n %logits = linear(%h, %w, %b)\n %p = softmax(%logits)";

// Sequences of the given lengths, with ids that depend on the length only.
Bindings texts(const Graph& graph, const std::vector<std::int64_t>& lengths) {
  std::vector<double> ids;
  for (const std::int64_t length : lengths) {
    for (std::int64_t i = 0; i < length; ++i) {
      ids.push_back(static_cast<double>((length * 7 + i * i * 3) % 50));
    }
  }
  return rounded(sample_bindings(graph, {lengths}, {{"ids", ids}}));
}

// All that may be columns of a wider matrix, and what may not, side by side.
constexpr const char* kSideBySide =
    "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n input %x : f32[T, 37]\n"
    "param %e : f32[50, 11]\n param %v : f32[3, 11, 21]\n param %w : f32[2, 11, 5]\n"
    "param %b : f32[26]\n %table = tap_table(%e, %v, %w)\n"
    "%q, %scale = quantize_taps(%table) dtype=\"i8\" {taps}\n"
    "%max, %1 = max_pool(%x, %from) act=\"tanh\"\n %mean = mean_pool(%x, %from)\n"
    "%taps, %2 = tap_max_pool(%ids, %table, %from, %b) {taps} act=\"tanh\"\n"
    "%relu, %at = tap_max_pool(%ids, %table, %from, %b) {taps} act=\"relu\"\n"
    "%means = tap_mean_pool(%ids, %table, %from, %b) {taps} act=\"relu\"\n"
    "%i8, %3 = tap_max_pool(%ids, %q, %from, %b, %scale) {taps}\n %copied = relu(%mean)\n"
    "%y = concat(%max, %taps, %copied, %relu, %means, %i8)\n return %y, %at";

TEST_CASE("what is concatenated is computed in its place") {
  std::string body = kSideBySide;
  for (auto at = body.find("{taps}"); at != std::string::npos; at = body.find("{taps}")) {
    body.replace(at, 6, "kernels=[3, 2] channels=[21, 5]");
  }
  const Graph graph = program(body);
  PassContext context;
  const Graph placed = plan_memory(zero_copy_concat(graph, context), context);
  for (const char* part : {"max", "taps", "relu", "means", "i8"}) {
    CHECK(placed.find_value(part)->is_in(Storage::Kind::columns));
  }
  CHECK(!placed.find_value("copied")->is_in(Storage::Kind::columns));
  for (const auto& lengths : kLengths) {
    Bindings given = texts(graph, lengths);
    const Interpretation expected = interpret(graph, given);
    with_every_target([&] {
      for (const int threads : {1, 2}) {
        BoundProgram bound(placed, given, threads);
        bound.run(given);
        for (std::size_t i = 0; i < 2; ++i) check_close(bound.result(i), expected.results[i]);
      }
    });
  }
}

TEST_CASE("a prediction has the same bits alone, in any batch, and on any number of threads") {
  const Graph graph = program(kClassifier);
  BoundProgram alone(plan_simply(graph), texts(graph, {}), 1);
  std::map<std::int64_t, std::vector<float>> expected;
  for (std::int64_t length = 0; length < 75; ++length) {
    alone.run(texts(graph, {length}));
    const auto found = alone.result().f32();
    expected[length].assign(found.begin(), found.end());
  }
  for (const int threads : {1, 2}) {
    BoundProgram batched(plan_simply(graph), texts(graph, {}), threads);
    for (std::int64_t first = 0; first < 75; ++first) {
      std::vector<std::int64_t> lengths;
      std::int64_t total = 0;
      for (std::int64_t k = 0; lengths.size() < 64; ++k) {
        const std::int64_t length = (first + k * k) % 75;
        if (total + length > 400) break;
        lengths.push_back(length);
        total += length;
      }
      batched.run(texts(graph, lengths));
      const auto found = batched.result().f32();
      for (std::size_t b = 0; b < lengths.size(); ++b) {
        const std::vector<float>& row = expected[lengths[b]];
        CAPTURE(lengths[b]);
        REQUIRE(std::memcmp(row.data(), found.data() + b * 7, 7 * sizeof(float)) == 0);
      }
    }
  }
}

TEST_CASE("once every size has been met, running makes no primitive") {
  const Graph graph = program(kClassifier);
  BoundProgram bound(plan_simply(graph), texts(graph, {}), 2);
  const auto run_all = [&] {
    for (std::int64_t length = 0; length < 130; ++length) {
      bound.run(texts(graph, {length}));
      bound.run(texts(graph, {length, 3, length / 2, 0, length}));
    }
  };
  run_all();
  const std::int64_t made = onednn_primitives_created();
  run_all();
  CHECK(onednn_primitives_created() == made);
  CHECK(onednn_reference_primitives_created() == 0);
}

}  // namespace
}  // namespace weft
