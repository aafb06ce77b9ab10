// Every differentiable op over odd, empty, short and many sequences.
#include "tests/support/gradient_samples.h"

#include <fmt/format.h>

#include <numeric>
#include <string_view>

#include "ir/op.h"

namespace weft {
namespace {

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

void add_window_samples(std::vector<GradientSample>& all) {
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
    all.push_back({pool("param %w : f32[T]\n %y = weighted_sum(%x, %w, %offsets)"), {lengths}});
  }
}

// Convolutions of 2 and 3 taps to 3 and 10 channels, whose table has rows of 64 numbers.
std::string taps(const std::string& call, const std::string& attrs) {
  return fmt::format(
      "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n param %table : f32[4, 48]\n"
      "param %rows : f32[T, 48]\n param %b : f32[13]\n {} kernels=[2, 3] channels=[3, 10] {}",
      call, attrs);
}

void add_tap_samples(std::vector<GradientSample>& all) {
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

void add_loss_samples(std::vector<GradientSample>& all) {
  for (const char* attrs : {"", "class_weights=[1.0, 2.0, 0.5, 3.0]", "label_smoothing=0.1",
                            "class_weights=[1.0, 0.0, 0.5, 3.0] label_smoothing=0.3"}) {
    all.push_back({cross_entropy(attrs), {{1, 1, 1}}, {{"labels", {3, 0, 2}}}});
    all.push_back({cross_entropy(attrs), {{1}}, {{"labels", {2}}}, {0, 1}});
    all.push_back({cross_entropy(attrs), {{1, 1}}, {{"labels", {1, 2}}}, {1}});
    all.push_back({cross_entropy(attrs), {}, {{"labels", {}}}});
  }
  for (const char* attrs : {"", "class_weights=[1.0, 2.0, 0.5]", "label_smoothing=0.1",
                            "class_weights=[0.0, 2.0, 0.5] label_smoothing=0.3"}) {
    all.push_back({binary_cross_entropy(attrs), {{1, 1, 1}}, {}, {0}, {1}});
    all.push_back({binary_cross_entropy(attrs), {{1}}, {}, {0}, {1}});
    all.push_back({binary_cross_entropy(attrs), {}, {}, {0}, {1}});
  }
}

void add_tree_samples(std::vector<GradientSample>& all) {
  // A chain: each label hangs on the way to the next.
  const std::map<std::string, std::vector<double>> chain{{"tree", {7, 5, 3, 1, 0, 2, 4, 6}}};
  const std::string head = "param %scores : f32[N, 4]\n input %tree : i32[8]\n";
  for (const char* epsilon : {"", "epsilon=0.01"}) {
    const std::string body = head + "%y, %p = tree_softmax(%scores, %tree) " + epsilon;
    for (const std::int64_t rows : {0, 1, 7}) all.push_back({body, {{}, rows}, chain});
    all.push_back({body, {{}, 3}, chain, {1}});
    all.push_back({body, {{}, 3}, chain, {0, 1}});
  }
  all.push_back(
      {"param %scores : f32[N, 1]\n input %tree : i32[2]\n"
       "%y, %p = tree_softmax(%scores, %tree)",
       {{}, 4},
       {{"tree", {1, 0}}}});
  for (const auto& lengths : {kMixed, kOne, kEmpty}) {
    std::vector<double> codes(
        static_cast<std::size_t>(std::accumulate(lengths.begin(), lengths.end(), 0)));
    for (std::size_t i = 0; i < codes.size(); i += 2) codes[i] = 1;
    all.push_back(
        {"param %x : f32[B, 3]\n param %rows : f32[T, 3]\n input %codes : i32[T]\n"
         "input %offsets : i32[B+1 -> T]\n"
         "%loss = path_cross_entropy(%x, %rows, %codes, %offsets)",
         {lengths},
         {{"codes", codes}}});
  }
  all.push_back(
      {"param %w : f32[4, 3]\n param %x : f32[B, 3]\n input %labels : i32[B]\n"
       "input %tree : i32[8]\n"
       "%nodes, %offsets, %codes = tree_path(%labels, %tree) depth=4\n"
       "%rows = embedding(%nodes, %w)\n"
       "%loss = path_cross_entropy(%x, %rows, %codes, %offsets)",
       {{1, 1, 1}},
       {{"labels", {4, 0, 2}}, {"tree", chain.at("tree")}}});
}

void add_elementwise_samples(std::vector<GradientSample>& all) {
  for (const OpDef* op : all_ops()) {
    if (op->activation == nullptr) continue;
    for (const std::int64_t rows : {0, 1, 7}) {
      all.push_back({unary(fmt::format("{}(%x)", op->name)), {{}, rows}});
    }
  }
  for (const char* call :
       {"gelu(%x) approximate=\"tanh\"", "elu(%x) alpha=0.3", "scale(%x) factor=-2.5",
        "softmax(%x)", "log_softmax(%x)", "reduce_sum(%x) axes=[0]", "reduce_sum(%x) axes=[1]",
        "reduce_sum(%x) axes=[0, 1]", "reduce_mean(%x) axes=[0]", "reduce_mean(%x) axes=[1]",
        "reduce_mean(%x) axes=[0, 1]", "reduce_max(%x) axes=[0]", "reduce_max(%x) axes=[1]",
        "reduce_max(%x) axes=[0, 1]", "slice(%x) axis=1 begin=1 end=3",
        "slice(%x) axis=1 begin=2 end=2", "reshape(%x) shape=[3, 1]", "concat(%x)"}) {
    for (const std::int64_t rows : {0, 1, 7}) all.push_back({unary(call), {{}, rows}});
  }
  for (const char* op : {"add", "sub", "mul", "concat"}) {
    for (const std::int64_t rows : {0, 1, 7}) all.push_back({binary(op), {{}, rows}});
  }
}

void add_shape_samples(std::vector<GradientSample>& all) {
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
}

void add_lookup_samples(std::vector<GradientSample>& all) {
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
}

void add_attention_samples(std::vector<GradientSample>& all) {
  const std::map<std::string, std::vector<double>> random{{"seed", {-5}}, {"step", {8}}};
  const std::string offsets = "input %offsets : i32[B+1 -> T]\n";
  const std::string seeds = "input %seed : i32[]\n input %step : i32[]\n";
  for (const auto& lengths : {kMixed, kOne, kEmpty}) {
    all.push_back({pool("%y = pick_row(%x, %offsets)"), {lengths}});
    all.push_back({pool("%y = pick_row(%x, %offsets) which=\"last\""), {lengths}});
    all.push_back({"input %rows : f32[T, 2]\n param %table : f32[8, 3]\n" + offsets +
                       "%at = positions(%offsets)\n %y = embedding(%at, %table)",
                   {lengths}});
    const std::string self = offsets + "param %qkv : f32[T, 12]\n";
    for (const char* attrs : {"heads=1", "heads=2 causal=1", "heads=4 scale=0.7"}) {
      all.push_back({self + "%y = attention(%qkv, %offsets) " + attrs, {lengths}});
      all.push_back(
          {self + seeds + "%y = attention(%qkv, %offsets, %seed, %step) rate=0.4 " + attrs,
           {lengths},
           random});
    }
    const std::string pooled = offsets + "param %q : f32[B, 4]\n param %kv : f32[T, 8]\n";
    all.push_back({pooled + "%y = pool_attention(%q, %kv, %offsets) heads=2", {lengths}});
    all.push_back(
        {pooled + seeds + "%y = pool_attention(%q, %kv, %offsets, %seed, %step) heads=2 rate=0.4",
         {lengths},
         random});
  }
}

void add_product_samples(std::vector<GradientSample>& all) {
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
}

}  // namespace

std::vector<GradientSample> gradient_samples() {
  std::vector<GradientSample> all;
  add_elementwise_samples(all);
  add_shape_samples(all);
  add_lookup_samples(all);
  add_product_samples(all);
  add_attention_samples(all);
  add_window_samples(all);
  add_tap_samples(all);
  add_loss_samples(all);
  add_tree_samples(all);
  return all;
}

}  // namespace weft
