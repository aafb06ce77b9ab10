// Gradients of a max-pooled convolution of looked-up rows, from the winning windows alone.
//
// The gradient of a filter's tap is the sum of the few rows that won there; that of a row is the
// sum of the taps with which it won. Threads divide the columns, so every sum has one order.
#include <algorithm>
#include <numeric>

#include "runtime/kernels/simd/taps.h"
#include "runtime/kernels/taps/taps.h"
#include "runtime/resources/memory.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// Columns worked on at a time: what all filters have in them stays in a core's own cache.
constexpr std::int64_t kBlock = 112;

// f(first, columns, part) for blocks of columns, each with the thread that does it.
template <class F>
void each_block(int threads, std::int64_t columns, F f) {
  parallel_for(threads, columns, kBlock / 2, [&](std::int64_t begin, std::int64_t end, int part) {
    for (; begin < end; begin += kBlock) f(begin, std::min(kBlock, end - begin), part);
  });
}

// A block of columns for each thread: [O, K, kBlock] of all convolutions.
class FilterBlocks {
 public:
  FilterBlocks(const BindContext& bind, std::int64_t lists)
      : floats_(lists * kBlock),
        bytes_(static_cast<std::size_t>(bind.threads * floats_) * sizeof(float)) {}
  float* of(int part) { return reinterpret_cast<float*>(bytes_.data()) + part * floats_; }

 private:
  std::int64_t floats_;
  AlignedBytes bytes_;
};

// For each filter of some convolutions and each tap, the rows that the tap stood on where the
// filter's maximum was, with the gradient that goes there.
class Winners {
 public:
  // By convolution: taps, channels, and the first channel among all outputs.
  struct Filters {
    std::int64_t taps, channels, output;
  };

  Winners(const BindContext& bind, std::vector<Filters> filters)
      : dz_(bind.x[0]),
        where_(bind.x[1]),
        ids_(bind.x[2]),
        offsets_(bind.x[3]),
        dilation_(bind.integer("dilation")),
        filters_(std::move(filters)) {
    const Dim& examples = bind.graph[bind.node.inputs[0]].type.shape[0];
    const std::int64_t max =
        examples.is_static() ? examples.value : bind.graph.find_symbol(examples.symbol)->capacity;
    std::int64_t lists = 0;
    for (const Filters& f : filters_) lists += f.taps * f.channels;
    rows_.resize(static_cast<std::size_t>(lists * max) + 1);
    starts_.resize(static_cast<std::size_t>(lists) + 1);
    candidates_.resize(static_cast<std::size_t>(max) + 1);
  }

  std::int64_t lists() const { return static_cast<std::int64_t>(starts_.size()) - 1; }
  std::size_t max() const { return rows_.size(); }  // rows in all lists

  // The lists of this run: convolution by convolution, filter by filter, tap by tap.
  simd::ScaledRows collect(std::int64_t rows, const RunContext& run) {
    check_tap_ids(ids_, rows, run);
    const std::int64_t examples = dz_.rows(run);
    std::size_t list = 0;
    ScaledRow* end = rows_.data();
    for (const Filters& f : filters_) {
      for (std::int64_t c = 0; c < f.channels; ++c) {
        const std::size_t count = find_candidates(f.output + c, examples);
        for (std::int64_t tap = 0; tap < f.taps; ++tap) {
          starts_[list++] = end - rows_.data();
          end = append(count, tap * dilation_, end);
        }
      }
    }
    starts_[list] = end - rows_.data();
    return {{rows_.data(), end}, starts_};
  }

 private:
  using ScaledRow = simd::ScaledRow;
  struct Candidate {  // a sequence with a gradient in the filter at hand
    std::int64_t window, first, last;
    float dz;
  };

  // Both loops write always and count on condition: which way it goes can't be foretold.
  std::size_t find_candidates(std::int64_t output, std::int64_t examples) {
    const std::int32_t* offsets = offsets_.i32();
    const std::int64_t width = dz_.columns();
    std::size_t count = 0;
    for (std::int64_t b = 0; b < examples; ++b) {
      const float dz = dz_.f32()[b * width + output];
      candidates_[count] = {where_.i32()[b * width + output], offsets[b], offsets[b + 1], dz};
      count += static_cast<std::size_t>((dz != 0.0F) & (offsets[b] < offsets[b + 1]));
    }
    return count;
  }

  ScaledRow* append(std::size_t count, std::int64_t tap, ScaledRow* end) const {
    for (std::size_t i = 0; i < count; ++i) {
      const Candidate& c = candidates_[i];
      const std::int64_t t = c.window + tap;
      const bool inside = t >= c.first && t < c.last;
      const std::int64_t token = inside ? t : c.first;
      *end = {ids_ ? ids_.i32()[token] : static_cast<std::int32_t>(token), c.dz};
      end += inside ? 1 : 0;
    }
    return end;
  }

  Operand dz_, where_, ids_, offsets_;
  std::int64_t dilation_;
  std::vector<Filters> filters_;
  std::vector<ScaledRow> rows_;
  std::vector<std::int64_t> starts_;
  std::vector<Candidate> candidates_;
};

// dz[B, O]  argmax[B, O]  ids[T]  offsets[B+1]  w[K, D, O]..  ->  de[N, D]
class SparseTapInputGrad final : public Kernel {
 public:
  explicit SparseTapInputGrad(const BindContext& bind)
      : w_(bind.x.begin() + 4, bind.x.end()),
        de_(bind.y[0]),
        winners_(bind, filters(bind)),
        by_row_(winners_.max()),
        blocks_(bind, winners_.lists()) {
    for (const Winners::Filters& f : filters(bind)) taps_.push_back(f.taps);
    const TensorType& grad = bind.graph[bind.node.outputs[0]].type;
    const std::int64_t row_bytes = de_.columns() * size_of(grad.dtype);
    starts_.resize(static_cast<std::size_t>(capacity_bytes(bind.graph, grad) / row_bytes) + 2);
  }

  void run(RunContext& run) override {
    const std::int64_t d = de_.columns();
    const simd::ScaledRows lists =
        group_by_row(winners_.collect(de_.rows(run), run), de_.rows(run));
    each_block(run.threads, d, [&](std::int64_t first, std::int64_t columns, int part) {
      float* to = blocks_.of(part);
      for (std::size_t i = 0; i < w_.size(); ++i) {
        const std::int64_t taps = taps_[i], channels = w_[i].columns();
        for (std::int64_t tap = 0; tap < taps; ++tap) {
          simd::transpose(w_[i].f32() + (tap * d + first) * channels, columns, channels, channels,
                          to + tap * kBlock, taps * kBlock);
        }
        to += taps * channels * kBlock;
      }
      simd::sum_scaled_rows(lists, columns, blocks_.of(part), kBlock, de_.f32() + first, d);
    });
  }

 private:
  // For each row the taps of filters that it won with: the same pairs the other way round.
  simd::ScaledRows group_by_row(const simd::ScaledRows& lists, std::int64_t rows) {
    const auto starts = std::span(starts_).first(static_cast<std::size_t>(rows) + 2);
    const auto start = [&](std::int64_t row) -> auto& { return starts[std::size_t(row)]; };
    std::ranges::fill(starts, 0);
    for (const simd::ScaledRow& won : lists.rows) ++start(won.row + 2);
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    // start(row + 1) is where the next of the row's goes: in the end, where the row's end.
    for (std::size_t i = 0; i + 1 < lists.starts.size(); ++i) {
      for (auto at = lists.starts[i]; at < lists.starts[i + 1]; ++at) {
        const simd::ScaledRow& won = lists.rows[static_cast<std::size_t>(at)];
        by_row_[static_cast<std::size_t>(start(won.row + 1)++)] = {static_cast<std::int32_t>(i),
                                                                   won.factor};
      }
    }
    return {std::span(by_row_).first(lists.rows.size()), starts.first(starts.size() - 1)};
  }

  static std::vector<Winners::Filters> filters(const BindContext& bind) {
    std::vector<Winners::Filters> all;
    std::int64_t output = 0;
    for (std::size_t i = 4; i < bind.node.inputs.size(); ++i) {
      const Shape& w = bind.graph[bind.node.inputs[i]].type.shape;
      all.push_back({w[0].value, w[2].value, output});
      output += w[2].value;
    }
    return all;
  }

  std::vector<Operand> w_;
  Operand de_;
  Winners winners_;
  std::vector<simd::ScaledRow> by_row_;
  std::vector<std::int64_t> starts_;  // of each row's in by_row_
  std::vector<std::int64_t> taps_;
  FilterBlocks blocks_;  // of the weights
};

// dz[B, O]  argmax[B, O]  ids[T]  offsets[B+1]  e[N, D]  ->  dw[K, D, O] of one convolution
class SparseTapWeightGrad final : public Kernel {
 public:
  explicit SparseTapWeightGrad(const BindContext& bind)
      : e_(bind.x[4]),
        dw_(bind.y[0]),
        winners_(bind, {filters(bind)}),
        taps_(filters(bind).taps),
        blocks_(bind, winners_.lists()) {}

  void run(RunContext& run) override {
    const std::int64_t d = e_.columns(), channels = dw_.columns();
    const simd::ScaledRows lists = winners_.collect(e_.rows(run), run);
    each_block(run.threads, d, [&](std::int64_t first, std::int64_t columns, int part) {
      float* sums = blocks_.of(part);
      simd::sum_scaled_rows(lists, columns, e_.f32() + first, d, sums, kBlock);
      for (std::int64_t tap = 0; tap < taps_; ++tap) {
        simd::transpose(sums + tap * kBlock, channels, columns, taps_ * kBlock,
                        dw_.f32() + (tap * d + first) * channels, channels);
      }
    });
  }

 private:
  static Winners::Filters filters(const BindContext& bind) {
    const auto kernels = ints_attr(bind.node.attrs, "kernels");
    const auto channels = ints_attr(bind.node.attrs, "channels");
    const auto index = static_cast<std::size_t>(bind.integer("index"));
    std::int64_t output = 0;
    for (std::size_t i = 0; i < index; ++i) output += channels[i];
    return {kernels[index], channels[index], output};
  }

  Operand e_, dw_;
  Winners winners_;
  std::int64_t taps_;
  FilterBlocks blocks_;  // of the gradient
};

}  // namespace

KernelPtr make_sparse_tap_input_grad(const BindContext& bind) {
  return std::make_unique<SparseTapInputGrad>(bind);
}
KernelPtr make_sparse_tap_weight_grad(const BindContext& bind) {
  return std::make_unique<SparseTapWeightGrad>(bind);
}

}  // namespace weft
