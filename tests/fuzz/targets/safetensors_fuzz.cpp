// A safetensors file: refused, or tensors that fill it, whose values are read or refused.
#include "frontend/pretrained/safetensors.h"

#include "ir/diagnostic.h"
#include "tests/fuzz/targets/harness.h"

void weft::fuzz::fuzz(std::string_view input) {
  const auto tensors = parse_safetensors(std::as_bytes(std::span(input)), "x.safetensors");
  for (const StoredTensor& tensor : tensors) {
    WEFT_CHECK(find_tensor(tensors, tensor.name) == &tensor);
    WEFT_CHECK(tensor.bytes.size() <= input.size());
    if (tensor.elements() > std::ssize(input)) continue;  // of no bytes each
    std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
    try {
      read_values(tensor, values);
    } catch (const Error&) {  // of a type that is not read, or not finite
    }
  }
}
