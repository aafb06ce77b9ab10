// Size classes of rows: which primitives compute one row's result to the same bits. Found once for
// each shape in a process.
//
// oneDNN chooses a primitive's inner kernel by its shape, and two kernels may add in two orders. So
// a class is used only after its rows were found equal, bit for bit, to those of the base class on
// random data, and the base class only if it gives one row the same bits wherever it stands.
#pragma once

#include <array>
#include <cstdint>

#include "runtime/kernels/onednn/onednn.h"

namespace weft {

class RowClasses {
 public:
  static constexpr std::array<std::int64_t, 8> kRows{128, 64, 32, 16, 8, 4, 2, 1};

  // Of that shape, for as long as the process runs. The form: a product where oneDNN has a kernel
  // of its own for it (brgemm, from AVX-512 on), which keeps the processor busier than a
  // convolution of one tap; where a product would be a general GEMM, the convolution is faster.
  static const RowClasses& of(const ConvolutionShape&);
  static const RowClasses& of(const ConvolutionShape&, RowForm);

  RowClasses(const ConvolutionShape&, RowForm);

  RowForm form() const { return form_; }
  std::size_t base() const { return base_; }
  bool usable(std::size_t index) const { return usable_[index]; }

 private:
  struct Probe;

  RowForm form_;
  std::size_t base_;
  std::array<bool, kRows.size()> usable_{};
};

}  // namespace weft
