// Tap tables: one product against the weights in the order of a row, its gradients, and integers.
#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/core.h>

#include "runtime/kernels/products.h"
#include "runtime/kernels/simd/row_product.h"
#include "runtime/kernels/taps/taps.h"
#include "runtime/resources/memory.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// Columns per thread's share of a product below which it is not cut: some 2M multiplications.
std::int64_t rows_grain(std::int64_t k, std::int64_t n) {
  return std::max<std::int64_t>(16, 2'000'000 / std::max<std::int64_t>(1, n * k));
}

// The weights of several convolutions, w_i[K_i, D, O_i], as one matrix [D, R], stored in panels of
// `panel` columns: the first panel's part of row 0, of row 1 …, then the second's.
class TapWeights {
 public:
  TapWeights(const BindContext& bind, std::size_t first, std::int64_t panel)
      : w_(bind.x.begin() + static_cast<std::ptrdiff_t>(first), bind.x.end()),
        fresh_(w_.size()),
        layout_(layout(bind, first)),
        depth_(bind.graph[bind.node.inputs[first]].type.shape[1].value),
        panel_(panel),
        matrix_(static_cast<std::size_t>(depth_ * layout_.row_size()) * sizeof(float)) {}
  // In one panel: row by row.
  TapWeights(const BindContext& bind, std::size_t first)
      : TapWeights(bind, first, layout(bind, first).row_size()) {}

  // Brings the matrix up to date.
  void pack(const RunContext& run) {
    bool stale = false;
    for (std::size_t i = 0; i < w_.size(); ++i) stale = fresh_[i].stale(w_[i], run) || stale;
    if (!stale) return;
    parallel_for(run.threads, depth_, 64, [&](std::int64_t begin, std::int64_t end, int) {
      for (const TapSegment& s : layout_.segments()) {
        for (std::int64_t tap = 0; tap < s.taps; ++tap) pack(s, tap, begin, end);
      }
    });
  }

  float* matrix() const { return reinterpret_cast<float*>(matrix_.data()); }
  std::int64_t depth() const { return depth_; }              // D
  std::int64_t width() const { return layout_.row_size(); }  // R

 private:
  // Rows [begin, end) of the channels of one tap.
  void pack(const TapSegment& s, std::int64_t tap, std::int64_t begin, std::int64_t end) const {
    const Operand& w = w_[static_cast<std::size_t>(s.conv)];
    std::int64_t count = 0;
    for (std::int64_t c = 0; c < s.channels; c += count) {
      const std::int64_t column = s.offset + tap * s.lanes + c, within = column % panel_;
      count = std::min(panel_ - within, s.channels - c);
      const float* from = w.f32() + (tap * depth_ + begin) * w.columns() + s.channel + c;
      float* to = matrix() + (column - within) * depth_ + begin * panel_ + within;
      for (std::int64_t d = begin; d < end; ++d, from += w.columns(), to += panel_) {
        if (count == simd::RowProduct::kPanel) {  // of a length known here memcpy is no call
          std::memcpy(to, from, simd::RowProduct::kPanel * sizeof(float));
        } else {
          std::copy_n(from, count, to);
        }
      }
    }
  }

  static TapLayout layout(const BindContext& bind, std::size_t first) {
    std::vector<std::int64_t> kernels, channels;
    for (std::size_t i = first; i < bind.node.inputs.size(); ++i) {
      const Shape& w = bind.graph[bind.node.inputs[i]].type.shape;
      kernels.push_back(w[0].value);
      channels.push_back(w[2].value);
    }
    return {kernels, channels, DType::f32};
  }

  std::vector<Operand> w_;
  std::vector<Freshness> fresh_;
  TapLayout layout_;
  std::int64_t depth_, panel_;
  AlignedBytes matrix_;  // zero where a row is padded
};

// e[N, D]  w[K, D, O]..  ->  table[N, R]: no row's bits depend on the others.
class TapTable final : public RowKernel {
 public:
  explicit TapTable(const BindContext& bind)
      : e_(bind.x[0]),
        table_(bind.y[0]),
        weights_(bind, 1, simd::RowProduct::kPanel),
        product_{e_.f32(),         weights_.depth(), weights_.matrix(),
                 weights_.width(), table_.f32(),     nullptr} {}

  void prepare(const RunContext& run) override { weights_.pack(run); }

  bool asks_for_rows() const override { return true; }

  void make_rows(std::span<const std::int32_t> rows) override {
    require_rows(e_, rows, 1);
    simd::RowProduct product = product_;
    product.rows = rows.data();
    simd::row_product(product, 0, static_cast<std::int64_t>(rows.size()));
  }

  void run(RunContext& run) override {
    prepare(run);
    require_all_rows(e_, run.threads);
    parallel_for(run.threads, table_.rows(run), rows_grain(weights_.depth(), weights_.width()),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   simd::row_product(product_, begin, end);
                 });
  }

 private:
  Operand e_, table_;
  TapWeights weights_;
  simd::RowProduct product_;
};

// dtable[N, R]  w[K, D, O]..  ->  de[N, D]
class TapTableInputGrad final : public Kernel {
 public:
  explicit TapTableInputGrad(const BindContext& bind)
      : dtable_(bind.x[0]), de_(bind.y[0]), weights_(bind, 1) {}

  void run(RunContext& run) override {
    weights_.pack(run);
    const std::int64_t d = weights_.depth(), r = weights_.width();
    parallel_for(run.threads, de_.rows(run), rows_grain(d, r),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   gemm({.transpose_b = true,
                         .m = end - begin,
                         .n = d,
                         .k = r,
                         .a = dtable_.f32() + begin * r,
                         .lda = r,
                         .b = weights_.matrix(),
                         .ldb = r,
                         .c = de_.f32() + begin * d,
                         .ldc = d});
                 });
  }

 private:
  Operand dtable_, de_;
  TapWeights weights_;
};

// e[N, D]  dtable[N, R]  ->  dw[K, D, O] of one convolution
class TapTableWeightGrad final : public Kernel {
 public:
  explicit TapTableWeightGrad(const BindContext& bind)
      : e_(bind.x[0]), dtable_(bind.x[1]), dw_(bind.y[0]) {
    const TapLayout layout = tap_layout(bind);
    for (const TapSegment& s : layout.segments()) {
      if (s.conv != bind.integer("index")) continue;
      segments_.push_back(s);
      max_ = std::max(max_, s.taps * s.lanes);
    }
    product_ = AlignedBytes(static_cast<std::size_t>(e_.columns() * max_) * sizeof(float));
  }

  void run(RunContext& run) override {
    const std::int64_t rows = e_.rows(run), d = e_.columns(), r = dtable_.columns();
    if (rows == 0) {
      std::fill_n(dw_.f32(), dw_.size(run), 0.0F);
      return;
    }
    parallel_for(run.threads, d, rows_grain(rows, r),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (const TapSegment& s : segments_) {
                     const std::int64_t width = s.taps * s.lanes;
                     float* product = reinterpret_cast<float*>(product_.data()) + begin * max_;
                     gemm({.transpose_a = true,
                           .m = end - begin,
                           .n = width,
                           .k = rows,
                           .a = e_.f32() + begin,
                           .lda = d,
                           .b = dtable_.f32() + s.offset,
                           .ldb = r,
                           .c = product,
                           .ldc = width});
                     for (std::int64_t i = begin; i < end; ++i) {
                       for (std::int64_t tap = 0; tap < s.taps; ++tap) {
                         std::copy_n(product + (i - begin) * width + tap * s.lanes, s.channels,
                                     dw_.f32() + (tap * d + i) * dw_.columns() + s.channel);
                       }
                     }
                   }
                 });
  }

 private:
  Operand e_, dtable_, dw_;
  std::vector<TapSegment> segments_;
  std::int64_t max_ = 0;
  AlignedBytes product_;
};

// table[V, R]  ->  q[V, R']  scale[O]
class QuantizeTaps final : public Kernel {
 public:
  explicit QuantizeTaps(const BindContext& bind)
      : table_(bind.x[0]),
        q_(bind.y[0]),
        scale_(bind.y[1]),
        columns_(static_cast<std::size_t>(table_.columns())) {
    const TapLayout from = tap_layout(bind), to = tap_layout(bind, q_.dtype());
    for (const TapSegment& s : to.segments()) {
      for (std::int64_t c = 0; c < s.channels; ++c) {
        channels_.push_back({s.output + c, s.taps, {}});
        for (std::int64_t tap = 0; tap < s.taps; ++tap) {
          const std::int64_t column = from.index(s.conv, tap, s.channel + c);
          channels_.back().columns.push_back(static_cast<std::size_t>(column));
          columns_[static_cast<std::size_t>(column)].to = s.offset + tap * s.lanes + c;
        }
      }
    }
  }

  void run(RunContext& run) override {
    const std::int64_t rows = table_.rows(run);
    find_largest(rows);
    for (const Channel& channel : channels_) {
      double largest = 0.0, sum = 0.0;
      for (const std::size_t c : channel.columns) {
        largest = std::max<double>(largest, columns_[c].largest);
        sum += columns_[c].largest;
      }
      const double scale = tap_scale(q_.dtype(), channel.taps, largest, sum);
      scale_.f32()[channel.output] = static_cast<float>(scale);
      for (const std::size_t c : channel.columns) columns_[c].scale = scale;
    }
    const std::int64_t row_bytes = q_.columns() * size_of(q_.dtype());
    std::fill_n(q_.bytes(), rows * row_bytes, std::byte{0});
    parallel_for(run.threads, rows, 64, [&](std::int64_t begin, std::int64_t end, int) {
      if (q_.dtype() == DType::i16) return quantize(q_.i16(), begin, end);
      quantize(q_.i8(), begin, end);
    });
  }

 private:
  struct Column {  // of the table
    float largest = 0.0F;
    double scale = 0.0;
    std::int64_t to = -1;  // the column of q; -1: padding
  };
  struct Channel {
    std::int64_t output, taps;
    std::vector<std::size_t> columns;
  };

  void find_largest(std::int64_t rows) {
    for (Column& column : columns_) column.largest = 0.0F;
    const float* x = table_.f32();
    for (std::int64_t n = 0; n < rows; ++n) {
      for (Column& column : columns_) {
        if (!std::isfinite(*x)) {
          throw Error(
              fmt::format("quantize_taps: row {} of the table has a number that is {}", n, *x),
              "the model's weights are broken: train it anew");
        }
        column.largest = std::max(column.largest, std::abs(*x++));
      }
    }
  }

  template <class T>
  void quantize(T* q, std::int64_t begin, std::int64_t end) const {
    constexpr double round = 6755399441055744.0;  // 1.5 * 2^52: what is added to it gets whole
    for (std::int64_t n = begin; n < end; ++n) {
      const float* x = table_.f32() + n * table_.columns();
      for (const Column& column : columns_) {
        const double value = static_cast<double>(*x++) / column.scale;
        if (column.to < 0 || !(column.scale > 0)) continue;
        q[n * q_.columns() + column.to] = static_cast<T>((value + round) - round);
      }
    }
  }

  Operand table_, q_, scale_;
  std::vector<Column> columns_;
  std::vector<Channel> channels_;
};

}  // namespace

KernelPtr make_tap_table(const BindContext& bind) { return std::make_unique<TapTable>(bind); }
KernelPtr make_tap_table_input_grad(const BindContext& bind) {
  return std::make_unique<TapTableInputGrad>(bind);
}
KernelPtr make_tap_table_weight_grad(const BindContext& bind) {
  return std::make_unique<TapTableWeightGrad>(bind);
}
KernelPtr make_quantize_taps(const BindContext& bind) {
  return std::make_unique<QuantizeTaps>(bind);
}

}  // namespace weft
