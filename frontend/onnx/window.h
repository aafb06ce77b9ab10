// The windows of a convolution or a local pool, as ONNX's attributes say them and as weft does.
#pragma once

#include "frontend/onnx/importer.h"

namespace weft::onnx {

struct WindowOf {
  std::size_t axis = 0;        // the dimension of the tensor that is the length
  std::int64_t size = 1;       // taps along it
  Attrs attrs;                 // size, stride, dilation, padding
  Number count;                // windows of a text
  ValueId offsets = kNoValue;  // of the windows
  bool everything = false;     // one window over all of a text of a fixed length

  // `kernel`: the extents from dimension 2 on. Refused where a window moves along anything but the
  // length, or sees more beyond the ends of a text than weft's windows.
  WindowOf(Importer&, const Node&, const Rows& x, const std::vector<std::int64_t>& kernel);
};

}  // namespace weft::onnx
