// The program that completes what the row-sparse optimizer has put off.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace weft {

// Program @flush brings every row of every table that `train` updates row by row to the present
// step. It is to be run before anything but `train` reads them: prediction, a snapshot, the end of
// an epoch. Running it twice does nothing more. None if `train` puts nothing off.
std::optional<Graph> make_flush_program(const Graph& train);

}  // namespace weft
