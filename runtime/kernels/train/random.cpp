// dropout and token_dropout, by the hash of ir/random.h.
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// The key of this step, for the node of that stream.
RandomKey key_of(const Operand& seed, const Operand& step, std::int64_t stream) {
  return random_key(*seed.i32(), *step.i32(), stream);
}

}  // namespace

// x[..]  seed[]  step[]  ->  y[..]
KernelPtr make_dropout(const BindContext& bind) {
  const double rate = float_attr(bind.node.attrs, "rate");
  return make_kernel([x = bind.x[0], seed = bind.x[1], step = bind.x[2], y = bind.y[0],
                      stream = bind.integer("stream"), threshold = dropout_threshold(rate),
                      scale = static_cast<float>(1.0 / (1.0 - rate))](RunContext& run) {
    const RandomKey key = key_of(seed, step, stream);
    parallel_for(run.threads, y.size(run), 1 << 15, [&](std::int64_t begin, std::int64_t end, int) {
      simd::dropout(key, threshold, scale, x.f32() + begin, y.f32() + begin, end - begin,
                    static_cast<std::uint32_t>(begin));
    });
  });
}

// ids[..]  seed[]  step[]  ->  new_ids[..]
KernelPtr make_token_dropout(const BindContext& bind) {
  const double rate = float_attr(bind.node.attrs, "rate");
  return make_kernel([ids = bind.x[0], seed = bind.x[1], step = bind.x[2], y = bind.y[0],
                      stream = bind.integer("stream"),
                      threshold = dropout_threshold(rate)](RunContext& run) {
    const RandomKey key = key_of(seed, step, stream);
    const std::int64_t count = y.size(run);
    for (std::int64_t i = 0; i < count; ++i) {
      const bool keep = random_bits(key, static_cast<std::uint32_t>(i)) >= threshold;
      y.i32()[i] = keep ? ids.i32()[i] : 0;
    }
  });
}

}  // namespace weft
