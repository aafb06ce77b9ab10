// Tap tables: their layout, every kernel against its reference with every instruction set, and the
// whole rewrite against the convolutions it stands for.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "ir/ops/ops.h"
#include "ir/parse.h"
#include "ir/taps.h"
#include "passes/passes.h"
#include "tests/support/bound_program.h"
#include "tests/support/every_target.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

using Lengths = std::vector<std::int64_t>;
using Numbers = std::vector<double>;

Graph program(const std::string& body) {
  return parse_one("program @taps {\n symbol B <= 64\n symbol T <= 300\n symbol N <= 300\n" + body +
                   "\n}\n");
}

// `count` ids below `rows`, a few of them often.
Numbers some_ids(std::int64_t count, std::int64_t rows) {
  Numbers ids;
  for (std::int64_t t = 0; t < count; ++t) {
    ids.push_back(static_cast<double>((t * t * 7 + t / 3) % rows));
  }
  return ids;
}

Bindings bindings_for(const Graph& graph, const Lengths& lengths, std::int64_t rows) {
  std::int64_t tokens = 0;
  for (const std::int64_t length : lengths) tokens += length;
  return rounded(sample_bindings(graph, {lengths, 7}, {{"ids", some_ids(tokens, rows)}}));
}

double element(const TensorView& view, std::size_t i) {
  if (view.dtype == DType::f32) return static_cast<double>(view.f32()[i]);
  if (view.dtype == DType::i32) return view.i32()[i];
  if (view.dtype == DType::i16) return reinterpret_cast<const std::int16_t*>(view.data)[i];
  return reinterpret_cast<const std::int8_t*>(view.data)[i];
}

void check_close(const TensorView& found, const Tensor& expected) {
  REQUIRE(found.shape == expected.shape);
  double largest = 1.0;
  for (const double y : expected.data) largest = std::max(largest, std::abs(y));
  const double bound = found.dtype == DType::f32 ? 1e-5 * largest : 0.0;
  for (std::size_t i = 0; i < expected.data.size(); ++i) {
    if (std::abs(element(found, i) - expected.data[i]) <= bound) continue;
    CAPTURE(i);
    REQUIRE(element(found, i) == expected.data[i]);
  }
}

void check_kernels(const std::string& body, const Lengths& lengths, std::int64_t rows) {
  CAPTURE(body);
  CAPTURE(fmt::format("{}", fmt::join(lengths, " ")));
  const Graph graph = program(body);
  const Bindings given = bindings_for(graph, lengths, rows);
  const Interpretation expected = interpret(graph, given);
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    BoundProgram bound(plan_simply(graph), given, threads);
    bound.run(given);
    for (std::size_t i = 0; i < graph.results.size(); ++i) {
      check_close(bound.result(i), expected.results[i]);
    }
  }
}

const std::vector<Lengths> kLengths{{1}, {0}, {3, 0, 1, 6}, {0, 2, 0}, {11, 1, 0, 29, 5, 2, 2, 64}};

TEST_CASE("a row holds every number once, each segment aligned to its width") {
  const std::vector<std::pair<Lengths, Lengths>> sizes{
      {{3, 4, 5}, {100, 100, 100}}, {{1}, {1}}, {{2, 9}, {33, 7}}, {{5, 1, 3}, {24, 48, 31}}};
  for (const DType dtype : {DType::f32, DType::i16, DType::i8}) {
    for (const auto& [kernels, channels] : sizes) {
      const TapLayout layout(kernels, channels, dtype);
      std::set<std::int64_t> places;
      std::size_t numbers = 0;
      for (std::size_t i = 0; i < kernels.size(); ++i) {
        for (std::int64_t tap = 0; tap < kernels[i]; ++tap) {
          for (std::int64_t c = 0; c < channels[i]; ++c, ++numbers) {
            places.insert(layout.index(static_cast<std::int64_t>(i), tap, c));
          }
        }
      }
      CHECK(places.size() == numbers);
      CHECK(*places.begin() >= 0);
      CHECK(*places.rbegin() < layout.row_size());
      CHECK(layout.row_size() * size_of(dtype) % 64 == 0);
      std::int64_t end = 0;
      for (const TapSegment& s : layout.segments()) {
        CHECK(s.offset == end);
        CHECK(s.offset % s.lanes == 0);
        CHECK(s.channels >= 1);
        CHECK(s.channels <= s.lanes);
        end += s.taps * s.lanes;
      }
      CHECK(end <= layout.row_size());
    }
  }
  CHECK(TapLayout(Lengths{3, 4, 5}, Lengths{100, 100, 100}, DType::f32).row_size() == 1200);
  CHECK(TapLayout(Lengths{3, 4, 5}, Lengths{100, 100, 100}, DType::i8).row_size() == 1216);
}

struct Filters {
  int taps, channels, more_taps, more_channels;
};
const std::vector<Filters> kFilters{
    {1, 5, 2, 37}, {3, 100, 4, 16}, {5, 24, 6, 8}, {7, 33, 8, 9}, {9, 49, 1, 17}};
const std::vector<std::string> kWindows{
    "padding=\"valid\"",           "padding=\"same\"",
    "padding=\"causal\"",          "padding=\"valid\" dilation=2",
    "padding=\"same\" dilation=3", "padding=\"causal\" dilation=2"};

// A table of rows e for two convolutions, and a node `call` on it, or on n, another such table.
std::string on_table(const Filters& f, const std::string& window, const std::string& call) {
  const std::string attrs = fmt::format("kernels=[{}, {}] channels=[{}, {}]", f.taps, f.more_taps,
                                        f.channels, f.more_channels);
  const TapLayout layout(Lengths{f.taps, f.more_taps}, Lengths{f.channels, f.more_channels},
                         DType::f32);
  return fmt::format(
      "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n param %e : f32[9, 6]\n"
      "input %x : f32[T, 6]\n param %v : f32[{0}, 6, {1}]\n param %w : f32[{2}, 6, {3}]\n"
      "param %b : f32[{4}]\n param %n : f32[9, {5}]\n {6}",
      f.taps, f.channels, f.more_taps, f.more_channels, f.channels + f.more_channels,
      layout.row_size(),
      fmt::format(fmt::runtime(call), fmt::arg("taps", attrs), fmt::arg("window", window)));
}

TEST_CASE("tap_max_pool agrees with its reference") {
  with_every_target([] {
    for (const Filters& f : kFilters) {
      for (const std::string& window : kWindows) {
        for (const Lengths& lengths : kLengths) {
          const std::string table = "%t = tap_table(%e, %v, %w)\n";
          const std::string pool = "tap_max_pool(%ids, %t, %from, %b) {taps} {window}";
          check_kernels(on_table(f, window, table + "%y, %at = " + pool + " return %y, %at"),
                        lengths, 9);
          check_kernels(
              on_table(f, window, table + "%y, %at = " + pool + " act=\"relu\" return %y"), lengths,
              9);
          for (const char* dtype : {"i16", "i8"}) {
            const std::string integers = fmt::format(
                "%q, %s = quantize_taps(%n) dtype=\"{}\" {{taps}}\n"
                "%y, %at = tap_max_pool(%ids, %q, %from, %b, %s) {{taps}} {{window}} act=\"relu\"\n"
                "return %y, %q, %s",
                dtype);
            check_kernels(on_table(f, window, integers), lengths, 9);
          }
        }
      }
    }
  });
}

TEST_CASE("a table larger than the caches, of which some rows are fetched ahead") {
  with_every_target([] {
    const std::string attrs = " kernels=[3, 4, 5] channels=[100, 100, 100]";
    const std::string head =
        "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n param %t : f32[4000, 1200]\n";
    const std::string integers = "%q, %s = quantize_taps(%t) dtype=\"i8\"" + attrs;
    for (const Lengths& lengths : kLengths) {
      check_kernels(head + "%y, %at = tap_max_pool(%ids, %t, %from)" + attrs + " return %y, %at",
                    lengths, 4000);
      check_kernels(head + integers + "\n%y, %at = tap_max_pool(%ids, %q, %from, _, %s)" + attrs +
                        " return %y",
                    lengths, 4000);
    }
  });
}

TEST_CASE("the other kernels agree with their references") {
  with_every_target([] {
    for (const Filters& f : kFilters) {
      for (const std::string& window : kWindows) {
        const bool keeps_rows = window.find("valid") == std::string::npos;
        for (const Lengths& lengths : kLengths) {
          const auto check = [&](const std::string& call) {
            check_kernels(on_table(f, window, call), lengths, 9);
          };
          const std::string table = "%t = tap_table(%e, %v, %w)\n",
                            rows = "%t = tap_table(%x, %v, %w)\n";
          const std::string dilation =
              window.find("dilation=2") != std::string::npos   ? " dilation=2"
              : window.find("dilation=3") != std::string::npos ? " dilation=3"
                                                               : "";
          check(rows +
                "%y, %at = tap_max_pool(_, %t, %from, _) {taps} {window} act=\"tanh\"\n"
                "return %t, %y, %at");
          const std::string pooled =
              table + "%y, %at = tap_max_pool(%ids, %t, %from, _) {taps} {window} act=\"relu\"\n";
          check(pooled + "%d = tap_max_pool_grad(%y, %at, %ids, %from) rows=\"9\" {taps}" +
                dilation +
                " %de = tap_table_input_grad(%d, %v, %w)\n"
                "%dv = tap_table_weight_grad(%e, %d) index=0 {taps}\n"
                "%dw = tap_table_weight_grad(%e, %d) index=1 {taps}\n return %d, %de, %dv, %dw");
          check(
              pooled + "%de = sparse_tap_input_grad(%y, %at, %ids, %from, %v, %w) rows=\"9\"" +
              dilation + "\n%dv = sparse_tap_weight_grad(%y, %at, %ids, %from, %e) index=0 {taps}" +
              dilation + "\n%dw = sparse_tap_weight_grad(%y, %at, %ids, %from, %e) index=1 {taps}" +
              dilation + "\n return %de, %dv, %dw");
          check(table +
                "%y = tap_mean_pool(%ids, %t, %from, %b) {taps} {window} act=\"relu\"\n"
                "return %y");
          if (!keeps_rows) continue;
          check(table +
                "%y = tap_sum(%ids, %t, %from, %from, %b) {taps} {window} act=\"tanh\"\n"
                "%d = tap_sum_grad(%y, %ids, %from, %from) rows=\"9\" {taps} {window}\n"
                "return %y, %d");
        }
      }
    }
  });
}

TEST_CASE("gradients of rows of any width, ids left out") {
  with_every_target([] {
    for (const int width : {1, 3, 7, 8, 17, 64, 131, 300}) {
      for (const Lengths& lengths : kLengths) {
        check_kernels(
            fmt::format(
                "input %from : i32[B+1 -> T]\n input %x : f32[T, {0}]\n param %v : f32[3, {0}, 5]\n"
                "param %w : f32[2, {0}, 21]\n %t = tap_table(%x, %v, %w)\n"
                "%y, %at = tap_max_pool(_, %t, %from) kernels=[3, 2] channels=[5, 21]\n"
                "%de = sparse_tap_input_grad(%y, %at, _, %from, %v, %w) rows=\"T\"\n"
                "%dv = sparse_tap_weight_grad(%y, %at, _, %from, %x) index=0 kernels=[3, 2] "
                "channels=[5, 21]\n"
                "return %y, %at, %de, %dv",
                width),
            lengths, 9);
      }
    }
  });
}

TEST_CASE("unique lists ids in the order of their first use") {
  const Graph graph =
      program("input %ids : i32[T]\n %u, %inverse = unique(%ids) size=9\n return %u, %inverse");
  CHECK(graph.find_symbol("T.unique")->capacity == 9);
  BoundProgram bound(plan_simply(graph), {}, 1);
  const std::vector<Numbers> batches{
      {4, 4, 0, 8, 0, 4, 1}, {}, {8}, {1, 0, 8, 8, 4, 2, 3, 5, 6, 7}};
  for (const Numbers& ids : batches) {
    Tensor tensor({static_cast<std::int64_t>(ids.size())});
    tensor.data = ids;
    const Bindings given{{"ids", tensor}};
    const Interpretation expected = interpret(graph, given);
    bound.run(given);
    check_close(bound.result(0), expected.results[0]);
    check_close(bound.result(1), expected.results[1]);
    for (std::size_t t = 0; t < ids.size(); ++t) {
      const auto place = static_cast<std::size_t>(expected.results[1].data[t]);
      CHECK(expected.results[0].data[place] == ids[t]);
    }
  }
  Tensor wrong({2});
  wrong.data = {3, 9};
  CHECK_THROWS_AS(bound.run({{"ids", wrong}}), Error);
  CHECK_THROWS_AS(interpret(graph, {{"ids", wrong}}), Error);
}

TEST_CASE("integer sums never overflow, at their worst") {
  with_every_target([] {
    // All numbers at their largest, with one sign: every window's sum is the largest there can be.
    for (const char* dtype : {"i16", "i8"}) {
      for (const double sign : {1.0, -1.0}) {
        const Graph graph = program(fmt::format(
            "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n param %t : f32[1, 336]\n"
            "%q, %s = quantize_taps(%t) dtype=\"{}\" kernels=[9] channels=[33]\n"
            "%y, %at = tap_max_pool(%ids, %q, %from, _, %s) kernels=[9] channels=[33] "
            "padding=\"valid\"\n return %y",
            dtype));
        Bindings given = bindings_for(graph, {12}, 1);
        for (double& x : given["t"].data) x = sign * 3.5;
        BoundProgram bound(plan_simply(graph), given, 1);
        bound.run(given);
        const auto result = bound.result().f32();
        for (const float y : result) {
          CHECK(std::abs(static_cast<double>(y) - sign * 9 * 3.5) < 2e-3);
        }
      }
    }
  });
}

TEST_CASE("a sentence's result has the same bits in any batch and on any number of threads") {
  with_every_target([] {
    const std::string head =
        "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n param %t : f32[50, 768]\n"
        "param %b : f32[53]\n";
    const std::string attrs =
        " kernels=[3, 5, 4] channels=[20, 25, 8] padding=\"same\" act=\"relu\"";
    const std::string integers =
        "%q, %s = quantize_taps(%t) dtype=\"{}\" kernels=[3, 5, 4] channels=[20, 25, 8]\n"
        "%y, %at = tap_max_pool(%ids, %q, %from, %b, %s)" +
        attrs + " return %y";
    const TapLayout layout(Lengths{3, 5, 4}, Lengths{20, 25, 8}, DType::f32);
    const std::string columns = fmt::format("f32[50, {}]", layout.row_size());
    for (std::string body :
         {head + "%y, %at = tap_max_pool(%ids, %t, %from, %b)" + attrs + " return %y",
          head + fmt::format(fmt::runtime(integers), "i16"),
          head + fmt::format(fmt::runtime(integers), "i8"),
          head + "%y = tap_mean_pool(%ids, %t, %from, %b)" + attrs + " return %y"}) {
      body.replace(body.find("f32[50, 768]"), 12, columns);
      const Graph graph = program(body);
      std::map<std::int64_t, std::vector<float>> alone;
      const auto texts = [&](const Lengths& lengths) {
        Bindings given = bindings_for(graph, lengths, 50);
        Numbers ids;
        for (const std::int64_t length : lengths) {
          for (const double id : some_ids(length, 49)) ids.push_back(id);
        }
        given["ids"].data = ids;
        return given;
      };
      BoundProgram one(plan_simply(graph), texts({}), 1);
      for (std::int64_t length = 0; length < 40; ++length) {
        one.run(texts({length}));
        const auto y = one.result().f32();
        alone[length].assign(y.begin(), y.end());
      }
      for (const int threads : {1, 2}) {
        BoundProgram many(plan_simply(graph), texts({}), threads);
        for (std::int64_t first = 0; first < 40; ++first) {
          Lengths lengths;
          std::int64_t tokens = 0;
          for (std::int64_t k = 0; lengths.size() < 60; ++k) {
            const std::int64_t length = k % 3 > 0 ? k % 4 : (first + k * k) % 40;
            if (tokens + length > 300) break;
            lengths.push_back(length);
            tokens += length;
          }
          many.run(texts(lengths));
          const auto y = many.result().f32();
          for (std::size_t b = 0; b < lengths.size(); ++b) {
            const std::vector<float>& row = alone[lengths[b]];
            REQUIRE(std::equal(row.begin(), row.end(),
                               y.begin() + static_cast<std::ptrdiff_t>(b * 53)));
          }
        }
      }
    }
  });
}

// Three convolutions of looked-up rows, pooled and side by side, and a loss.
std::string textcnn(const std::string& window, const std::string& act, bool bias, bool taps) {
  const std::string b = bias ? "%b" : "_";
  std::string text =
      "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n input %targets : f32[B, 10]\n"
      "param %e : f32[7, 4]\n param %v : f32[1, 4, 2]\n param %w : f32[3, 4, 5]\n"
      "param %u : f32[4, 4, 3]\n param %bv : f32[2]\n param %bw : f32[5]\n param %bu : f32[3]\n";
  if (taps) {
    text +=
        "%b = concat(%bv, %bw, %bu)\n %distinct, %inverse = unique(%ids) size=7\n"
        "%rows = embedding(%distinct, %e)\n %t = tap_table(%rows, %v, %w, %u)\n";
    text += fmt::format(
        "%p, %at = tap_max_pool(%inverse, %t, %from, {}) kernels=[1, 3, 4] channels=[2, 5, 3] {}"
        " act=\"{}\"\n",
        b, window, act);
  } else {
    text += "%x = embedding(%ids, %e)\n";
    int i = 0;
    for (const auto& [name, size] : {std::pair("v", 1), std::pair("w", 3), std::pair("u", 4)}) {
      const bool moves = window.find("valid") != std::string::npos && size > 1;
      const std::string to = moves ? fmt::format("to{}", i) : "from";
      if (moves) text += fmt::format("%{} = window_offsets(%from) size={} {}\n", to, size, window);
      text += fmt::format("%c{0} = conv1d(%x, %{1}, %from, %{2}) {3}\n", i, name, to, window);
      std::string last = fmt::format("c{}", i);
      if (bias) text += fmt::format("%d{0} = bias_add(%c{0}, %b{1})\n", i, name), last[0] = 'd';
      if (!act.empty())
        text += fmt::format("%r{0} = {1}(%{2})\n", i, act, last), last = fmt::format("r{}", i);
      text += fmt::format("%p{0}, %at{0} = max_pool(%{1}, %{2})\n", i++, last, to);
    }
    text += "%p = concat(%p0, %p1, %p2)\n";
  }
  return text + "%loss = binary_cross_entropy(%p, %targets)\n return %loss, %p";
}

std::map<std::string, Tensor> with_gradients(const std::string& body, const Bindings& given) {
  PassContext context;
  const Graph joint = autodiff(program(body), context);
  const Interpretation run = interpret(joint, given);
  std::map<std::string, Tensor> named;
  for (std::size_t i = 0; i < joint.results.size(); ++i) {
    named[joint[joint.results[i]].name] = run.results[i];
  }
  return named;
}

TEST_CASE("values and gradients are those of the convolutions") {
  for (const std::string& window : kWindows) {
    for (const char* act : {"", "relu", "tanh", "sigmoid"}) {
      for (const bool bias : {false, true}) {
        for (const Lengths& lengths : kLengths) {
          CAPTURE(window);
          CAPTURE(act);
          CAPTURE(fmt::format("{}", fmt::join(lengths, " ")));
          const std::string plain = textcnn(window, act, bias, false);
          const Bindings given = bindings_for(program(plain), lengths, 7);
          const auto expected = with_gradients(plain, given);
          const auto found = with_gradients(textcnn(window, act, bias, true), given);
          REQUIRE(found.size() == expected.size());
          for (const auto& one : expected) {
            const auto& name = one.first;
            const auto& tensor = one.second;
            CAPTURE(name);
            REQUIRE(found.contains(name));
            REQUIRE(found.at(name).shape == tensor.shape);
            for (std::size_t i = 0; i < tensor.data.size(); ++i) {
              CHECK(std::abs(found.at(name).data[i] - tensor.data[i]) <= 1e-9);
            }
          }
        }
      }
    }
  }
}

std::string message_of(const std::string& body) {
  try {
    program(
        "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n param %e : f32[5, 4]\n"
        "param %w : f32[3, 4, 2]\n param %t : f32[5, 16]\n param %s : f32[2]\n" +
        body);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("what does not fit is refused, and why") {
  const auto refuses = [](const std::string& body, const std::string& part) {
    const std::string message = message_of(body);
    CAPTURE(body);
    CAPTURE(message);
    CHECK(message.find(part) != std::string::npos);
  };
  CHECK(message_of("%y, %at = tap_max_pool(%ids, %t, %from) kernels=[3] channels=[2]") ==
        "accepted");
  refuses("%y, %at = tap_max_pool(%ids, %t, %from) kernels=[9] channels=[2]",
          "table is f32[5, 16], but a row for these kernels and channels has 48 numbers");
  refuses("%y, %at = tap_max_pool(%ids, %t, %from) kernels=[3, 2] channels=[2]",
          "there are 2 kernels and 1 channels");
  refuses("%y, %at = tap_max_pool(%ids, %t, %from) kernels=[0] channels=[2]",
          "convolution 0 has 0 taps");
  refuses("%y, %at = tap_max_pool(%ids, %t, %from) kernels=[3] channels=[9999999]",
          "convolution 0 has 3 taps and 9999999 channels");
  refuses("%y, %at = tap_max_pool(_, %t, %from) kernels=[3] channels=[2]",
          "there are no ids, but 5 rows for T tokens");
  refuses("%y, %at = tap_max_pool(%ids, %t, %from, _, %s) kernels=[3] channels=[2]",
          "a table of integers comes with the scale");
  refuses("%y, %at = tap_max_pool(%ids, %t, %from) kernels=[3] channels=[2] act=\"step\"",
          "there is no activation \"step\"");
  refuses("%y, %at = tap_max_pool(%ids, %t, %from) kernels=[3] channels=[2] dilation=0",
          "dilation is 0");
  refuses("%q, %z = quantize_taps(%t) dtype=\"i32\" kernels=[3] channels=[2]",
          "dtype is \"i32\", but must be \"i16\" or \"i8\"");
  refuses("%d = tap_max_pool_grad(%s, %s, %ids, %from) rows=\"U\" kernels=[3] channels=[2]",
          "rows is \"U\"");
  refuses("%d = tap_table_weight_grad(%e, %t) index=1 kernels=[3] channels=[2]", "index is 1");
  refuses("%x = tap_table(%t, %w)", "w is f32[3, 4, 2], but must be f32[K, 16, O]");
  refuses("%u, %i = unique(%ids) size=0", "size is 0");
}

}  // namespace
}  // namespace weft
