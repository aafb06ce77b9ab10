// The header of a safetensors file: which tensors it holds, and where their bytes are.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ir/type.h"

namespace weft {

std::int64_t elements_of(const Extents&);  // their product

struct StoredTensor {
  std::string name;
  std::string type;  // as the file spells it: F32, BF16, I64
  Extents shape;
  std::span<const std::byte> bytes;  // in the file, row-major, little-endian, not aligned

  std::int64_t elements() const { return elements_of(shape); }
};

// The tensors of the whole `file`, by name. Nothing is trusted: Error, naming `path`, unless the
// header is well formed and the tensors fill the rest of the file exactly, without overlap.
std::vector<StoredTensor> parse_safetensors(std::span<const std::byte> file,
                                            const std::string& path);

}  // namespace weft
