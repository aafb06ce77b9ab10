// Text -> Graph. Throws Error with every bad line it found, each with line, column and remedy.
//
//   program @train optimizer="adam" {
//     symbol B <= 64
//     symbol T <= 4096
//     input %ids : i32[T]
//     input %offsets : i32[B+1 -> T]
//     param %embedding.weight : f32[30000, 300] init="uniform" scale=0.25
//     // comments stay with the line below them
//     %x = embedding(%ids, %embedding.weight) : f32[T, 300] in arena+0 at 3:10
//     %top, %argmax = max_pool(%x, %offsets) : f32[B, 300], i32[B, 300] at 4:12
//     %new = sgd(%embedding.weight, %grad, %rate) : f32[30000, 300] in %embedding.weight
//     write %embedding.weight <- %new
//     return %top
//   } arena 81920
//
// Types of computed values may be left out: they are inferred. Where given they must agree.
// Attributes follow the operands: `conv1d(%x, %w, %from, %to, _) stride=1 padding="same"`.
#pragma once

#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace weft {

std::vector<Graph> parse(std::string_view text, std::string_view file = "<ir>");
Graph parse_one(std::string_view text, std::string_view file = "<ir>");  // exactly one program

}  // namespace weft
