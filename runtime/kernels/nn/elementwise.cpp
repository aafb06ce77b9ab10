// Activations, their gradients, arithmetic: arrays of floats cut among the threads.
#include <algorithm>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

using simd::Binary;
using simd::Unary;

constexpr std::int64_t kGrain = 1 << 15;  // elements worth a thread of their own

KernelPtr unary(const BindContext& bind, Unary f, float parameter = 0) {
  return make_kernel([x = bind.x[0], y = bind.y[0], f, parameter](RunContext& run) {
    parallel_for(run.threads, y.size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      simd::map(f, x.f32() + begin, y.f32() + begin, end - begin, parameter);
    });
  });
}

KernelPtr binary(const BindContext& bind, Binary f, float parameter = 0) {
  return make_kernel([a = bind.x[0], b = bind.x[1], y = bind.y[0], f, parameter](RunContext& run) {
    parallel_for(run.threads, y.size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      simd::map(f, a.f32() + begin, b.f32() + begin, y.f32() + begin, end - begin, parameter);
    });
  });
}

bool tanh_form(const BindContext& bind) { return bind.string("approximate") == "tanh"; }

}  // namespace

KernelPtr make_relu(const BindContext& bind) { return unary(bind, Unary::relu); }
KernelPtr make_tanh(const BindContext& bind) { return unary(bind, Unary::tanh); }
KernelPtr make_sigmoid(const BindContext& bind) { return unary(bind, Unary::sigmoid); }
KernelPtr make_gelu(const BindContext& bind) {
  return unary(bind, tanh_form(bind) ? Unary::gelu_tanh : Unary::gelu);
}
KernelPtr make_elu(const BindContext& bind) {
  return unary(bind, Unary::elu, bind.number("alpha"));
}
KernelPtr make_scale(const BindContext& bind) {
  return unary(bind, Unary::scale, bind.number("factor"));
}

KernelPtr make_relu_grad(const BindContext& bind) { return binary(bind, Binary::relu_grad); }
KernelPtr make_tanh_grad(const BindContext& bind) { return binary(bind, Binary::tanh_grad); }
KernelPtr make_sigmoid_grad(const BindContext& bind) { return binary(bind, Binary::sigmoid_grad); }
KernelPtr make_gelu_grad(const BindContext& bind) {
  return binary(bind, tanh_form(bind) ? Binary::gelu_tanh_grad : Binary::gelu_grad);
}
KernelPtr make_elu_grad(const BindContext& bind) {
  return binary(bind, Binary::elu_grad, bind.number("alpha"));
}

KernelPtr make_add(const BindContext& bind) { return binary(bind, Binary::add); }
KernelPtr make_sub(const BindContext& bind) { return binary(bind, Binary::sub); }
KernelPtr make_mul(const BindContext& bind) { return binary(bind, Binary::mul); }

// x[N, C] + b[C]
KernelPtr make_bias_add(const BindContext& bind) {
  return make_kernel([x = bind.x[0], b = bind.x[1], y = bind.y[0]](RunContext& run) {
    const std::int64_t width = y.columns();
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, width));
    parallel_for(run.threads, y.rows(run), grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        simd::map(Binary::add, x.f32() + row * width, b.f32(), y.f32() + row * width, width, 0);
      }
    });
  });
}

}  // namespace weft
