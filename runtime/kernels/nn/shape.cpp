// Constants, and values put beside one another, cut and renamed: copies of runs of bytes.
#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/kernels/kernels.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// `rows` runs of `width` floats from `x` (`x_stride` apart) to `y` (`y_stride` apart).
void copy_rows(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
               std::int64_t rows, std::int64_t width) {
  const std::size_t bytes = static_cast<std::size_t>(width) * sizeof(float);
  for (std::int64_t row = 0; row < rows && bytes > 0; ++row) {
    std::memcpy(y + row * y_stride, x + row * x_stride, bytes);
  }
}

// A tensor as [outer, extent of the axis, inner].
struct Axis {
  std::int64_t outer = 1, inner = 1;

  Axis(const Operand& of, std::size_t axis, const RunContext& run) {
    for (std::size_t i = 0; i < axis; ++i) outer *= of.extent(i, run);
    for (std::size_t i = axis + 1; i < of.rank(); ++i) inner *= of.extent(i, run);
  }
};

}  // namespace

KernelPtr make_constant(const BindContext& bind) {
  const std::vector<double> given = floats_attr(bind.node.attrs, "value");
  const RunContext none{};  // the shape is static
  std::vector<std::uint32_t> bits(static_cast<std::size_t>(bind.y[0].size(none)));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const double value = given[given.size() == 1 ? 0 : i];
    bits[i] = bind.y[0].dtype() == DType::f32
                  ? std::bit_cast<std::uint32_t>(static_cast<float>(value))
                  : std::bit_cast<std::uint32_t>(static_cast<std::int32_t>(value));
  }
  return make_kernel([y = bind.y[0], bits = std::move(bits)](RunContext&) {
    if (!bits.empty()) std::memcpy(y.bytes(), bits.data(), bits.size() * sizeof(std::uint32_t));
  });
}

KernelPtr make_concat(const BindContext& bind) {
  return make_kernel([x = bind.x, y = bind.y[0]](RunContext& run) {
    const std::int64_t width = y.columns();
    const std::int64_t grain = 1 + (1 << 16) / std::max<std::int64_t>(1, width);
    parallel_for(run.threads, y.rows(run), grain, [&](std::int64_t begin, std::int64_t end, int) {
      std::int64_t column = 0;
      for (const Operand& part : x) {
        const std::int64_t part_width = part.columns();
        if (!part.is_part()) {  // else it was computed there
          copy_rows(part.f32() + begin * part_width, part_width, y.f32() + begin * width + column,
                    width, end - begin, part_width);
        }
        column += part_width;
      }
    });
  });
}

KernelPtr make_slice(const BindContext& bind) {
  return make_kernel([x = bind.x[0], y = bind.y[0],
                      axis = static_cast<std::size_t>(bind.integer("axis")),
                      first = bind.integer("begin")](RunContext& run) {
    const Axis shape(x, axis, run);
    const std::int64_t row_stride = x.extent(axis, run) * shape.inner;
    const std::int64_t width = y.extent(axis, run) * shape.inner;
    copy_rows(x.f32() + first * shape.inner, row_stride, y.f32(), width, shape.outer, width);
  });
}

KernelPtr make_slice_grad(const BindContext& bind) {
  return make_kernel([dy = bind.x[0], dx = bind.y[0],
                      axis = static_cast<std::size_t>(bind.integer("axis")),
                      first = bind.integer("begin")](RunContext& run) {
    const Axis shape(dx, axis, run);
    const std::int64_t row_stride = dx.extent(axis, run) * shape.inner;
    const std::int64_t width = dy.extent(axis, run) * shape.inner;
    std::fill_n(dx.f32(), dx.size(run), 0.0F);
    copy_rows(dy.f32(), width, dx.f32() + first * shape.inner, row_stride, shape.outer, width);
  });
}

KernelPtr make_reshape(const BindContext& bind) {
  return make_kernel([x = bind.x[0], y = bind.y[0]](RunContext& run) {
    if (x.bytes() == y.bytes()) return;
    const std::int64_t size = y.size(run);
    copy_rows(x.f32(), size, y.f32(), size, 1, size);
  });
}

}  // namespace weft
