// Size classes of rows: oneDNN primitives of 1 to 64 rows, admitted only if their bits agree.
//
// oneDNN chooses a primitive's inner kernel by its shape, and two kernels may add in two orders. So
// a class is used only after its rows were found equal, bit for bit, to those of the base class on
// random data, and the base class only if it gives one row the same bits wherever it stands.
#include "runtime/kernels/onednn/row_convolution.h"

#include <algorithm>
#include <cstring>

#include "ir/diagnostic.h"
#include "ir/random.h"

namespace weft {
namespace {

std::size_t float_bytes(std::int64_t count) {
  return static_cast<std::size_t>(count) * sizeof(float);
}

float* floats(const AlignedBytes& bytes) { return reinterpret_cast<float*>(bytes.data()); }

std::vector<float> random_floats(std::int64_t count) {
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (std::uint32_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<float>(random_uniform({0x9E3779B9U, 0x7F4A7C15U}, i)) - 0.5F;
  }
  return numbers;
}

}  // namespace

RowConvolution::RowConvolution(ConvolutionShape shape, const float* weights, WeightStrides strides,
                               const float* bias, int threads)
    : shape_(shape), weights_(weights), strides_(strides), bias_(bias), threads_(threads) {
  for (int part = 0; part < threads_; ++part) {
    slabs_.emplace_back(float_bytes(shape_.rows_in(8) * shape_.in + 8 * shape_.out));
  }
  size_class(base_);
  if (position_matters()) {
    base_ = kRows.size() - 1;
    size_class(base_).usable = true;
  }
}

void RowConvolution::make_all() {
  for (std::size_t i = 0; i < kRows.size(); ++i) size_class(i);
}

void RowConvolution::pack() {
  for (const Packed& packed : packed_) reorder(weights_, packed.desc, packed.bytes.data());
}

void RowConvolution::reorder(const float* weights, const dnnl::memory::desc& to,
                             std::byte* packed) const {
  const dnnl::memory::desc plain({shape_.out, shape_.in, shape_.taps}, dnnl::memory::data_type::f32,
                                 dnnl::memory::dims{strides_.out, strides_.in, strides_.tap});
  dnnl::memory source(plain, onednn_engine(), const_cast<float*>(weights));
  dnnl::memory target(to, onednn_engine(), packed);
  dnnl::reorder(source, target).execute(onednn_stream(), source, target);
}

RowConvolution::SizeClass& RowConvolution::size_class(std::size_t index) {
  SizeClass& found = classes_[index];
  std::call_once(found.once, [&] { create(index); });
  return found;
}

void RowConvolution::create(std::size_t index) {
  SizeClass& made = classes_[index];
  const auto desc = describe_convolution(shape_, kRows[index]);
  made.primitive = dnnl::convolution_forward(desc);
  count_primitive(desc.impl_info_str());
  dnnl::memory weights;
  {
    const std::lock_guard lock(packing_);
    const auto found = std::ranges::find(packed_, desc.weights_desc(), &Packed::desc);
    made.packed = static_cast<std::size_t>(found - packed_.begin());
    if (found == packed_.end()) {
      packed_.push_back({desc.weights_desc(), AlignedBytes(desc.weights_desc().get_size())});
      reorder(weights_, packed_.back().desc, packed_.back().bytes.data());
    }
    weights = dnnl::memory(desc.weights_desc(), onednn_engine(), packed_[made.packed].bytes.data());
  }
  for (int part = 0; part < threads_; ++part) {
    Arguments arguments{{}, AlignedBytes(desc.scratchpad_desc().get_size())};
    const auto add = [&](int name, const dnnl::memory::desc& of, void* data) {
      arguments.map.emplace(name, dnnl::memory(of, onednn_engine(), data));
    };
    add(DNNL_ARG_SRC, desc.src_desc(), nullptr);
    add(DNNL_ARG_DST, desc.dst_desc(), nullptr);
    add(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc(), arguments.scratch.data());
    if (shape_.bias) add(DNNL_ARG_BIAS, desc.bias_desc(), const_cast<float*>(bias_));
    arguments.map.emplace(DNNL_ARG_WEIGHTS, weights);
    made.arguments.push_back(std::move(arguments));
  }
  made.usable = index == base_ || agrees_with_base(index);
}

void RowConvolution::execute(std::size_t index, const float* in, float* out, int part) {
  SizeClass& of = classes_[index];
  auto& arguments = of.arguments[static_cast<std::size_t>(part)].map;
  arguments[DNNL_ARG_SRC].set_data_handle(const_cast<float*>(in));
  arguments[DNNL_ARG_DST].set_data_handle(out);
  of.primitive.execute(onednn_stream(), arguments);
}

// `rows` rows by primitives of one class, with weights and arguments of its own: the real weights
// may be zero, which hides the order of additions, and the real arguments in use.
std::vector<float> RowConvolution::probe(std::size_t index, const std::vector<float>& in,
                                         std::int64_t rows) const {
  const SizeClass& of = classes_[index];
  auto map = of.arguments[0].map;
  const auto replace = [&](int name, const void* data) {
    map[name] = dnnl::memory(map[name].get_desc(), onednn_engine(), const_cast<void*>(data));
  };
  const auto weights = random_floats(shape_.taps * shape_.in * shape_.out);
  const dnnl::memory::desc order = map[DNNL_ARG_WEIGHTS].get_desc();
  const AlignedBytes packed(order.get_size()), scratch(of.arguments[0].scratch.size());
  reorder(weights.data(), order, packed.data());
  replace(DNNL_ARG_WEIGHTS, packed.data());
  replace(DNNL_ARG_SCRATCHPAD, scratch.data());
  std::vector<float> out(static_cast<std::size_t>(rows * shape_.out));
  for (std::int64_t row = 0; row < rows; row += kRows[index]) {
    replace(DNNL_ARG_SRC, in.data() + row * shape_.stride * shape_.in);
    replace(DNNL_ARG_DST, out.data() + row * shape_.out);
    of.primitive.execute(onednn_stream(), map);
  }
  return out;
}

bool RowConvolution::position_matters() const {
  const std::int64_t rows = kRows[base_];
  std::vector<float> in = random_floats(shape_.rows_in(rows) * shape_.in);
  for (std::int64_t row = 1; row < shape_.rows_in(rows); ++row) {
    std::copy_n(in.data(), shape_.in, in.data() + row * shape_.in);
  }
  const std::vector<float> out = probe(base_, in, rows);
  for (std::int64_t row = 1; row < rows; ++row) {
    if (std::memcmp(out.data(), out.data() + row * shape_.out, float_bytes(shape_.out)) != 0) {
      return true;
    }
  }
  return false;
}

bool RowConvolution::agrees_with_base(std::size_t index) const {
  const std::int64_t rows = std::max(kRows[index], kRows[base_]);
  const std::vector<float> in = random_floats(shape_.rows_in(rows) * shape_.in);
  const std::vector<float> found = probe(index, in, rows), expected = probe(base_, in, rows);
  return std::memcmp(expected.data(), found.data(), float_bytes(rows * shape_.out)) == 0;
}

// The largest usable class within `rows`; where fewer than a base class are left, the smallest that
// holds them all, since several tiny primitives cost more than a few idle rows.
std::size_t RowConvolution::pick(std::int64_t rows) {
  if (rows >= kRows[base_]) {
    for (std::size_t i = 0; i < base_; ++i) {
      if (kRows[i] <= rows && size_class(i).usable) return i;
    }
    return base_;
  }
  for (std::size_t i = kRows.size(); i-- > base_;) {
    if (kRows[i] >= rows && size_class(i).usable) return i;
  }
  return base_;
}

void RowConvolution::compute(const float* in, float* out, std::int64_t rows, int part) {
  while (rows > 0) {
    const std::size_t index = pick(rows);
    const std::int64_t size = kRows[index];
    if (size <= rows) {
      execute(index, in, out, part);
    } else {
      const std::int64_t given = shape_.rows_in(rows) * shape_.in;
      const std::int64_t wanted = shape_.rows_in(size) * shape_.in;
      float* slab = floats(slabs_[static_cast<std::size_t>(part)]);
      std::copy_n(in, given, slab);
      std::fill_n(slab + given, wanted - given, 0.0F);
      execute(index, slab, slab + wanted, part);
      std::copy_n(slab + wanted, rows * shape_.out, out);
    }
    in += size * shape_.stride * shape_.in;
    out += size * shape_.out;
    rows -= size;
  }
}

}  // namespace weft
