// Engine, streams, descriptors of oneDNN 2.x and 3.x.
#include "runtime/kernels/onednn/onednn.h"

#include <omp.h>

#include <atomic>

#include <fmt/core.h>

#include "ir/diagnostic.h"
#include "runtime/kernels/counters.h"

namespace weft {
namespace {

std::atomic<std::int64_t> primitives{0};
std::atomic<std::int64_t> reference_primitives{0};

struct Eltwise {
  dnnl::algorithm algorithm;
  float alpha;
};

Eltwise eltwise_of(Activation act) {
  switch (act) {
    case Activation::none:
      break;
    case Activation::relu:
      return {dnnl::algorithm::eltwise_relu, 0.0F};
    case Activation::tanh:
      return {dnnl::algorithm::eltwise_tanh, 0.0F};
    case Activation::sigmoid:
      return {dnnl::algorithm::eltwise_logistic, 0.0F};
    case Activation::gelu:
      return {dnnl::algorithm::eltwise_gelu_erf, 0.0F};
    case Activation::gelu_tanh:
      return {dnnl::algorithm::eltwise_gelu_tanh, 0.0F};
    case Activation::elu:
      return {dnnl::algorithm::eltwise_elu, 1.0F};
    case Activation::silu:
      return {dnnl::algorithm::eltwise_swish, 1.0F};
  }
  return {dnnl::algorithm::eltwise_linear, 1.0F};
}

dnnl::primitive_attr attributes(Activation act) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (act == Activation::none) return attr;
  const Eltwise eltwise = eltwise_of(act);
  dnnl::post_ops post;
#if DNNL_VERSION_MAJOR >= 3
  post.append_eltwise(eltwise.algorithm, eltwise.alpha, 0.0F);
#else
  post.append_eltwise(1.0F, eltwise.algorithm, eltwise.alpha, 0.0F);
#endif
  attr.set_post_ops(post);
  return attr;
}

}  // namespace

std::int64_t onednn_primitives_created() { return primitives; }
std::int64_t onednn_reference_primitives_created() { return reference_primitives; }

void count_primitive(const std::string& implementation) {
  // oneDNN keeps the number of threads that a primitive was made for.
  WEFT_CHECK(omp_get_max_threads() == 1);
  ++primitives;
  if (implementation.find("ref") != std::string::npos) ++reference_primitives;
}

const dnnl::engine& onednn_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& onednn_stream() {
  thread_local dnnl::stream stream(onednn_engine());
  return stream;
}

dnnl::convolution_forward::primitive_desc describe_convolution(const ConvolutionShape& shape,
                                                               std::int64_t rows) {
  using Desc = dnnl::memory::desc;
  using Tag = dnnl::memory::format_tag;
  constexpr auto f32 = dnnl::memory::data_type::f32;
  const Desc source({1, shape.in, shape.rows_in(rows)}, f32, Tag::nwc);
  const Desc weights({shape.out, shape.in, shape.taps}, f32, Tag::any);
  const Desc bias = shape.bias ? Desc({shape.out}, f32, Tag::x) : Desc();
  const Desc target({1, shape.out, rows}, f32, Tag::nwc);
  const dnnl::memory::dims strides{shape.stride}, dilates{shape.dilation - 1}, none{0};
  constexpr auto kind = dnnl::prop_kind::forward_inference;
  constexpr auto direct = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {onednn_engine(), kind,    direct,  source, weights, bias,
          target,          strides, dilates, none,   none,    attributes(shape.act)};
#else
  const dnnl::convolution_forward::desc desc(kind, direct, source, weights, bias, target, strides,
                                             dilates, none, none);
  return {desc, attributes(shape.act), onednn_engine()};
#endif
}

void gemm(const Gemm& g) {
  if (g.m == 0 || g.n == 0) return;
  const auto status = dnnl_sgemm(g.transpose_a ? 'T' : 'N', g.transpose_b ? 'T' : 'N', g.m, g.n,
                                 g.k, 1.0F, g.a, g.lda, g.b, g.ldb, g.beta, g.c, g.ldc);
  WEFT_CHECK(status == dnnl_success);
}

}  // namespace weft
