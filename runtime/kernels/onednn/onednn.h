// oneDNN as weft uses it; the only place that knows how its versions 2 and 3 differ.
//
// Primitives are made for one thread and run by one thread: weft cuts the work itself, so that what
// a row's result is never depends on how many threads or which other rows there are.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <cstdint>
#include <string>
#include <unordered_map>

#include "runtime/kernels/products.h"

namespace weft {

const dnnl::engine& onednn_engine();
dnnl::stream& onednn_stream();  // this thread's

// By which of oneDNN's primitives; a product is for one tap and a stride of one row.
enum class RowForm : std::uint8_t { convolution, product };

// A primitive for so many rows. Activations lie in rows, weights in whatever order oneDNN likes
// best; scratchpad by the user.
struct RowPrimitive {
  dnnl::primitive primitive;
  dnnl::memory::desc source, weights, bias, target, scratchpad;
  std::string implementation;  // oneDNN's name
};
RowPrimitive make_rows(const ConvolutionShape&, RowForm, std::int64_t rows);
// Runs it on this thread.
using RowArguments = std::unordered_map<int, dnnl::memory>;
void run_rows(const RowPrimitive&, const RowArguments&);
// Its `implementation`, without making it.
std::string implementation_of(const ConvolutionShape&, RowForm, std::int64_t rows);

// Weights in a given order, to be packed for such a primitive.
dnnl::memory::desc plain_weights(const ConvolutionShape&, RowForm, WeightStrides);

// Two orders of the same extents have the same name only if they are the same.
std::string order_name(const dnnl::memory::desc&);

// Counts the primitive, and whether it is a reference implementation.
void count_primitive(const std::string& implementation);

}  // namespace weft
