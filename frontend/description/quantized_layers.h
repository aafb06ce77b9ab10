// Layers whose weights are kept as codes (ir/ops/nn/quantized.cpp), for the table of layers. Only
// an imported model has such weights.
#pragma once

#include "frontend/description/layers.h"

namespace weft {

LayerValue build_quantized_embedding(LayerBuilder&);  // width, part, norms
LayerValue build_quantized_linear(LayerBuilder&);     // units, part, norms

}  // namespace weft
