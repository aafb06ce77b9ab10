// Engine, streams, descriptors of oneDNN 2.x and 3.x.
#include "runtime/kernels/onednn/onednn.h"

#include <omp.h>
#include <sys/mman.h>
#if __has_include(<execinfo.h>)
#include <execinfo.h>
#endif

#include <array>
#include <atomic>
#include <new>
#include <optional>

#include <fmt/format.h>

#include "ir/diagnostic.h"
#include "runtime/kernels/counters.h"
#include "runtime/kernels/onednn/hold_signals.h"

namespace weft {
namespace {

std::atomic<std::int64_t> primitives{0};
std::atomic<std::int64_t> reference_primitives{0};

// An exception that leaves std::call_once, as oneDNN uses it, passes through the C library, which
// then opens libgcc_s and aborts where it cannot: without memory, say. It is opened here instead.
[[maybe_unused]] const bool can_unwind = [] {
#if __has_include(<execinfo.h>)
  void* frame = nullptr;
  ::backtrace(&frame, 1);
#endif
  return true;
}();

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

namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kF32 = dnnl::memory::data_type::f32;

dnnl::convolution_forward::primitive_desc describe_convolution(const ConvolutionShape& shape,
                                                               std::int64_t rows) {
  const Desc source({1, shape.in, shape.rows_in(rows)}, kF32, Tag::nwc);
  const Desc weights({shape.out, shape.in, shape.taps}, kF32, Tag::any);
  const Desc bias = shape.bias ? Desc({shape.out}, kF32, Tag::x) : Desc();
  const Desc target({1, shape.out, rows}, kF32, Tag::nwc);
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

dnnl::matmul::primitive_desc describe_product(const ConvolutionShape& shape, std::int64_t rows) {
  const Desc source({rows, shape.in}, kF32, Tag::ab);
  const Desc weights({shape.in, shape.out}, kF32, Tag::any);
  const Desc bias = shape.bias ? Desc({1, shape.out}, kF32, Tag::ab) : Desc();
  const Desc target({rows, shape.out}, kF32, Tag::ab);
#if DNNL_VERSION_MAJOR >= 3
  return {onednn_engine(), source, weights, bias, target, attributes(shape.act)};
#else
  const dnnl::matmul::desc desc(source, weights, bias, target);
  return {desc, attributes(shape.act), onednn_engine()};
#endif
}

// oneDNN writes code into memory and crashes where it is given none: where memory is scarce, and on
// hosts that forbid what is written to be run.
constexpr std::size_t kPrimitiveRoom = std::size_t{4} << 20U;  // bytes; one has up to 1 MB
constexpr std::size_t kProductRoom = std::size_t{16} << 20U;   // of all kernels of a form
void expect_room_for_code(std::size_t size) {
  void* const room =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool found = room != MAP_FAILED;
  const bool runs = found && ::mprotect(room, size, PROT_READ | PROT_EXEC) == 0;
  if (found) ::munmap(room, size);
  if (runs) return;
  throw Error(found ? "this machine does not let a program run code that it has made"
                    : "there is no memory left for the code of kernels",
              found ? "allow executable memory (SELinux: execmem; systemd: MemoryDenyWriteExecute)"
                    : "raise the limit of memory (ulimit -v)");
}

template <typename Primitive, typename Description>
RowPrimitive make_primitive(const Description& d, bool bias) {
  expect_room_for_code(kPrimitiveRoom);
  RowPrimitive made{
      Primitive(d), d.src_desc(),        d.weights_desc(), bias ? d.bias_desc() : Desc(),
      d.dst_desc(), d.scratchpad_desc(), d.impl_info_str()};
  count_primitive(made.implementation);
  return made;
}

}  // namespace

RowPrimitive make_rows(const ConvolutionShape& shape, RowForm form, std::int64_t rows) {
  if (form == RowForm::product) {
    WEFT_CHECK(shape.taps == 1 && shape.stride == 1);
    return make_primitive<dnnl::matmul>(describe_product(shape, rows), shape.bias);
  }
  return make_primitive<dnnl::convolution_forward>(describe_convolution(shape, rows), shape.bias);
}

void run_rows(const RowPrimitive& made, const RowArguments& arguments) {
  std::optional<HoldSignals> hold;
  if (made.implementation.find("gemm") != std::string::npos) hold.emplace();
  made.primitive.execute(onednn_stream(), arguments);
}

std::string implementation_of(const ConvolutionShape& shape, RowForm form, std::int64_t rows) {
  return form == RowForm::product ? describe_product(shape, rows).impl_info_str()
                                  : describe_convolution(shape, rows).impl_info_str();
}

dnnl::memory::desc plain_weights(const ConvolutionShape& shape, RowForm form,
                                 WeightStrides strides) {
  using Dims = dnnl::memory::dims;
  if (form == RowForm::product) {
    return {{shape.in, shape.out}, kF32, Dims{strides.in, strides.out}};
  }
  return {{shape.out, shape.in, shape.taps}, kF32, Dims{strides.out, strides.in, strides.tap}};
}

std::string order_name(const dnnl::memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return fmt::format("{} {} {} {} {}", fmt::join(desc.get_dims(), ","),
                     fmt::join(desc.get_padded_dims(), ","), fmt::join(desc.get_strides(), ","),
                     fmt::join(desc.get_inner_blks(), ","), fmt::join(desc.get_inner_idxs(), ","));
#else
  const auto& order = desc.data.format_desc.blocking;
  const auto list = [](const dnnl_dim_t* from, int count) {
    return fmt::join(from, from + count, ",");
  };
  return fmt::format(
      "{} {} {} {} {}", list(desc.data.dims, desc.data.ndims),
      list(desc.data.padded_dims, desc.data.ndims), list(order.strides, desc.data.ndims),
      list(order.inner_blks, order.inner_nblks), list(order.inner_idxs, order.inner_nblks));
#endif
}

void gemm(const Gemm& g) {
  if (g.m == 0 || g.n == 0) return;
  // oneDNN makes code at the first product of a form; which sizes are a form of their own is its
  // own affair.
  static std::array<std::atomic<bool>, 8> made;
  std::atomic<bool>& known = made[(g.transpose_a ? 4U : 0U) + (g.transpose_b ? 2U : 0U) +
                                  (g.n == 1 || g.m == 1 ? 1U : 0U)];
  if (!known) {
    expect_room_for_code(kProductRoom);
    known = true;
  }
  const HoldSignals hold;
  const auto status = dnnl_sgemm(g.transpose_a ? 'T' : 'N', g.transpose_b ? 'T' : 'N', g.m, g.n,
                                 g.k, 1.0F, g.a, g.lda, g.b, g.ldb, g.beta, g.c, g.ldc);
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  WEFT_CHECK(status == dnnl_success);
}

void limit_products(std::string_view instruction_set) {
  const auto allowed = instruction_set == "sse4"   ? dnnl::cpu_isa::sse41
                       : instruction_set == "avx2" ? dnnl::cpu_isa::avx2
                                                   : dnnl::cpu_isa::avx512_core;
  // It fails where oneDNN has run already, in an application that uses it too: its bits stay.
  static_cast<void>(dnnl::set_max_cpu_isa(allowed));
}

}  // namespace weft
