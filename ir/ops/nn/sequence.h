// Windows over packed sequences: the one place that says how many there are and which rows they
// see.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ir/op.h"

namespace weft {

// `valid`: only whole windows, but a sequence shorter than the window is taken as padded on the
// right to one window, so that every non-empty sequence has at least one. `same` and `causal`: a
// window per row (per `stride` rows), padded with nothing on both sides, or on the left only.
enum class Padding : std::uint8_t { valid, same, causal };

struct Window {
  std::int64_t size = 1;  // taps
  std::int64_t stride = 1;
  std::int64_t dilation = 1;  // rows from one tap to the next
  Padding padding = Padding::valid;

  // Rows from a window's first tap to its last, both included.
  std::int64_t span() const { return (size - 1) * dilation + 1; }

  // The rows before the sequence at which the first tap of window 0 lies. Tap k of window j reads
  // row j * stride - left() + k * dilation of its sequence; a row that does not exist counts as
  // zeros.
  std::int64_t left() const {
    if (padding == Padding::valid) return 0;
    return padding == Padding::same ? (span() - 1) / 2 : span() - 1;
  }

  // Windows over a sequence of `length` rows.
  std::int64_t count(std::int64_t length) const {
    if (length == 0) return 0;
    const std::int64_t reach = padding == Padding::valid ? span() : 1;
    return length < reach ? 1 : (length - reach) / stride + 1;
  }

  // The most windows that at most `examples` sequences of `rows` rows in all can have. Reached when
  // all sequences but one have a single row: a row more in any of those never adds more windows
  // than it would in the longest.
  std::int64_t capacity(std::int64_t rows, std::int64_t examples) const;

  // True where there is exactly one window per row: the sequences keep their offsets.
  bool keeps_rows() const { return stride == 1 && (padding != Padding::valid || span() == 1); }

  // The symbol that counts the windows over the rows `rows`: `T.valid3s2d2`, or `T` itself.
  std::string symbol(std::string_view rows) const;
};

// From the attributes stride, dilation and padding, those that the node has.
Window window_of(const Attrs&, std::int64_t size);

// Shape rules' part: fails unless the sizes make sense; then, unless `to` holds the offsets of this
// window over the rows of `from`. Returns the dimension that `to` partitions.
Window checked_window(const InferContext&, std::int64_t size);
Dim expect_windows(const InferContext&, std::size_t from, std::size_t to, const Window&);

// The rows T that the offsets at `port` delimit; fails if those are no offsets.
Dim rows_of(const InferContext&, std::size_t port);

// References' part: the entries of an offsets operand. Error unless they rise from 0 to `rows`.
std::vector<std::int64_t> offsets_of(const EvalContext&, std::size_t port, std::int64_t rows);
// The same for `to`, whose entries must also count the windows over `from`.
std::vector<std::int64_t> window_offsets_of(const EvalContext&, std::size_t port,
                                            const std::vector<std::int64_t>& from, const Window&);

// B where `offsets` is `i32[B+1 -> T]`.
Dim examples_of(const TensorType& offsets);

}  // namespace weft
