// Rows of tables that are kept as codes: each part of a row is copied from the code book.
#include <algorithm>
#include <span>

#include "runtime/kernels/kernels.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// table i8[V, M]  codebook[256, D]  norms i8[V]?  norm_codebook[256]?
class CodedTable {
 public:
  CodedTable(const BindContext& bind, std::size_t first)
      : table_(bind.x[first]),
        codebook_(bind.x[first + 1]),
        norms_(bind.x[first + 2]),
        norm_codebook_(bind.x[first + 3]),
        parts_(table_.columns()),
        width_(codebook_.columns()),
        part_(bind.integer("part")) {}

  std::int64_t rows(const RunContext& run) const { return table_.rows(run); }
  std::int64_t width() const { return width_; }

  void prefetch(std::int64_t row) const { __builtin_prefetch(table_.i8() + row * parts_); }

  void decode(std::int64_t row, float* to) const {
    const std::int8_t* const codes = table_.i8() + row * parts_;
    const float norm = norms_ ? norm_codebook_.f32()[index(norms_.i8()[row])] : 1.0F;
    switch (part_) {  // the usual widths, as loops of a known length
      case 1:
        put_parts<1>(codes, norm, to);
        break;
      case 2:
        put_parts<2>(codes, norm, to);
        break;
      case 4:
        put_parts<4>(codes, norm, to);
        break;
      default:
        put_rest(codes, norm, 0, to);
    }
  }

 private:
  static std::int64_t index(std::int8_t code) { return std::int64_t{code} + 128; }

  void put_rest(const std::int8_t* codes, float norm, std::int64_t first, float* to) const {
    for (std::int64_t m = first; m < parts_; ++m) {
      const std::int64_t begin = m * part_, end = std::min(begin + part_, width_);
      const float* const from = codebook_.f32() + index(codes[m]) * width_;
      for (std::int64_t d = begin; d < end; ++d) to[d] = norm * from[d];
    }
  }

  template <std::int64_t kPart>
  void put_parts(const std::int8_t* codes, float norm, float* to) const {
    const std::int64_t whole = width_ / kPart;
    for (std::int64_t m = 0; m < whole; ++m) {
      const float* const from = codebook_.f32() + index(codes[m]) * width_ + m * kPart;
      for (std::int64_t d = 0; d < kPart; ++d) to[m * kPart + d] = norm * from[d];
    }
    put_rest(codes, norm, whole, to);
  }

  Operand table_, codebook_, norms_, norm_codebook_;
  std::int64_t parts_, width_, part_;
};

}  // namespace

// ids[T]  table i8[V, M]  codebook[256, D]  norms i8[V]?  norm_codebook[256]?  ->  y[T, D]
KernelPtr make_quantized_embedding(const BindContext& bind) {
  return make_kernel([ids = bind.x[0], table = CodedTable(bind, 1),
                      y = bind.y[0]](RunContext& run) {
    const std::int64_t count = ids.size(run), width = table.width();
    check_ids("quantized_embedding", {ids.i32(), static_cast<std::size_t>(count)}, table.rows(run));
    const std::int64_t grain = std::max<std::int64_t>(1, 16384 / width);
    parallel_for(run.threads, count, grain, [&](std::int64_t begin, std::int64_t end, int) {
      constexpr std::int64_t ahead = 8;  // rows fetched before they are needed
      for (std::int64_t t = begin; t < end; ++t) {
        if (t + ahead < end) table.prefetch(ids.i32()[t + ahead]);
        table.decode(ids.i32()[t], y.f32() + t * width);
      }
    });
  });
}

// table i8[V, M]  codebook[256, D]  norms i8[V]?  norm_codebook[256]?  ->  y[V, D]
KernelPtr make_dequantize(const BindContext& bind) {
  return make_kernel([table = CodedTable(bind, 0), y = bind.y[0]](RunContext& run) {
    const std::int64_t width = table.width();
    const std::int64_t grain = std::max<std::int64_t>(1, 16384 / width);
    parallel_for(run.threads, table.rows(run), grain,
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (std::int64_t row = begin; row < end; ++row) {
                     table.decode(row, y.f32() + row * width);
                   }
                 });
  });
}

}  // namespace weft
