// dropout, by the hash of ir/random.h.
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/threads.h"

namespace weft {

// x[..]  seed[]  step[]  ->  y[..]
KernelPtr make_dropout(const BindContext& bind) {
  const double rate = float_attr(bind.node.attrs, "rate");
  return make_kernel([x = bind.x[0], seed = bind.x[1], step = bind.x[2], y = bind.y[0],
                      stream = bind.integer("stream"), threshold = dropout_threshold(rate),
                      scale = static_cast<float>(1.0 / (1.0 - rate))](RunContext& run) {
    const auto wide = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
    const RandomKey key = random_key(wide(*seed.i32()), wide(*step.i32()), wide(stream));
    parallel_for(run.threads, y.size(run), 1 << 15, [&](std::int64_t begin, std::int64_t end, int) {
      simd::dropout(key, threshold, scale, x.f32() + begin, y.f32() + begin, end - begin,
                    static_cast<std::uint32_t>(begin));
    });
  });
}

}  // namespace weft
