// What every op computes, against numbers from elsewhere: by hand, by a second definition written
// differently, or by PyTorch 2.13 in double (where a comment says so). Windows
// are in sequence_test.cpp, dropout in random_test.cpp, shape rules in ops_shape_test.cpp.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "tests/support/sample.h"

namespace weft {
namespace {

Numbers waves(std::int64_t n, double k = 1.0) { return wave({n}, k).data; }
Numbers scaled(Numbers x, double factor, double plus = 0.0) {
  for (double& value : x) value = value * factor + plus;
  return x;
}

TEST_CASE("activations") {
  const auto apply = [](const std::string& call) {
    return run_sample("input %x : f32[N, 1]\n %y = " + call,
                      {{{}, 6}, {{"x", {-3, -1, -0.25, 0, 0.5, 2}}}})[0];
  };
  check_numbers(apply("relu(%x)"), {0, 0, 0, 0, 0.5, 2});
  // PyTorch
  check_numbers(apply("tanh(%x)"), {-0.99505475368673, -0.761594155955765, -0.244918662403709, 0,
                                    0.46211715726001, 0.964027580075817});
  check_numbers(apply("sigmoid(%x)"), {0.0474258731775668, 0.268941421369995, 0.437823499114202,
                                       0.5, 0.622459331201855, 0.880797077977882});
  check_numbers(apply("gelu(%x)"), {-0.00404969409489031, -0.158655253931457, -0.100323418579269, 0,
                                    0.345731230637007, 1.95449973610364});
  check_numbers(apply("gelu(%x) approximate=\"tanh\""),
                {-0.00363739208177299, -0.158808009391723, -0.100324649298315, 0, 0.345714009825144,
                 1.95459769408777});
  check_numbers(apply("elu(%x)"),
                {-0.950212931632136, -0.632120558828558, -0.221199216928595, 0, 0.5, 2});
  check_numbers(apply("elu(%x) alpha=0.7"),
                {-0.665149052142495, -0.44248439117999, -0.154839451850017, 0, 0.5, 2});
}

TEST_CASE("activations of extreme numbers stay finite, and NaN stays NaN") {
  const double huge = 1e300, nan = std::nan("");
  for (const char* op : {"relu", "tanh", "sigmoid", "gelu", "elu"}) {
    CAPTURE(op);
    const Tensor y = run_sample(fmt::format("input %x : f32[N, 1]\n %y = {}(%x)", op),
                                {{{}, 3}, {{"x", {-huge, nan, 750}}}})[0];
    CHECK(std::isfinite(y.data[0]));
    CHECK(std::isnan(y.data[1]));
    CHECK(std::isfinite(y.data[2]));
  }
}

TEST_CASE("arithmetic and bias_add") {
  const std::string two = "input %a : f32[2, 2]\n input %b : f32[2, 2]\n %y = ";
  const Given given{{}, {{"a", {1, 2, 3, 4}}, {"b", {10, 20, 30, -40}}}};
  check_numbers(run_sample(two + "add(%a, %b)", given)[0], {11, 22, 33, -36});
  check_numbers(run_sample(two + "sub(%a, %b)", given)[0], {-9, -18, -27, 44});
  check_numbers(run_sample(two + "mul(%a, %b)", given)[0], {10, 40, 90, -160});
  check_numbers(run_sample(two + "scale(%a) factor=-0.5", given)[0], {-0.5, -1, -1.5, -2});
  check_numbers(run_sample("input %x : f32[2, 2]\n input %b : f32[2]\n %y = bias_add(%x, %b)",
                           {{}, {{"x", {1, 2, 3, 4}}, {"b", {10, 20}}}})[0],
                {11, 22, 13, 24});
}

TEST_CASE("constants, shapes and reductions") {
  check_numbers(run_sample("%y = constant() shape=[2, 3] value=[1, 2, 3, 4, 5, 6]")[0],
                {1, 2, 3, 4, 5, 6});
  check_numbers(run_sample("%y = constant() shape=[3] value=[0.5]")[0], {0.5, 0.5, 0.5});
  check_numbers(run_sample("%y = constant() dtype=\"i32\" value=[7]")[0], {7});
  const std::string x = "input %x : f32[2, 3]\n %y = ";
  const Given given{{}, {{"x", {1, 2, 3, 4, 6, 5}}}};
  check_numbers(run_sample(x + "slice(%x) axis=1 begin=1 end=3", given)[0], {2, 3, 6, 5});
  check_numbers(run_sample(x + "slice(%x) axis=0 begin=1 end=2", given)[0], {4, 6, 5});
  check_numbers(run_sample(x + "slice_grad(%x) axis=1 begin=1 extent=5", given)[0],
                {0, 1, 2, 3, 0, 0, 4, 6, 5, 0});
  const Tensor reshaped = run_sample(x + "reshape(%x) shape=[1, 3]", given)[0];
  CHECK(reshaped.shape == Extents{2, 1, 3});
  check_numbers(reshaped, {1, 2, 3, 4, 6, 5});
  check_numbers(run_sample("input %x : f32[2, 1]\n input %z : f32[2, 2]\n %y = concat(%x, %z, %x)",
                           {{}, {{"x", {1, 2}}, {"z", {3, 4, 5, 6}}}})[0],
                {1, 3, 4, 1, 2, 5, 6, 2});
  check_numbers(run_sample(x + "reduce_sum(%x) axes=[0]", given)[0], {5, 8, 8});
  check_numbers(run_sample(x + "reduce_sum(%x) axes=[1]", given)[0], {6, 15});
  check_numbers(run_sample(x + "reduce_sum(%x) axes=[0, 1]", given)[0], {21});
  check_numbers(run_sample(x + "reduce_mean(%x) axes=[1]", given)[0], {2, 5});
  check_numbers(run_sample(x + "reduce_max(%x) axes=[1]", given)[0], {3, 6});
  check_numbers(run_sample("input %x : f32[2]\n input %like : f32[2, 3]\n"
                           "%y = broadcast_like(%x, %like) axes=[1]",
                           {{}, {{"x", {7, 8}}}})[0],
                {7, 7, 7, 8, 8, 8});
  for (const char* op : {"reduce_sum", "reduce_mean", "reduce_max"}) {
    check_numbers(
        run_sample(fmt::format("input %x : f32[N, 2]\n %y = {}(%x) axes=[0]", op), {{{}, 0}})[0],
        {0, 0});
  }
}

TEST_CASE("products") {
  const Given given{{}, {{"a", {1, 2, 3, 4, 5, 6}}, {"b", {1, 0, 2, -1, 1, 3}}}};
  const auto product = [&](const char* a, const char* b, const char* attrs) {
    return run_sample(
        fmt::format("input %a : {}\n input %b : {}\n %y = matmul(%a, %b) {}", a, b, attrs),
        given)[0];
  };
  check_numbers(product("f32[2, 3]", "f32[3, 2]", ""), {8, 7, 20, 13});
  check_numbers(product("f32[3, 2]", "f32[3, 2]", "transpose_a=1"), {12, 12, 16, 14});
  check_numbers(product("f32[2, 3]", "f32[2, 3]", "transpose_b=1"), {7, 10, 16, 19});
  check_numbers(product("f32[3, 2]", "f32[2, 3]", "transpose_a=1 transpose_b=1"), {11, 17, 14, 20});
  check_numbers(
      run_sample("input %x : f32[1, 3]\n input %w : f32[3, 2]\n input %b : f32[2]\n"
                 "%y = linear(%x, %w, %b) act=\"relu\"",
                 {{}, {{"x", {1, 2, 3}}, {"w", {1, 0, 2, -1, 1, 3}}, {"b", {-10, 0.5}}}})[0],
      {0, 7.5});
}

TEST_CASE("embedding looks rows up and its gradient adds them up") {
  const Given given{{{3}}, {{"ids", {2, 0, 2}}, {"table", {1, 2, 3, 4, 5, 6}}}};
  check_numbers(
      run_sample("input %ids : i32[T]\n input %table : f32[3, 2]\n %y = embedding(%ids, %table)",
                 given)[0],
      {5, 6, 1, 2, 5, 6});
  check_numbers(
      run_sample(
          "input %ids : i32[T]\n input %dy : f32[T, 2]\n %y = embedding_grad(%ids, %dy) rows=4",
          {{{3}}, {{"ids", {2, 0, 2}}, {"dy", {1, 2, 3, 4, 5, 6}}}})[0],
      {3, 4, 0, 0, 6, 8, 0, 0});
}

TEST_CASE("convolution of one sequence equals PyTorch's") {
  const auto conv = [](int kernel, const std::string& window, bool moves) {
    return run_sample(
        fmt::format(
            "input %from : i32[B+1 -> T]\n input %x : f32[T, 2]\n"
            "input %w : f32[{0}, 2, 2]\n input %b : f32[2]\n {1}\n"
            "%y = conv1d(%x, %w, %from, %{2}, %b) {3}",
            kernel,
            moves ? fmt::format("%to = window_offsets(%from) size={} {}", kernel, window) : "",
            moves ? "to" : "from", window),
        {{{5}}, {{"x", waves(10)}, {"w", waves(kernel * 4, 2.0)}, {"b", waves(2, 3.0)}}})[0];
  };
  check_numbers(conv(3, "padding=\"valid\"", true),
                {0.548342327439836, -0.49686989060363, 0.223640743099413, -0.836135442700949,
                 -0.334783796992606, 0.401393381700213});
  check_numbers(conv(3, "padding=\"valid\" stride=2", true),
                {0.548342327439836, -0.49686989060363, -0.334783796992606, 0.401393381700213});
  check_numbers(conv(3, "padding=\"valid\" dilation=2", true),
                {0.592399189654252, 1.44725087382394});
  check_numbers(conv(3, "padding=\"same\"", false),
                {0.484818114291885, -0.178536979743742, 0.548342327439836, -0.49686989060363,
                 0.223640743099413, -0.836135442700949, -0.334783796992606, 0.401393381700213,
                 -0.301038265903238, 0.137699008641293});
  check_numbers(conv(3, "padding=\"same\" dilation=2", false),
                {1.30671184153833, -1.61512851813102, -1.18749204693143, -0.433399349575235,
                 0.592399189654252, 1.44725087382394, 1.10355339177506, -1.77232499916909,
                 -1.41586681703782, 0.105352622272769});
  check_numbers(conv(4, "padding=\"same\"", false),
                {0.0296536537596863, -0.592392277158239, 0.0718157749237347, 0.226670116324619,
                 1.0754152383522, -1.02447791528343, -0.334783796992606, 0.401393381700213,
                 -0.301038265903238, 0.137699008641293});
  check_numbers(conv(3, "padding=\"causal\"", false),
                {-0.498862442821068, -0.334638633355096, 0.484818114291885, -0.178536979743742,
                 0.548342327439836, -0.49686989060363, 0.223640743099413, -0.836135442700949,
                 -0.334783796992606, 0.401393381700213});
}

TEST_CASE("pooling over whole sequences") {
  const Given given{{{2, 0, 3}}, {{"x", {1, 9, 4, 9, -1, -2, -3, -1, -1, -5}}}};
  const std::string head = "input %offsets : i32[B+1 -> T]\n input %x : f32[T, 2]\n ";
  const auto maxima = run_sample(head + "%y, %where = max_pool(%x, %offsets)", given);
  check_numbers(maxima[0], {4, 9, 0, 0, -1, -1});
  check_numbers(maxima[1], {1, 0, -1, -1, 2, 3});
  check_numbers(run_sample(head + "%y = mean_pool(%x, %offsets)", given)[0],
                {2.5, 9, 0, 0, -5.0 / 3, -8.0 / 3});
}

// By scikit-learn: normalize() of the importance of each kind, over the distinct terms of a text.
TEST_CASE("weights of terms, and sums by weights") {
  const Given given{{{4, 0, 2}},
                    {{"ids", {1, 3, 1, 2, 0, 0}},
                     {"importance", {0, 0, 3, 0, 4, 0, 0, 2}},
                     {"x", {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}},
                     {"w", {1, 2, -1, 0.5, 3, 0}}}};
  const std::string offsets = "input %offsets : i32[B+1 -> T]\n ";
  check_numbers(run_sample(offsets + "input %ids : i32[T]\n input %importance : f32[4, 2]\n"
                                     "%y = term_weights(%ids, %offsets, %importance)",
                           given)[0],
                {0.3, 1, 0.3, 0.8, 0, 0});
  const std::string rows = offsets + "input %x : f32[T, 2]\n input %w : f32[T]\n ";
  check_numbers(run_sample(rows + "%y = weighted_sum(%x, %w, %offsets)", given)[0],
                {5.5, 8, 0, 0, 27, 3});
}

TEST_CASE("softmax and losses equal PyTorch's") {
  const Given given{{{1, 1, 1}},
                    {{"x", scaled(waves(12, 2.0), 3.0)},
                     {"labels", {2, 0, 3}},
                     {"targets", {0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0}}}};
  const Numbers softmax{0.433558218498829, 0.00292626340140143, 0.0122544276298414,
                        0.551261090469928, 0.00961072592364624, 0.00982789073779658,
                        0.959838612396742, 0.0207227709418148,  0.00632526258535326,
                        0.931083574447901, 0.0586131668529074,  0.00397799611383835};
  check_numbers(run_sample("input %x : f32[B, 4]\n %y = softmax(%x)", given)[0], softmax);
  check_numbers(run_sample("input %x : f32[B, 4]\n %y = log_softmax(%x)", given)[0],
                {-0.835729193050252, -5.83402895945108, -4.40186796812407, -0.595546733657151,
                 -4.64487552049212, -4.62253094182532, -0.0409901207394026, -3.87652213781921,
                 -5.06320372975943, -0.0714062372615143, -2.83679591731561, -5.52697707546427});
  const auto loss = [&](const std::string& attrs) {
    const auto y = run_sample(
        "input %x : f32[B, 4]\n input %labels : i32[B]\n"
        "%loss, %p = cross_entropy(%x, %labels) " +
            attrs,
        given);
    check_numbers(y[1], softmax);
    return y[0];
  };
  check_numbers(loss(""), {4.85790685469349});
  check_numbers(loss("class_weights=[1.0, 2.0, 0.5, 3.0]"), {5.20594238465488});
  check_numbers(loss("label_smoothing=0.1"), {4.69170345701547});
  check_numbers(loss("class_weights=[1.0, 2.0, 0.5, 3.0] label_smoothing=0.1"), {5.04777428821322});
  const auto binary = [&](const std::string& attrs) {
    return run_sample(
        "input %x : f32[B, 4]\n input %targets : f32[B, 4]\n"
        "%loss = binary_cross_entropy(%x, %targets) " +
            attrs,
        given)[0];
  };
  check_numbers(binary(""), {1.21947377016385});
  check_numbers(binary("class_weights=[1.0, 2.0, 0.5, 3.0]"), {1.38050757063589});
  check_numbers(binary("label_smoothing=0.1"), {1.21459912450428});
}

TEST_CASE("losses of extreme logits are finite, of nothing zero") {
  const Given given{{{1, 1}},
                    {{"x", {1e4, -1e4, -1e4, 1e4}}, {"labels", {1, 1}}, {"targets", {0, 1, 0, 1}}}};
  const std::string head =
      "input %x : f32[B, 2]\n input %labels : i32[B]\n"
      "input %targets : f32[B, 2]\n";
  const std::string cross = head + "%loss, %p = cross_entropy(%x, %labels)";
  const std::string binary = head + "%loss = binary_cross_entropy(%x, %targets)";
  check_numbers(run_sample(cross, given)[0], {1e4});
  check_numbers(run_sample(binary, given)[0], {5e3});
  const Given nothing{{{}}, {{"labels", {}}}};
  check_numbers(run_sample(cross, nothing)[0], {0});
  check_numbers(run_sample(binary, nothing)[0], {0});
  check_numbers(run_sample(cross + " class_weights=[1.0, 0.0]", given)[0], {0});
}

TEST_CASE("normalisation equals PyTorch's") {
  const Given given{{{}, 3},
                    {{"x", scaled(waves(12, 2.0), 3.0)},
                     {"g", scaled(waves(4, 3.0), 0.5, 1.0)},
                     {"b", waves(4, 4.0)},
                     {"mean", waves(4, 5.0)},
                     {"var", scaled(waves(4, 6.0), 0.5, 1.0)}}};
  const std::string head =
      "input %x : f32[N, 4]\n input %g : f32[4]\n input %b : f32[4]\n"
      "input %mean : f32[4]\n input %var : f32[4]\n";
  check_numbers(run_sample(head + "%y, %m, %r = layer_norm(%x, %g, %b)", given)[0],
                {0.228890422833327, -0.12099896820414, -1.32900516081749, 0.46355956163226,
                 -1.51483180406554, 0.390305229166759, 1.52466755911012, -0.5108315550946,
                 -1.59323217727997, 2.30418666640988, -0.236464016013729, -1.01660519920389});
  check_numbers(run_sample(head + "%y = batch_norm_inference(%x, %g, %b, %mean, %var)", given)[0],
                {3.49856442819572, -0.746884710707203, -2.80829700140472, 1.74491692836507,
                 -1.53374749365864, -0.0824238609364134, 3.00643250056822, -2.04527222190828,
                 -2.25039572045286, 4.29095816125428, -1.56953380387621, -3.87818203657517});
  const auto y =
      run_sample(head + "%y, %m, %r, %nm, %nv = batch_norm(%x, %g, %b, %mean, %var)", given);
  check_numbers(y[0], {0.747260766633932, 0.257644007063095, -1.67047461627162, 0.69263238148142,
                       -1.35886792619483, 0.513432977170732, 1.13380913569457, -0.491783431277176,
                       -1.65880032636289, 2.19699775563632, -1.07305327342425, -1.06455890019944});
  check_numbers(y[3],
                {-0.901602940280361, -0.527662016058506, 0.655493110961959, 0.801238382450034});
  check_numbers(y[4], {1.51099026843807, 1.3991914154375, 0.964817836864708, 1.33304538410971});
}

// Three steps of an optimizer from w = wave(4), with gradients wave(4, 2), wave(4, 3), wave(4, 4).
Tensor three_steps(const std::string& op, const std::string& attrs, int states, bool counts,
                   double rate) {
  std::string body =
      "input %rate : f32[]\n input %step : i32[]\n input %s0 : f32[4]\n"
      "input %s1 : f32[4]\n input %w : f32[4]\n input %g : f32[4]\n %w.new";
  std::string operands;
  for (int i = 0; i < states; ++i) {
    body += fmt::format(", %s{}.new", i);
    operands += fmt::format(", %s{}", i);
  }
  body += fmt::format(" = {}(%w, %g{}, %rate{}) {}", op, operands, counts ? ", %step" : "", attrs);
  std::map<std::string, Numbers> values{
      {"w", waves(4)}, {"s0", Numbers(4)}, {"s1", Numbers(4)}, {"rate", {rate}}};
  Tensor w;
  for (const int step : {1, 2, 3}) {
    values["g"] = waves(4, 1.0 + step);
    values["step"] = {static_cast<double>(step)};
    const auto y = run_sample(body, {{}, values});
    w = y[0];
    values["w"] = w.data;
    for (int i = 0; i < states; ++i) {
      values[fmt::format("s{}", i)] = y[static_cast<std::size_t>(i) + 1].data;
    }
  }
  return w;
}

TEST_CASE("three steps of each optimizer equal torch.optim's") {
  check_numbers(three_steps("sgd", "", 0, false, 0.1),
                {0.812109490850134, 0.913983401514029, 0.181507001155628, -0.773290696503716});
  check_numbers(three_steps("sgd", "weight_decay=0.2", 0, false, 0.1),
                {0.766507323001901, 0.856953669559447, 0.172925767319259, -0.72593994253902});
  check_numbers(three_steps("momentum_sgd", "momentum=0.9 weight_decay=0.2", 1, false, 0.1),
                {0.558271206727983, 0.961979170578911, 0.175344400031079, -0.804306757945283});
  check_numbers(
      three_steps("momentum_sgd", "momentum=0.8 nesterov=1 weight_decay=0.2", 1, false, 0.1),
      {0.574485118264243, 0.881406439677827, 0.197830061065045, -0.747187542022188});
  check_numbers(three_steps("adam", "", 2, true, 0.01),
                {0.823135340624545, 0.927536250656939, 0.15214070867637, -0.769311113828318});
  check_numbers(
      three_steps("adam", "beta1=0.8 beta2=0.95 epsilon=1e-3 weight_decay=0.2", 2, true, 0.01),
      {0.821254611838199, 0.92295553964333, 0.150453022987592, -0.763858798406433});
  check_numbers(three_steps("adamw", "weight_decay=0.2", 2, true, 0.01),
                {0.818152091655745, 0.922033682505567, 0.151260523425662, -0.764734733574548});
  check_numbers(three_steps("adadelta", "", 2, false, 1.0),
                {0.840141913333852, 0.91077101386064, 0.146400095520437, -0.756399569300003});
  check_numbers(three_steps("adadelta", "rho=0.9 epsilon=1e-3 weight_decay=0.2", 2, false, 0.5),
                {0.808445769173124, 0.906337205598138, 0.19253633141146, -0.727056145023701});
}

// A vector's rows are its numbers.
TEST_CASE("three steps of adagrad of a vector equal torch.optim's; a table's rows share a sum") {
  check_numbers(three_steps("adagrad", "", 1, false, 0.1),
                {0.789655839999781, 0.966431959512276, 0.231652615220407, -0.784345943108019});
  check_numbers(three_steps("adagrad", "epsilon=1e-3 weight_decay=0.2", 1, false, 0.1),
                {0.763800636738896, 0.932600211966903, 0.222454042537756, -0.754553507259736});
  const auto y = run_sample(
      "input %w : f32[2, 2]\n input %g : f32[2, 2]\n input %sum : f32[2]\n input %rate : f32[]\n"
      "%w.new, %sum.new = adagrad(%w, %g, %sum, %rate) epsilon=1e-20",
      {{}, {{"w", {1, 2, 3, 4}}, {"g", {3, 1, 0, 0}}, {"sum", {20, 9}}, {"rate", {0.5}}}});
  check_numbers(y[0], {1 - 0.5 * 3 / 5, 2 - 0.5 * 1 / 5, 3, 4});
  check_numbers(y[1], {25, 9});
}

TEST_CASE("three steps of lion equal its paper's") {
  check_numbers(three_steps("lion", "", 1, false, 0.01),
                {0.831470984807896, 0.919297426825682, 0.151120008059867, -0.746802495307928});
  check_numbers(three_steps("lion", "beta1=0.8 beta2=0.95 weight_decay=0.2", 1, false, 0.1),
                {0.697945759133314, 0.949863463748917, 0.230861022625883, -0.61033645416386});
}

TEST_CASE("gradients are clipped by number and by their common norm") {
  const std::string head = "input %a : f32[2]\n input %b : f32[2, 1]\n input %f : f32[]\n";
  const Given given{{}, {{"a", {3, -0.5}}, {"b", {-4, 0}}, {"f", {0.25}}}};
  check_numbers(run_sample(head + "%y = clip(%a) limit=2.0", given)[0], {2, -0.5});
  check_numbers(run_sample(head + "%y = clip_factor(%a, %b) limit=1.0", given)[0],
                {1 / std::sqrt(25.25)});
  check_numbers(run_sample(head + "%y = clip_factor(%a, %b) limit=5.1", given)[0], {1});
  check_numbers(run_sample(head + "%y = scale_by(%b, %f)", given)[0], {-1, 0});
}

TEST_CASE("max_norm scales only the columns that are too long; increment counts") {
  check_numbers(run_sample("input %w : f32[2, 1, 3]\n %y = max_norm(%w) limit=3.0",
                           {{}, {{"w", {3, 1, 0, 4, -2, 0}}}})[0],
                {1.8, 1, 0, 2.4, -2, 0});
  check_numbers(
      run_sample("input %step : i32[]\n %y = increment(%step)", {{}, {{"step", {41}}}})[0], {42});
}

}  // namespace
}  // namespace weft
