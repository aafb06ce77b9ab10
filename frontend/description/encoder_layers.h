// Layers of pretrained models: the encoder itself, and what heads are made of.
#pragma once

#include "frontend/description/layers.h"

namespace weft {

LayerValue build_pretrained(LayerBuilder&);
LayerValue build_first(LayerBuilder&);
LayerValue build_last(LayerBuilder&);
LayerValue build_pooler(LayerBuilder&);

}  // namespace weft
