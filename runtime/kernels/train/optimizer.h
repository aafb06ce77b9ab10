// What the dense and the row-wise optimizer kernels share.
#pragma once

#include "runtime/kernels/kernel.h"
#include "runtime/kernels/simd/simd.h"

namespace weft {

// Adam's or AdamW's attributes, and what they come to in a step.
struct AdamSettings {
  double beta1, beta2, epsilon, decay;
  bool decoupled;  // adamw

  AdamSettings(const BindContext& bind, bool decouple);
  simd::Adam at(double rate, std::int32_t step) const;
};

}  // namespace weft
