// Windows over packed sequences: how many there are, and what convolution and pooling see in them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "ir/ops/nn/sequence.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

// A second definition of windows: each sequence is copied into zeros of its own, wide enough, and
// windows are cut out of the copy. `real` marks the rows that are not padding.
struct Padded {
  std::vector<Numbers> rows;
  std::vector<bool> real;
  std::size_t windows = 0;
};

Padded pad(const Tensor& x, std::int64_t first, std::int64_t length, std::int64_t span,
           std::int64_t stride, const std::string& padding) {
  const auto channels = static_cast<std::size_t>(x.columns());
  std::int64_t left = 0, windows = 0;
  if (padding != "valid") {
    left = padding == "causal" ? span - 1 : (span - 1) / 2;
    for (std::int64_t start = 0; start < length; start += stride) ++windows;
  } else if (length > 0) {
    windows = 1;
    for (std::int64_t start = stride; start + span <= length; start += stride) ++windows;
  }
  Padded padded;
  padded.windows = static_cast<std::size_t>(windows);
  for (std::int64_t t = -left; t < length + span + stride; ++t) {
    padded.real.push_back(t >= 0 && t < length);
    Numbers row(channels, 0.0);
    if (padded.real.back()) {
      const auto start = x.data.begin() + (first + t) * x.columns();
      row.assign(start, start + x.columns());
    }
    padded.rows.push_back(row);
  }
  return padded;
}

struct WindowCase {
  std::vector<std::int64_t> lengths;
  std::int64_t size, stride, dilation;
  std::string padding;

  std::string attrs() const { return fmt::format("stride={} padding=\"{}\"", stride, padding); }
  // window_offsets where the offsets change, and the name of the offsets of the windows.
  std::pair<std::string, std::string> offsets() const {
    const bool same = stride == 1 && (padding != "valid" || size == 1);
    if (same) return {"", "%from"};
    return {
        fmt::format("%to = window_offsets(%from) size={} dilation={} {}", size, dilation, attrs()),
        "%to"};
  }
  // Calls visit(padded sequence, its window's first row) for each window, in order.
  template <class Visit>
  void for_each_window(const Tensor& x, Visit visit) const {
    std::int64_t first = 0;
    for (const std::int64_t length : lengths) {
      const Padded padded = pad(x, first, length, (size - 1) * dilation + 1, stride, padding);
      for (std::size_t j = 0; j < padded.windows; ++j) {
        visit(padded, j * static_cast<std::size_t>(stride), first);
      }
      first += length;
    }
  }
};

std::vector<WindowCase> window_cases() {
  std::vector<WindowCase> cases;
  for (const std::int64_t size : {1, 2, 3, 5}) {
    for (const std::int64_t stride : {1, 2, 3}) {
      for (const std::int64_t dilation : {1, 2}) {
        for (const char* padding : {"valid", "same", "causal"}) {
          cases.push_back({{0, 1, 2, 7, 0, 4, 0}, size, stride, dilation, padding});
          cases.push_back({{9}, size, stride, dilation, padding});
          cases.push_back({{0}, size, stride, dilation, padding});
          cases.push_back({{}, size, stride, dilation, padding});
        }
      }
    }
  }
  return cases;
}

TEST_CASE("convolution of packed sequences equals that of each sequence padded on its own") {
  for (const WindowCase& c : window_cases()) {
    const auto [make_offsets, to] = c.offsets();
    const std::string body = fmt::format(
        "input %from : i32[B+1 -> T]\n input %x : f32[T, 3]\n input %w : f32[{}, 3, 2]\n {}\n"
        "%y = conv1d(%x, %w, %from, {}) dilation={} {}",
        c.size, make_offsets, to, c.dilation, c.attrs());
    CAPTURE(body);
    const Graph graph = sample_program(body);
    const Bindings bindings = sample_bindings(graph, {c.lengths});
    const Tensor &x = bindings.at("x"), &w = bindings.at("w");
    Numbers expected;
    c.for_each_window(x, [&](const Padded& padded, std::size_t row, std::int64_t) {
      for (std::size_t o = 0; o < 2; ++o) {
        double sum = 0;
        for (std::size_t k = 0; k < static_cast<std::size_t>(c.size); ++k) {
          const Numbers& from = padded.rows[row + k * static_cast<std::size_t>(c.dilation)];
          for (std::size_t i = 0; i < 3; ++i) sum += from[i] * w.data[(k * 3 + i) * 2 + o];
        }
        expected.push_back(sum);
      }
    });
    const Tensor y = interpret(graph, bindings).results[0];
    CHECK(y.shape == Extents{static_cast<std::int64_t>(expected.size() / 2), 2});
    check_numbers(y, expected);
  }
}

TEST_CASE("local pooling sees the real rows of each window only") {
  for (const WindowCase& c : window_cases()) {
    if (c.dilation != 1) continue;
    const auto [make_offsets, to] = c.offsets();
    const std::string head =
        fmt::format("input %from : i32[B+1 -> T]\n input %x : f32[T, 2]\n {}\n", make_offsets);
    const std::string tail = fmt::format("(%x, %from, {}) size={} {}", to, c.size, c.attrs());
    CAPTURE(tail);
    const Graph graph = sample_program(head + "%y, %where = local_max_pool" + tail);
    const Bindings bindings = sample_bindings(graph, {c.lengths});
    const Tensor& x = bindings.at("x");
    Numbers maxima, means;
    c.for_each_window(x, [&](const Padded& padded, std::size_t row, std::int64_t) {
      for (std::size_t i = 0; i < 2; ++i) {
        Numbers seen;
        for (std::size_t k = 0; k < static_cast<std::size_t>(c.size); ++k) {
          if (padded.real[row + k]) seen.push_back(padded.rows[row + k][i]);
        }
        REQUIRE(!seen.empty());
        double sum = 0;
        for (const double value : seen) sum += value;
        maxima.push_back(*std::ranges::max_element(seen));
        means.push_back(sum / static_cast<double>(seen.size()));
      }
    });
    const std::vector<Tensor> pooled = interpret(graph, bindings).results;
    check_numbers(pooled[0], maxima);
    for (std::size_t i = 0; i < maxima.size(); ++i) {
      const auto row = static_cast<std::size_t>(pooled[1].data[i]);
      CHECK(x.data[row * 2 + i % 2] == maxima[i]);
    }
    check_numbers(
        interpret(sample_program(head + "%y = local_mean_pool" + tail), bindings).results[0],
        means);
  }
}

TEST_CASE("windows: as many as are cut out, never more than the capacity") {
  for (const WindowCase& c : window_cases()) {
    const Window window{c.size, c.stride, c.dilation,
                        c.padding == "valid"  ? Padding::valid
                        : c.padding == "same" ? Padding::same
                                              : Padding::causal};
    for (std::int64_t length = 0; length < 12; ++length) {
      const Tensor x({length, 1});
      const Padded padded = pad(x, 0, length, window.span(), c.stride, c.padding);
      CHECK(window.count(length) == static_cast<std::int64_t>(padded.windows));
    }
    // The capacity is reached, and never passed, over all ways to share 7 rows among 3 sequences.
    std::int64_t max = 0;
    for (std::int64_t a = 0; a <= 7; ++a) {
      for (std::int64_t b = 0; a + b <= 7; ++b) {
        for (std::int64_t d = 0; a + b + d <= 7; ++d) {
          max = std::max(max, window.count(a) + window.count(b) + window.count(d));
        }
      }
    }
    CHECK(window.capacity(7, 3) == max);
    CHECK(window.capacity(7, 3) <= 7);
  }
  CHECK(Window{3, 1, 1, Padding::valid}.symbol("T") == "T.valid3");
  CHECK(Window{3, 2, 2, Padding::valid}.symbol("T") == "T.valid3s2d2");
  CHECK(Window{3, 2, 2, Padding::same}.symbol("T.valid3") == "T.valid3.same1s2");
  CHECK(Window{3, 1, 2, Padding::causal}.symbol("T") == "T");
  CHECK(Window{1, 1, 5, Padding::valid}.symbol("T") == "T");
}

}  // namespace
}  // namespace weft
