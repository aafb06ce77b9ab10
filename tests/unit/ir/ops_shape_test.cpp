// What every op asks of its operands: types that are inferred, mistakes and what is said about
// them, damaged indices, and the facts that passes rely on.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ir/ops/ops.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

// Values of many types, for one line that goes right or wrong.
const char* const kDeclared =
    "input %from : i32[B+1 -> T]\n input %ids : i32[T]\n input %labels : i32[B]\n"
    "input %x : f32[T, 6]\n input %n : f32[N, 6]\n input %top : f32[B, 4]\n input %s : f32[]\n"
    "input %w : f32[3, 6, 2]\n input %m : f32[6, 2]\n input %v6 : f32[6]\n input %v2 : f32[2]\n"
    "input %where : i32[B, 6]\n input %step : i32[]\n";

std::string outcome(const std::string& line) {
  try {
    const Graph graph = sample_program(kDeclared + line);
    std::string types;
    for (const ValueId id : graph.results) {
      types += (types.empty() ? "" : ", ") + to_string(graph[id].type);
    }
    return types;
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("types are inferred") {
  CHECK(outcome("%y = conv1d(%x, %w, %from, %from)") == "f32[T, 2]");
  CHECK(outcome("%to = window_offsets(%from) size=3") == "i32[B+1 -> T.valid3]");
  CHECK(outcome("%to = window_offsets(%from) size=3 padding=\"causal\"") == "i32[B+1 -> T]");
  CHECK(outcome("%to = window_offsets(%from) size=3\n"
                "%y = conv1d(%x, %w, %from, %to) padding=\"valid\"") == "f32[T.valid3, 2]");
  CHECK(outcome("%to = window_offsets(%from) size=2 stride=2\n"
                "%y, %at = local_max_pool(%x, %from, %to) size=2 stride=2") ==
        "f32[T.valid2s2, 6], i32[T.valid2s2, 6]");
  CHECK(outcome("%y, %at = max_pool(%x, %from)") == "f32[B, 6], i32[B, 6]");
  CHECK(outcome("%y = matmul(%x, %n) transpose_b=1") == "f32[T, N]");
  CHECK(outcome("%y = concat(%x, %x, %x)") == "f32[T, 18]");
  CHECK(outcome("%y = reshape(%x) shape=[2, 3]") == "f32[T, 2, 3]");
  CHECK(outcome("%y = reduce_sum(%x) axes=[0]") == "f32[6]");
  CHECK(outcome("%l, %p = cross_entropy(%top, %labels)") == "f32[], f32[B, 4]");
}

struct Mistake {
  const char* line;
  const char* message;
};

TEST_CASE("mistakes are named, with the types involved") {
  for (const Mistake& mistake : std::vector<Mistake>{
           {"%y = conv1d(%n, %w, %from, %from)",
            "conv1d: from is i32[B+1 -> T], but must be "
            "offsets into N"},
           {"%y = conv1d(%top, %w, %from, %from)",
            "conv1d: w is f32[3, 6, 2] but x has 4 channels"},
           {"%y = conv1d(%x, %w, %from, %from) padding=\"valid\"",
            "conv1d: to is i32[B+1 -> T], but the windows over i32[B+1 -> T] are counted by "
            "T.valid3"},
           {"%y = conv1d(%x, %w, %from, %from) padding=\"valid\"",
            "window_offsets(from) size=3 stride=1 dilation=1 padding=\"valid\""},
           {"%y = conv1d(%x, %w, %from, %from, %v6)",
            "conv1d: bias is f32[6] but w is f32[3, 6, 2]"},
           {"%y = conv1d(%x, %w, %from, %from) act=\"selu\"",
            "conv1d: there is no activation \"selu\""},
           {"%y = conv1d(%x, %w, %from, %from) padding=\"full\"",
            "conv1d: there is no padding \"full\""},
           {"%y = conv1d(%x, %w, %from, %from) stride=0",
            "conv1d: stride is 0, but must be from 1"},
           {"%to = window_offsets(%from) size=9223372036854775807", "the window's size is"},
           {"%to = window_offsets(%ids) size=3",
            "window_offsets: from is i32[T], but must be "
            "offsets"},
           {"%y = linear(%x, %w)", "linear: w is f32[3, 6, 2], but must have 2 dimensions"},
           {"%y = linear(%top, %m)", "linear: w is f32[6, 2] but x is f32[B, 4]"},
           {"%y = linear(%x, %m, %v6)", "linear: bias is f32[6] but w is f32[6, 2]"},
           {"%y = matmul(%x, %n)", "matmul: a is f32[T, 6] and b is f32[N, 6]"},
           {"%y = matmul(%x, %n) transpose_a=2", "matmul: transpose_a is 2"},
           {"%y = embedding(%x, %m)", "embedding: ids is f32[T, 6], but must be of i32"},
           {"%y = embedding_grad(%ids, %x)", "embedding_grad: rows is 0, but a table has"},
           {"%y = embedding_grad(%ids, %x, %x) rows=6", "rows and like are both given"},
           {"%y = embedding_grad(%ids, %x, %m)", "dy is f32[T, 6] but like is f32[6, 2]"},
           {"%y = embedding_grad(%ids, %x, %w)",
            "like is f32[3, 6, 2], but must have 2 dimensions"},
           {"%y = embedding(%ids, %v6)", "embedding: table is f32[6], but must have 2 dimensions"},
           {"%y = bias_add(%x, %v2)", "bias_add: b is f32[2] but x is f32[T, 6]"},
           {"%y = positions(%from) first=4611686018427387904",
            "positions: first is 4611686018427387904, but must be from 0 to 1048576"},
           {"%y = dequantize(%m, %m) part=0", "dequantize: part is 0, but must be at least 1"},
           {"%y = add(%x, %n)", "add: a is f32[T, 6] but b is f32[N, 6]"},
           {"%y = relu(%ids)", "relu: x is i32[T], but must be of f32"},
           {"%y = elu(%x) alpha=-1", "elu: alpha is -1"},
           {"%y = gelu(%x) approximate=\"fast\"", "gelu: there is no approximation \"fast\""},
           {"%y, %at = max_pool(%n, %from)",
            "max_pool: offsets is i32[B+1 -> T], but must be "
            "offsets into N"},
           {"%y = max_pool_grad(%x, %where, %from)", "max_pool_grad: argmax is i32[B, 6]"},
           {"%y = mean_pool_grad(%n, %from)", "mean_pool_grad: dy is f32[N, 6] but offsets is"},
           {"%y = term_weights(%ids, %from, %v6)", "table is f32[6], but must have 2"},
           {"%y = weighted_sum(%x, %v6, %from)", "weights is f32[6] but there are T rows"},
           {"%y = weighted_sum_weight_grad(%n, %x, %from)",
            "dy is f32[N, 6] but offsets is i32[B+1 -> T]"},
           {"%y = concat(%x, %top)", "concat: x[1] is f32[B, 4] but x[0] is f32[T, 6]"},
           {"%y = slice(%x) axis=0 begin=0 end=1", "T is known only at run time"},
           {"%y = slice(%x) axis=2 begin=0 end=1", "slice: axis is 2, but x is f32[T, 6]"},
           {"%y = slice(%x) axis=1 begin=4 end=9", "slice: the range from 4 to 9 is not inside 6"},
           {"%y = reshape(%x) shape=[4]", "reshape: x is f32[T, 6], so the new shape must hold 6"},
           {"%y = constant() shape=[2] value=[1, 2, 3]", "constant: value has 3 numbers"},
           {"%y = constant() shape=[4611686018427387904, 4611686018427387904, 0] value=[1]",
            "constant: shape is of"},
           {"%y = constant() dtype=\"i32\" value=[0.5]", "constant: value must hold i32 numbers"},
           {"%y = reduce_sum(%x) axes=[1, 0]", "reduce_sum: axes=[1, 0], but x is f32[T, 6]"},
           {"%y = reduce_sum(%x) axes=[]", "reduce_sum: axes is empty"},
           {"%y = broadcast_like(%v6, %x) axes=[1]",
            "broadcast_like: x is f32[6], but must be "
            "f32[T]"},
           {"%y, %a, %b = layer_norm(%x, %v2, %v6)", "layer_norm: gamma is f32[2] but x is"},
           {"%y, %a, %b = layer_norm(%x, %v6, %v6) epsilon=0", "layer_norm: epsilon is 0"},
           {"%y = dropout(%x, %step, %step) rate=1 stream=0", "dropout: rate is 1"},
           {"%y = dropout(%x, %s, %step) rate=0.5 stream=0", "dropout: seed is f32[]"},
           {"%l, %p = cross_entropy(%top, %ids)",
            "cross_entropy: labels is i32[T], but must be "
            "i32[B]"},
           {"%l, %p = cross_entropy(%top, %labels) class_weights=[1, 2]",
            "cross_entropy: class_weights has 2 numbers, but there are 4 classes"},
           {"%l, %p = cross_entropy(%top, %labels) class_weights=[1, 2, -1, 0]",
            "cross_entropy: class_weights is -1, but must be at least 0"},
           {"%l, %p = cross_entropy(%top, %labels) label_smoothing=1.5",
            "cross_entropy: label_smoothing is 1.5"},
           {"%l = binary_cross_entropy(%top, %x)", "binary_cross_entropy: targets is f32[T, 6]"},
           {"%y = sgd(%m, %w, %s)", "sgd: g is f32[3, 6, 2], but must be f32[6, 2]"},
           {"%y = sgd(%m, %m, %v6)", "sgd: rate is f32[6], but must be f32[]"},
           {"%y, %a, %b = adam(%m, %m, %m, %m, %s, %step) beta1=1", "adam: beta1 is 1"},
           {"%y = max_norm(%m) limit=0", "max_norm: limit is 0"},
           {"%y = clip(%m) limit=-1", "clip: limit is -1"},
           {"%y = clip_factor(%m, %ids) limit=1", "clip_factor: g[1] is i32[T]"},
           {"%y = scale_by(%m, %v6)", "scale_by: factor is f32[6], but must be f32[]"},
           {"%y = token_dropout(%x, %step, %step) rate=0.5 stream=0",
            "token_dropout: ids is f32[T, 6]"},
           {"%y = token_dropout(%ids, %step, %step) rate=1 stream=0", "token_dropout: rate is 1"},
       }) {
    const std::string found = outcome(mistake.line);
    CHECK_MESSAGE(found.find(mistake.message) != std::string::npos, mistake.line, ": ", found);
  }
}

TEST_CASE("a derived symbol declared too small is refused") {
  CHECK(outcome("derived T.valid3 <= 5\n %to = window_offsets(%from) size=3")
            .find("T.valid3 is declared with capacity 5") != std::string::npos);
}

std::string evaluated(const std::string& line, const std::vector<std::int64_t>& lengths,
                      std::map<std::string, std::vector<double>> given) {
  const Graph graph = sample_program(kDeclared + line);
  for (const char* name : {"ids", "labels", "where", "step"}) {
    const bool tokens = std::string_view(name) == "ids";
    std::int64_t size = tokens ? 0 : static_cast<std::int64_t>(lengths.size());
    for (const std::int64_t length : lengths) size += tokens ? length : 0;
    if (std::string_view(name) == "where") size *= 6;
    if (std::string_view(name) == "step") size = 1;
    given.try_emplace(name, std::vector<double>(static_cast<std::size_t>(size)));
  }
  try {
    interpret(graph, sample_bindings(graph, {lengths}, given));
  } catch (const Error& error) {
    return error.what();
  }
  return "evaluated";
}

TEST_CASE("indices outside of what they point into are refused") {
  struct Damage {
    const char* line;
    const char* name;
    std::vector<double> value;
    const char* message;
  };
  for (const Damage& d : std::vector<Damage>{
           {"%y = embedding(%ids, %m)", "ids", {0, 1, 6}, "embedding: ids[2] is 6"},
           {"%y = embedding(%ids, %m)", "ids", {0, -1, 2}, "embedding: ids[1] is -1"},
           {"%y = embedding(%ids, %m)", "ids", {0, 0.5, 2}, "embedding: ids[1] is 0.5"},
           {"%y = term_weights(%ids, %from, %m)", "ids", {0, 1, 6}, "term_weights: ids[2] is 6"},
           {"%y = embedding_grad(%ids, %x) rows=2", "ids", {0, 2, 1}, "ids[1] is 2"},
           {"%y = mean_pool(%x, %from)", "from", {0, 2, 1}, "offsets[2] is 1"},
           {"%y = mean_pool(%x, %from)", "from", {1, 2, 3}, "must start with 0"},
           {"%y = mean_pool(%x, %from)", "from", {0, 1, 2}, "end with 3"},
           {"%y, %at = max_pool(%x, %from)", "from", {0, 4, 3}, "offsets[1] is 4"},
           {"%to = window_offsets(%from) size=2", "from", {0, -1, 3}, "from[1] is -1"},
           {"%y = conv1d(%x, %w, %from, %from)", "from", {0, 5, 3}, "from[1] is 5"},
           {"%l, %p = cross_entropy(%top, %labels)", "labels", {0, 4}, "labels[1] is 4"},
           {"%y = increment(%step)", "step", {2147483647}, "increment: step + 1 is 2147483648"},
           {"%y, %a, %b = adam(%m, %m, %m, %m, %s, %step)", "step", {0}, "counts from 1"},
       }) {
    CAPTURE(d.line);
    CHECK(evaluated(d.line, {1, 2}, {{d.name, d.value}}).find(d.message) != std::string::npos);
  }
  CHECK(evaluated("%y = mean_pool(%x, %from)", {1, 2}, {}) == "evaluated");
}

TEST_CASE("every op is described, and its facts point at what it has") {
  std::set<std::string_view> names;
  for (const OpDef* op : all_ops()) {
    CAPTURE(op->name);
    CHECK(find_op(op->name) == op);
    CHECK(names.insert(op->name).second);
    CHECK(!op->doc.empty());
    CHECK((op->infer != nullptr && op->reference != nullptr));
    for (const AttrDef& attr : op->attrs) CHECK(!attr.doc.empty());
    CHECK((op->in_place.empty() || op->in_place.size() == op->outputs.size()));
    for (const std::uint8_t port : op->in_place) CHECK(port <= op->inputs.size());
    if (op->bias_port != 0) {
      const PortDef& bias = op->inputs.at(static_cast<std::size_t>(op->bias_port) - 1);
      CHECK(bias.arity == Arity::optional);
    }
    if (op->fused != nullptr) CHECK(op->fused()->bias_port != 0);
    CHECK((!op->monotone_activation || op->activation != nullptr));
  }
}

TEST_CASE("monotone activations never fall") {
  for (const OpDef* op : all_ops()) {
    if (!op->monotone_activation) continue;
    CAPTURE(op->name);
    Graph graph = sample_program(fmt::format("input %x : f32[N, 1]\n %y = {}(%x)", op->name));
    std::vector<double> rising;
    for (int i = 0; i <= 400; ++i) rising.push_back(-10 + i * 0.05);
    const auto y = interpret(graph, sample_bindings(graph, {{}, 401}, {{"x", rising}})).results[0];
    CHECK(std::ranges::is_sorted(y.data));
  }
}

TEST_CASE("what stands for a node in a program that only predicts") {
  Graph graph = sample_program(
      "input %x : f32[N, 2]\n input %seed : i32[]\n state %mean : f32[2]\n state %var : f32[2]\n"
      "input %g : f32[2]\n input %b : f32[2]\n"
      "%d = dropout(%x, %seed, %seed) rate=0.5 stream=1\n"
      "%y, %m, %r, %nm, %nv = batch_norm(%x, %g, %b, %mean, %var) epsilon=0.25");
  const Node dropout = graph.nodes[0], norm = graph.nodes[1];
  CHECK(dropout.op->inference(graph, dropout) == std::vector{dropout.inputs[0]});
  const std::vector<ValueId> stand_ins = norm.op->inference(graph, norm);
  REQUIRE(stand_ins.size() == 5);
  CHECK(graph.nodes.back().op == &ops::batch_norm_inference);
  CHECK(float_attr(graph.nodes.back().attrs, "epsilon") == 0.25);
  CHECK(stand_ins[0] == graph.nodes.back().outputs[0]);
  CHECK(stand_ins[3] == norm.inputs[3]);
  CHECK(stand_ins[4] == norm.inputs[4]);
}

TEST_CASE("flops of products and convolutions") {
  const auto flops = [](const std::string& line) {
    const Graph graph = sample_program(kDeclared + line);
    const Node& node = graph.nodes.back();
    return node.op->flops(graph, node, [](const TensorType& type) {
      double n = 1;
      for (const Dim& dim : type.shape) {
        n *= dim.is_static() ? static_cast<double>(dim.value) : 10.0;  // every symbol is 10
      }
      return n;
    });
  };
  CHECK(flops("%y = linear(%x, %m)") == 2.0 * 10 * 6 * 2);
  CHECK(flops("%y = matmul(%x, %x) transpose_a=1") == 2.0 * 6 * 6 * 10);
  CHECK(flops("%y = conv1d(%x, %w, %from, %from)") == 2.0 * 10 * 3 * 6 * 2);
  CHECK(flops("%y = conv1d_weight_grad(%x, %x, %from, %from) kernel=3") == 2.0 * 10 * 3 * 6 * 6);
}

}  // namespace
}  // namespace weft
