// Types of values: an element type and a shape of static and symbolic dimensions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

enum class DType : std::uint8_t { f32, i32, i16, i8 };

std::int64_t size_of(DType);  // bytes per element
std::string to_string(DType);
std::optional<DType> find_dtype(std::string_view name);

// One dimension: `300` (static), `T` (symbolic), or `B+1` (a symbol and a constant).
// Symbols of the same name are the same number; a Graph lists them with their capacities.
struct Dim {
  std::string symbol;      // empty: static
  std::int64_t value = 0;  // the size, or what is added to the symbol

  Dim() = default;
  Dim(std::int64_t size)
      : value(size) {}  // NOLINT(google-explicit-constructor): `{T, 300}` reads well
  explicit Dim(std::string name, std::int64_t plus = 0) : symbol(std::move(name)), value(plus) {}
  bool is_static() const { return symbol.empty(); }
  bool operator==(const Dim&) const = default;
};

using Shape = std::vector<Dim>;             // row-major; empty is a scalar
using Extents = std::vector<std::int64_t>;  // a shape with every symbol bound

// `f32[T, 300]`. A value that cuts the rows of T into consecutive sequences, one per example, is
// typed `i32[B+1 -> T]`: entry b is the first row of sequence b and the last entry is T itself.
// An op over sequences asks for both, so pooling with another batch's offsets is a type error.
struct TensorType {
  DType dtype = DType::f32;
  Shape shape;
  std::string ragged_dim;  // the symbol whose rows this value's entries delimit; usually empty

  bool operator==(const TensorType&) const = default;
};

std::string to_string(const Dim&);
std::string to_string(const TensorType&);

}  // namespace weft
