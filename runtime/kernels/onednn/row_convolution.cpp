// Which rows go to which primitive, and where its weights are packed.
#include "runtime/kernels/onednn/row_convolution.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "runtime/kernels/simd/simd.h"

namespace weft {
namespace {

std::size_t float_bytes(std::int64_t count) {
  return static_cast<std::size_t>(count) * sizeof(float);
}

float* floats(const AlignedBytes& bytes) { return reinterpret_cast<float*>(bytes.data()); }

// oneDNN's tanh form of gelu takes three times as long as weft's own on rows still in the cache.
bool is_slow(Activation act) { return act == Activation::gelu_tanh; }

ConvolutionShape before(ConvolutionShape shape) {
  if (is_slow(shape.act)) shape.act = Activation::none;
  return shape;
}

}  // namespace

OnednnConvolution::OnednnConvolution(const ConvolutionShape& shape, const RowWeights& weights,
                                     int threads)
    : OnednnConvolution(shape, weights, threads, RowClasses::of(before(shape))) {}

OnednnConvolution::OnednnConvolution(const ConvolutionShape& shape, const RowWeights& weights,
                                     int threads, const RowClasses& classes)
    : shape_(before(shape)),
      after_(is_slow(shape.act) ? shape.act : Activation::none),
      weights_(weights),
      threads_(threads),
      known_(classes) {
  for (int part = 0; part < threads_; ++part) {
    slabs_.emplace_back(float_bytes(shape_.rows_in(8) * shape_.in + 8 * shape_.out));
  }
  size_class(known_.base());
}

void OnednnConvolution::make_all() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (known_.usable(i)) size_class(i);
  }
}

void OnednnConvolution::pack(std::uint64_t version) {
  version_ = version;
  if (weights_.shared != nullptr && weights_.scratch != nullptr) {
    if (in_use_) weights_.scratch = nullptr;
    for (std::size_t i = 0; i < packed_.size(); ++i) packed_[i] = room_for(packed_[i].order, i);
  }
  in_use_ = true;
  for (const Packed& packed : packed_) refresh(packed);
}

void OnednnConvolution::refresh(const Packed& packed) const {
  packed.copy->refresh(packed.kept ? version_ : 0, [&](std::byte* bytes) {
    dnnl::memory from(plain_weights(shape_, known_.form(), weights_.strides), onednn_engine(),
                      const_cast<float*>(weights_.data));
    dnnl::memory to(packed.order, onednn_engine(), bytes);
    dnnl::reorder(from, to).execute(onednn_stream(), from, to);
  });
}

const OnednnConvolution::Packed& OnednnConvolution::packed(const dnnl::memory::desc& order) {
  const std::lock_guard lock(packing_);
  const auto found = std::ranges::find(packed_, order, &Packed::order);
  if (found != packed_.end()) return *found;
  packed_.push_back(room_for(order, packed_.size()));
  if (in_use_) refresh(packed_.back());
  return packed_.back();
}

OnednnConvolution::Packed OnednnConvolution::room_for(const dnnl::memory::desc& order,
                                                      std::size_t index) const {
  const std::size_t size = order.get_size();
  if (weights_.shared != nullptr) {
    // The order's name does not tell from where a weight was taken.
    const WeightStrides& from = weights_.strides;
    const std::string name =
        fmt::format("{} of {},{},{}", order_name(order), from.out, from.in, from.tap);
    if (weights_.scratch == nullptr) {
      return {order, weights_.shared->find_or_make(weights_.data, name, size)};
    }
    if (auto copy = weights_.shared->find(weights_.data, name)) return {order, std::move(copy)};
  }
  if (weights_.scratch != nullptr) {
    return {order, weights_.scratch->find(index, size), false};
  }
  return {order, std::make_shared<PackedCopy>(size)};
}

OnednnConvolution::SizeClass& OnednnConvolution::size_class(std::size_t index) {
  SizeClass& found = classes_[index];
  std::call_once(found.once, [&] { create(index); });
  return found;
}

void OnednnConvolution::create(std::size_t index) {
  SizeClass& of = classes_[index];
  of.made = make_rows(shape_, known_.form(), kRows[index]);
  of.weights = &packed(of.made.weights);
  for (int part = 0; part < threads_; ++part) {
    Arguments arguments{{}, AlignedBytes(of.made.scratchpad.get_size())};
    const auto add = [&](int name, const dnnl::memory::desc& desc, void* data) {
      arguments.map.emplace(name, dnnl::memory(desc, onednn_engine(), data));
    };
    add(DNNL_ARG_SRC, of.made.source, nullptr);
    add(DNNL_ARG_WEIGHTS, of.made.weights, nullptr);
    add(DNNL_ARG_DST, of.made.target, nullptr);
    add(DNNL_ARG_SCRATCHPAD, of.made.scratchpad, arguments.scratch.data());
    if (shape_.bias) add(DNNL_ARG_BIAS, of.made.bias, const_cast<float*>(weights_.bias));
    of.arguments.push_back(std::move(arguments));
  }
}

void OnednnConvolution::execute(std::size_t index, const float* in, float* out, int part) {
  SizeClass& of = size_class(index);
  auto& arguments = of.arguments[static_cast<std::size_t>(part)].map;
  arguments[DNNL_ARG_WEIGHTS].set_data_handle(of.weights->copy->data());
  arguments[DNNL_ARG_SRC].set_data_handle(const_cast<float*>(in));
  arguments[DNNL_ARG_DST].set_data_handle(out);
  run_rows(of.made, arguments);
}

// The largest usable class within `rows`; where fewer than a base class are left, the smallest that
// holds them all, since several tiny primitives cost more than a few idle rows.
std::size_t OnednnConvolution::pick(std::int64_t rows) {
  const std::size_t base = known_.base();
  if (rows >= kRows[base]) {
    for (std::size_t i = 0; i < base; ++i) {
      if (kRows[i] <= rows && known_.usable(i)) return i;
    }
    return base;
  }
  for (std::size_t i = kRows.size(); i-- > base;) {
    if (kRows[i] >= rows && known_.usable(i)) return i;
  }
  return base;
}

void OnednnConvolution::compute(const float* in, float* out, std::int64_t rows, int part) {
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
    if (after_ != Activation::none) {
      simd::activate(after_, out, out, std::min(size, rows) * shape_.out);
    }
    in += size * shape_.stride * shape_.in;
    out += size * shape_.out;
    rows -= size;
  }
}

std::unique_ptr<RowConvolution> make_row_convolution(const ConvolutionShape& shape,
                                                     const RowWeights& weights, int threads) {
  return std::make_unique<OnednnConvolution>(shape, weights, threads);
}

}  // namespace weft
