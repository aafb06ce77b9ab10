// oneDNN's row convolution: rows are cut into size classes, each computed by a primitive of its
// own.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/kernels/onednn/onednn.h"
#include "runtime/kernels/onednn/row_classes.h"
#include "runtime/kernels/products.h"
#include "runtime/resources/packed_copies.h"

namespace weft {

class OnednnConvolution final : public RowConvolution {
 public:
  // The weights stay where they are.
  OnednnConvolution(const ConvolutionShape&, const RowWeights&, int threads);
  OnednnConvolution(const ConvolutionShape&, const RowWeights&, int threads, const RowClasses&);

  void make_all() override;
  void pack(std::uint64_t version) override;
  void compute(const float* in, float* out, std::int64_t rows, int part) override;

 private:
  static constexpr const auto& kRows = RowClasses::kRows;

  struct Packed {  // the weights in one of oneDNN's orders
    dnnl::memory::desc order;
    std::shared_ptr<PackedCopy> copy;
    bool kept = true;  // from run to run; false: scratch
  };
  struct Arguments {
    RowArguments map;
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
