// Cases of every kernel but those of optimizers' rows and of the rewrites by taps.
#include "tests/support/kernel_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ir/op.h"
#include "ir/ops/nn/activation.h"
#include "ir/parse.h"

namespace weft {

Graph case_program(const std::string& body) {
  Graph graph = parse_one(
      "program @sample {\n symbol B <= 64\n symbol T <= 400\n symbol N <= 400\n" + body + "\n}\n");
  for (const ValueId id : graph.nodes.back().outputs) {
    if (std::ranges::find(graph.results, id) == graph.results.end()) graph.results.push_back(id);
  }
  return graph;
}

namespace {

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

void add_convolutions(std::vector<KernelCase>& all) {
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

void add_pools(std::vector<KernelCase>& all) {
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
      const std::string sum =
          "input %w : f32[T]\n %y = weighted_sum(%x, %w, %from)\n"
          "%dx = weighted_sum_input_grad(%y, %w, %from)\n"
          "%dw = weighted_sum_weight_grad(%y, %x, %from)";
      add(sum);
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

// The op that an activation's gradient is made of.
const OpDef& gradient_of(const OpDef& activation) {
  Graph graph = parse_one("program @p {\n input %x : f32[2]\n input %dy : f32[2]\n}\n");
  const ValueId x = *graph.find("x"), dy = *graph.find("dy");
  graph.add(activation, {x});
  const Node node = graph.nodes.back();
  ValueId dx = kNoValue;
  const bool needed = true;
  GradientContext context{graph, node, {&dy, 1}, {&dx, 1}, {&needed, 1}};
  activation.gradient(context);
  return *graph.nodes.back().op;
}

void add_elementwise(std::vector<KernelCase>& all) {
  for (const std::int64_t rows : {0, 1, 7, 301}) {
    const auto add = [&](const std::string& declared, const std::string& call) {
      all.push_back({declared + "\n %y = " + call, {{}, rows}});
    };
    for (const OpDef* op : all_ops()) {
      if (op->activation == nullptr) continue;
      add("input %x : f32[N, 13]", fmt::format("{}(%x)", op->name));
      add("input %a : f32[N, 13]\n input %b : f32[N, 13]",
          fmt::format("{}(%a, %b)", gradient_of(*op).name));
    }
    for (const char* call :
         {"gelu(%x) approximate=\"tanh\"", "elu(%x) alpha=0.3", "scale(%x) factor=-2.5",
          "table_sigmoid(%x)", "softmax(%x)", "log_softmax(%x)", "reduce_sum(%x) axes=[0]",
          "reduce_sum(%x) axes=[1]", "reduce_sum(%x) axes=[0, 1]", "reduce_mean(%x) axes=[0]",
          "reduce_mean(%x) axes=[1]", "reduce_max(%x) axes=[0]", "reduce_max(%x) axes=[1]",
          "slice(%x) axis=1 begin=1 end=3", "slice_grad(%x) axis=1 begin=2 extent=19",
          "reshape(%x) shape=[13, 1]", "concat(%x)"}) {
      add("input %x : f32[N, 13]", call);
    }
    for (const char* op : {"softmax_grad", "log_softmax_grad", "add", "sub", "mul"}) {
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
  all.push_back({"%y = constant() shape=[2] value=[-1e30, 2147483648.0]"});  // no i32
  all.push_back({"%y = constant() dtype=\"i32\" shape=[2, 2] value=[7]"});
}

void add_products(std::vector<KernelCase>& all) {
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
      for (const Activation act : all_activations()) {
        all.push_back({fmt::format("input %x : f32[N, {0}]\n param %w : f32[{0}, {1}]\n param %b : "
                                   "f32[{1}]\n%y = linear(%x, %w, %b) act=\"{2}\"",
                                   k, n, to_string(act)),
                       {{}, rows}});
      }
    }
  }
}

void add_norms(std::vector<KernelCase>& all) {
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

void add_attention(std::vector<KernelCase>& all) {
  const std::map<std::string, std::vector<double>> random{{"seed", {-5}}, {"step", {8}}};
  const std::string head =
      "input %from : i32[B+1 -> T]\n input %seed : i32[]\n input %step : i32[]\n"
      "input %x : f32[T, 24]\n input %dy : f32[T, 8]\n input %q : f32[B, 8]\n"
      "input %kv : f32[T, 16]\n input %dp : f32[B, 8]\n";
  for (const auto& lengths : kLengths) {
    const auto add = [&](const std::string& call) {
      all.push_back({head + call, {lengths}, random});
    };
    for (const char* which : {"first", "last"}) {
      add(fmt::format("%y = pick_row(%x, %from) which=\"{}\"", which));
      add(fmt::format("%y = pick_row_grad(%q, %from) which=\"{}\"", which));
    }
    add("%y = positions(%from) first=2");
    for (const char* attrs : {"heads=2", "heads=1 causal=1 scale=0.3", "heads=8"}) {
      add(fmt::format("%y = attention(%x, %from) {}", attrs));
      add(fmt::format("%y = attention(%x, %from, %seed, %step) rate=0.3 stream=4 {}", attrs));
      add(fmt::format("%dx = attention_grad(%x, %dy, %from) {}", attrs));
      add(fmt::format("%dx = attention_grad(%x, %dy, %from, %seed, %step) rate=0.3 {}", attrs));
    }
    for (const char* attrs : {"heads=2", "heads=1 scale=0.3"}) {
      add(fmt::format("%y = pool_attention(%q, %kv, %from) {}", attrs));
      add(fmt::format("%y = pool_attention(%q, %kv, %from, %seed, %step) rate=0.3 {}", attrs));
      add(fmt::format("%dq, %dkv = pool_attention_grad(%q, %kv, %dp, %from) {}", attrs));
      add(
          fmt::format("%dq, %dkv = pool_attention_grad(%q, %kv, %dp, %from, %seed, %step) "
                      "rate=0.3 {}",
                      attrs));
    }
  }
}

// A table of five rows that is kept as codes.
void add_coded_tables(std::vector<KernelCase>& all) {
  const auto codes = [](std::int64_t count) {
    std::vector<double> numbers;
    for (std::int64_t i = 0; i < count; ++i) {
      numbers.push_back(static_cast<double>((i * 101 + 128) % 256 - 128));
    }
    return numbers;
  };
  for (const auto& [width, part] :
       std::vector<std::pair<int, int>>{{1, 1}, {16, 2}, {5, 2}, {7, 4}, {37, 1}, {10, 3}}) {
    const int parts = (width - 1) / part + 1;
    for (const bool norms : {false, true}) {
      const std::string table = fmt::format(
          "input %table : i8[5, {}]\n input %book : f32[256, {}]\n"
          "input %norms : i8[5]\n input %factors : f32[256]\n",
          parts, width);
      const std::string operands =
          fmt::format("%table, %book, {}) part={}", norms ? "%norms, %factors" : "_, _", part);
      const std::map<std::string, std::vector<double>> given{
          {"table", codes(5 * parts)}, {"norms", codes(5)}, {"ids", {4, 0, 0, 2, 4, 4, 1}}};
      all.push_back({"input %ids : i32[T]\n" + table + "%y = quantized_embedding(%ids, " + operands,
                     {{7}},
                     given});
      all.push_back({table + "%y = dequantize(" + operands, {}, given});
    }
  }
}

void add_term_weights(std::vector<KernelCase>& all) {
  for (const auto& lengths : std::vector<std::vector<std::int64_t>>{{0}, {1}, {7}, {3, 0, 40}}) {
    std::vector<double> ids;
    for (const std::int64_t length : lengths) {
      for (std::int64_t t = 0; t < length; ++t) ids.push_back(static_cast<double>(t * t % 23));
    }
    for (const int kinds : {1, 2, 5}) {
      all.push_back({fmt::format("input %ids : i32[T]\n input %offsets : i32[B+1 -> T]\n"
                                 "param %importance : f32[23, {}]\n"
                                 "%w = term_weights(%ids, %offsets, %importance)",
                                 kinds),
                     {lengths},
                     {{"ids", ids}}});
    }
  }
}

void add_lookups_and_losses(std::vector<KernelCase>& all) {
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

// The tree whose entry i is slot i: nearly balanced.
std::vector<double> balanced_tree(std::int64_t labels) {
  std::vector<double> tree(static_cast<std::size_t>(2 * labels - 2));
  std::iota(tree.begin(), tree.end(), 0.0);
  return tree;
}

// Where each label hangs on the way to the next, right and left in turns.
std::vector<double> chain_tree(std::int64_t labels) {
  std::vector<double> tree(static_cast<std::size_t>(2 * labels - 2));
  for (std::int64_t label = 1; label < labels; ++label) {
    tree[static_cast<std::size_t>(label)] = static_cast<double>(2 * (label - 1) + label % 2);
  }
  tree[0] = 0;
  for (std::int64_t node = 0; node + 2 < labels; ++node) {
    tree[static_cast<std::size_t>(labels + node)] = static_cast<double>(2 * (node + 1) + node % 2);
  }
  return tree;
}

void add_trees(std::vector<KernelCase>& all) {
  for (const std::int64_t labels : {2, 3, 5, 9, 34, 300}) {
    for (const auto& tree : {balanced_tree(labels), chain_tree(labels)}) {
      const std::string head = fmt::format(
          "input %scores : f32[N, {}]\n input %dy : f32[N, {}]\n input %tree : i32[{}]\n",
          labels - 1, labels, 2 * labels - 2);
      for (const char* call : {"%y, %p = tree_softmax(%scores, %tree)",
                               "%y, %p = tree_softmax(%scores, %tree) epsilon=1e-5",
                               "%d = tree_softmax_grad(%scores, %tree, %dy) epsilon=1e-5"}) {
        for (const std::int64_t rows : {0, 1, 70}) {
          all.push_back({head + call, {{}, rows}, {{"tree", tree}}});
        }
      }
      const std::vector<double> ends{0, static_cast<double>(labels - 1),
                                     static_cast<double>(labels / 2), 0};
      for (const auto& given : {std::vector<double>{}, ends}) {
        all.push_back({fmt::format("input %labels : i32[B]\n input %tree : i32[{}]\n"
                                   "%nodes, %offsets, %codes = tree_path(%labels, %tree) depth={}",
                                   2 * labels - 2, labels - 1),
                       {std::vector<std::int64_t>(given.size(), 1)},
                       {{"labels", given}, {"tree", tree}}});
      }
    }
  }
  for (const auto& lengths : kLengths) {
    std::vector<double> codes(
        static_cast<std::size_t>(std::accumulate(lengths.begin(), lengths.end(), 0)));
    for (std::size_t i = 0; i < codes.size(); i += 3) codes[i] = 1;
    for (const int width : {1, 3, 8, 37, 100}) {
      const std::string head = fmt::format(
          "input %x : f32[B, {0}]\n input %rows : f32[T, {0}]\n input %codes : i32[T]\n"
          "input %offsets : i32[B+1 -> T]\n input %dloss : f32[]\n",
          width);
      for (const char* call :
           {"%loss = path_cross_entropy(%x, %rows, %codes, %offsets)",
            "%dx, %drows = path_cross_entropy_grad(%x, %rows, %codes, %offsets, %dloss)"}) {
        all.push_back({head + call, {lengths}, {{"codes", codes}}});
      }
    }
  }
}

void add_optimizers(std::vector<KernelCase>& all) {
  for (const std::string shape : {"f32[3, 5, 7]", "f32[1]", "f32[400, 100]"}) {
    const std::string head = fmt::format(
        "param %w : {0}\n input %g : {0}\n state %m : {0}\n state %var : {0}\n state %var2 : {0}\n"
        "state %varsum : f32[{1}]\n input %rate : f32[]\n input %step : i32[]\n",
        shape, shape.substr(4, shape.find_first_of(",]") - 4));
    for (const char* call :
         {"%w1 = sgd(%w, %g, %rate) weight_decay=0.1",
          "%w1, %v1 = momentum_sgd(%w, %g, %m, %rate) momentum=0.8 weight_decay=0.1",
          "%w1, %v1 = momentum_sgd(%w, %g, %m, %rate) nesterov=1",
          "%w1, %m1, %v1 = adam(%w, %g, %m, %var, %rate, %step) weight_decay=0.1",
          "%w1, %m1, %v1 = adamw(%w, %g, %m, %var, %rate, %step) weight_decay=0.1",
          "%w1, %a1, %b1 = adadelta(%w, %g, %var, %var2, %rate) weight_decay=0.1",
          "%w1, %s1 = adagrad(%w, %g, %varsum, %rate) weight_decay=0.1",
          "%w1 = max_norm(%w) limit=0.9", "%next = increment(%step)", "%g1 = clip(%g) limit=0.5",
          "%f = clip_factor(%g, %m, %g) limit=0.75", "%f = clip_factor(%g) limit=1e6",
          "%g1 = scale_by(%g, %rate)"}) {
      all.push_back({head + call, {}, {{"rate", {0.01}}, {"step", {3}}}});
    }
  }
}

}  // namespace

std::vector<KernelCase> kernel_cases() {
  std::vector<KernelCase> all;
  add_convolutions(all);
  add_pools(all);
  add_elementwise(all);
  add_products(all);
  add_norms(all);
  add_attention(all);
  add_coded_tables(all);
  add_term_weights(all);
  add_lookups_and_losses(all);
  add_trees(all);
  add_optimizers(all);
  return all;
}

}  // namespace weft
