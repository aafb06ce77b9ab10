// How ONNX sees rows of weft: rows f32[N, C] of all texts, end to end, are a tensor of some axes to
// ONNX, [batch, length, C] or [batch * heads, C / heads, length]. Transposing and reshaping change
// this view, not the rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "frontend/onnx/number.h"

namespace weft::onnx {

// A part of the rows' numbers that an axis runs through.
struct Factor {
  enum class Kind : std::uint8_t {
    batch,    // the texts
    time,     // the rows of a text
    key,      // of attention's scores: the rows of a text that a row asks
    feature,  // columns, `stride` apart
  };
  Kind kind = Kind::feature;
  Number size;
  std::int64_t stride = 0;

  bool operator==(const Factor&) const = default;
};

using Axis = std::vector<Factor>;  // the first varies slowest; none: of size 1
using View = std::vector<Axis>;

Axis batch_axis(Number size);
Axis time_axis(Number size);
Axis feature_axis(std::int64_t size, std::int64_t stride = 1);

Number size_of(const Axis&);
std::vector<Number> shape_of(const View&);
std::string to_string(const View&);  // `[batch, length, 12]`

bool holds(const Axis&, Factor::Kind);
// True of an axis that runs through that kind only; what is of size 1 does not count.
bool is_only(const Axis&, Factor::Kind);
// The axis that holds such a factor; View::size() if none does.
std::size_t find_axis(const View&, Factor::Kind);

// Neighbouring columns are one factor, and what is of size 1 is left out.
Axis merged(Axis);
// An axis's columns as one run from the first column on: `size` numbers, one beside the other.
bool is_whole(const Axis&, std::int64_t columns);

// The tensor's numbers in the same order under another shape, in which one -1 is what remains. None
// where an axis would be cut that has no known size.
bool reshape(const View& from, std::vector<Number> shape, View& to);

}  // namespace weft::onnx
