// A convolution over a long run of rows whose result for a row depends on that row's window only:
// not on how many rows there are, where it stands among them, or which thread computes it. Bit for
// bit.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "runtime/kernels/onednn/onednn.h"
#include "runtime/kernels/onednn/row_classes.h"
#include "runtime/resources/packed_copies.h"

namespace weft {

// Weights as they are given.
struct RowWeights {
  const float* data = nullptr;
  WeightStrides strides;
  const float* bias = nullptr;     // null if the shape has none
  PackedCopies* shared = nullptr;  // where packed copies are kept; null: nowhere but here
  // Memory that all kernels of a program use in turn for their packed weights. It is used in every
  // run if `shared` is null, else in the first run only: a program that runs once does not wait for
  // fresh memory.
  std::shared_ptr<PackedScratch> scratch = nullptr;
};

class RowConvolution {
 public:
  static constexpr std::int64_t kLargest = 64;  // rows worth collecting for one call of compute()

  // The weights stay where they are.
  RowConvolution(const ConvolutionShape&, const RowWeights&, int threads);
  RowConvolution(const ConvolutionShape&, const RowWeights&, int threads, const RowClasses&);

  // Makes the primitives that compute() otherwise makes at their first use.
  void make_all();

  // Brings the packed weights to this version (see PackedCopy); before each run's compute(), by one
  // thread.
  void pack(std::uint64_t version);

  // out[i] = act(bias + sum over taps of in[i * stride + tap * dilation] W_tap), 0 <= i < rows.
  // `part` names the calling thread among those given to the constructor.
  void compute(const float* in, float* out, std::int64_t rows, int part);

  const ConvolutionShape& shape() const { return shape_; }

 private:
  static constexpr const auto& kRows = RowClasses::kRows;

  struct Packed {  // the weights in one of oneDNN's orders
    dnnl::memory::desc order;
    std::shared_ptr<PackedCopy> copy;
    bool kept = true;  // from run to run; false: scratch
  };
  struct Arguments {
    std::unordered_map<int, dnnl::memory> map;
    AlignedBytes scratch;
  };
  struct SizeClass {
    std::once_flag once;
    RowPrimitive made;
    const Packed* weights = nullptr;
    std::vector<Arguments> arguments;  // by part
  };

  SizeClass& size_class(std::size_t index);
  void create(std::size_t index);
  void execute(std::size_t index, const float* in, float* out, int part);
  const Packed& packed(const dnnl::memory::desc& order);
  Packed room_for(const dnnl::memory::desc& order, std::size_t index) const;
  void refresh(const Packed&) const;
  std::size_t pick(std::int64_t rows);

  ConvolutionShape shape_;  // of the primitives
  Activation after_;        // what is done to their results
  RowWeights weights_;
  int threads_;
  const RowClasses& known_;
  std::mutex packing_;
  std::deque<Packed> packed_;
  std::uint64_t version_ = 0;
  bool in_use_ = false;  // pack() has been called
  std::array<SizeClass, kRows.size()> classes_;
  std::vector<AlignedBytes> slabs_;  // by part: the rows of a last, partly filled primitive
};

}  // namespace weft
