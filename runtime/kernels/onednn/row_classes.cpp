// Primitives of each size class on random rows and weights, compared with the base class.
#include "runtime/kernels/onednn/row_classes.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ir/aligned_bytes.h"
#include "ir/random.h"

namespace weft {
namespace {

constexpr std::size_t kBase = 4;               // 8 rows
constexpr std::int64_t kFarWeights = 1 << 20;  // more than the second cache holds

// Numbers from a short list over and over: its length is prime, so that rows differ.
AlignedBytes random_floats(std::int64_t count) {
  static const std::vector<float> list = [] {
    std::vector<float> numbers(65521);
    for (std::uint32_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<float>(random_uniform({0x9E3779B9U, 0x7F4A7C15U}, i)) - 0.5F;
    }
    return numbers;
  }();
  AlignedBytes bytes(static_cast<std::size_t>(count) * sizeof(float));
  const std::span<float> numbers(reinterpret_cast<float*>(bytes.data()),
                                 static_cast<std::size_t>(count));
  for (std::size_t at = 0; at < numbers.size(); at += list.size()) {
    std::ranges::copy_n(list.begin(),
                        static_cast<std::ptrdiff_t>(std::min(list.size(), numbers.size() - at)),
                        numbers.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return bytes;
}

float* floats(const AlignedBytes& bytes) { return reinterpret_cast<float*>(bytes.data()); }

}  // namespace

// Random weights in each of the orders asked for, and what the base class makes of eight rows.
struct RowClasses::Probe {
  static constexpr std::int64_t kPeriod = kRows[kBase];

  Probe(const ConvolutionShape& given, RowForm by)
      : shape(given),
        form(by),
        weights(random_floats(shape.taps * shape.in * shape.out)),
        bias(random_floats(shape.out)) {}

  // `rows` results of `in`, by primitives of that class.
  std::vector<float> run(std::size_t index, const AlignedBytes& in, std::int64_t rows) {
    const RowPrimitive made = make_rows(shape, form, kRows[index]);
    const AlignedBytes scratch(made.scratchpad.get_size());
    std::vector<float> out(static_cast<std::size_t>(rows * shape.out));
    const auto memory = [](const dnnl::memory::desc& desc, const void* data) {
      return dnnl::memory(desc, onednn_engine(), const_cast<void*>(data));
    };
    RowArguments map{{DNNL_ARG_SRC, memory(made.source, in.data())},
                     {DNNL_ARG_WEIGHTS, memory(made.weights, packed(made.weights))},
                     {DNNL_ARG_DST, memory(made.target, out.data())},
                     {DNNL_ARG_SCRATCHPAD, memory(made.scratchpad, scratch.data())}};
    if (shape.bias) map.emplace(DNNL_ARG_BIAS, memory(made.bias, bias.data()));
    for (std::int64_t row = 0; row < rows; row += kRows[index]) {
      map[DNNL_ARG_SRC].set_data_handle(floats(in) + row * shape.stride * shape.in);
      map[DNNL_ARG_DST].set_data_handle(out.data() + row * shape.out);
      run_rows(made, map);
    }
    return out;
  }

  const std::byte* packed(const dnnl::memory::desc& order) {
    for (const auto& [known, bytes] : orders) {
      if (known == order) return bytes.data();
    }
    orders.emplace_back(order, AlignedBytes(order.get_size()));
    const WeightStrides strides{1, shape.out, shape.in * shape.out};
    dnnl::memory from(plain_weights(shape, form, strides), onednn_engine(), weights.data());
    dnnl::memory to(order, onednn_engine(), orders.back().second.data());
    dnnl::reorder(from, to).execute(onednn_stream(), from, to);
    return orders.back().second.data();
  }

  // Rows of which every `period`-th has the same window.
  AlignedBytes input(std::int64_t rows, std::int64_t period) const {
    const std::int64_t repeated = period * shape.stride * shape.in;
    const std::int64_t size = shape.rows_in(rows) * shape.in;
    AlignedBytes in = random_floats(size);
    for (std::int64_t at = repeated; at < size; ++at) floats(in)[at] = floats(in)[at - repeated];
    return in;
  }

  bool position_matters(std::size_t base) {
    return !repeats(run(base, input(kRows[base], 1), kRows[base]), 1);
  }

  bool agrees(std::size_t index, std::size_t base) {
    if (expected.empty()) expected = run(base, input(kPeriod, kPeriod), kPeriod);
    // Of a small class some thousand sums are enough.
    const std::int64_t enough = std::min(kPeriod, 1 + 1024 / shape.out);
    const std::int64_t rows = (enough + kRows[index] - 1) / kRows[index] * kRows[index];
    const std::vector<float> found = run(index, input(rows, kPeriod), rows);
    const std::int64_t first = std::min(rows, kPeriod) * shape.out;
    return std::equal(found.begin(), found.begin() + first, expected.begin()) &&
           (rows <= kPeriod || repeats(found, kPeriod));
  }

  bool repeats(const std::vector<float>& out, std::int64_t period) const {
    return std::equal(out.begin() + period * shape.out, out.end(), out.begin());
  }

  ConvolutionShape shape;
  RowForm form;
  AlignedBytes weights, bias;
  std::vector<float> expected;
  std::vector<std::pair<dnnl::memory::desc, AlignedBytes>> orders;
};

RowClasses::RowClasses(const ConvolutionShape& shape, RowForm form) : form_(form), base_(kBase) {
  Probe probe(shape, form);
  if (probe.position_matters(base_)) base_ = kRows.size() - 1;
  // The largest class earns its making only where weights come from afar, each time anew.
  const bool far = shape.taps * shape.in * shape.out >= kFarWeights;
  for (std::size_t i = far ? 0 : 1; i < kRows.size(); ++i) {
    usable_[i] = i == base_ || probe.agrees(i, base_);
  }
}

const RowClasses& RowClasses::of(const ConvolutionShape& shape, RowForm form) {
  const auto key = std::tuple(shape.in, shape.out, shape.taps, shape.stride, shape.dilation,
                              shape.bias, shape.act, form);
  static std::mutex finding;
  static std::map<std::remove_cv_t<decltype(key)>, RowClasses> known;
  const std::lock_guard lock(finding);
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  return known.emplace(key, RowClasses(shape, form)).first->second;
}

const RowClasses& RowClasses::of(const ConvolutionShape& shape) {
  if (shape.taps == 1 && shape.stride == 1 &&
      implementation_of(shape, RowForm::product, 64).find("brg") != std::string::npos) {
    const RowClasses& product = of(shape, RowForm::product);
    if (product.usable(1)) return product;
  }
  return of(shape, RowForm::convolution);
}

}  // namespace weft
