// A convolution over a long run of rows whose result for a row depends on that row's window only:
// not on how many rows there are, where it stands among them, or which thread computes it. Bit for
// bit.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "runtime/kernels/onednn/onednn.h"
#include "runtime/resources/memory.h"

namespace weft {

// The place of weight (out, in, tap), in floats from the first.
struct WeightStrides {
  std::int64_t out = 0, in = 0, tap = 0;
};

class RowConvolution {
 public:
  static constexpr std::int64_t kLargest = 64;  // rows that one primitive computes at most

  // `weights` and `bias` (null if the shape has none) stay where they are.
  RowConvolution(ConvolutionShape shape, const float* weights, WeightStrides strides,
                 const float* bias, int threads);

  // Makes the primitives that compute() otherwise makes at the first use of a size class.
  void make_all();

  // Brings the packed weights up to date; before compute(), by one thread.
  void pack();

  // out[i] = act(bias + sum over taps of in[i * stride + tap * dilation] W_tap), 0 <= i < rows.
  // `part` names the calling thread among those given to the constructor.
  void compute(const float* in, float* out, std::int64_t rows, int part);

  const ConvolutionShape& shape() const { return shape_; }

 private:
  struct Packed {  // the weights in one of oneDNN's orders
    dnnl::memory::desc desc;
    AlignedBytes bytes;
  };
  struct Arguments {
    std::unordered_map<int, dnnl::memory> map;
    AlignedBytes scratch;
  };
  struct SizeClass {
    std::once_flag once;
    dnnl::convolution_forward primitive;
    std::size_t packed = 0;
    std::vector<Arguments> arguments;  // by part
    bool usable = false;               // its rows have the same bits as the base class's
  };

  static constexpr std::array<std::int64_t, 7> kRows{64, 32, 16, 8, 4, 2, 1};
  static constexpr std::size_t kBase = 3;

  SizeClass& size_class(std::size_t index);
  void create(std::size_t index);
  void execute(std::size_t index, const float* in, float* out, int part);
  bool agrees_with_base(std::size_t index) const;
  bool position_matters() const;
  std::vector<float> probe(std::size_t index, const std::vector<float>& in,
                           std::int64_t rows) const;
  void reorder(const float* weights, const dnnl::memory::desc& to, std::byte* packed) const;
  std::size_t pick(std::int64_t rows);

  ConvolutionShape shape_;
  const float* weights_;
  WeightStrides strides_;
  const float* bias_;
  int threads_;
  std::size_t base_ = kBase;
  std::mutex packing_;
  std::deque<Packed> packed_;
  std::array<SizeClass, kRows.size()> classes_;
  std::vector<AlignedBytes> slabs_;  // by part: the rows of a last, partly filled primitive
};

}  // namespace weft
