// Small programs for tests of ops: a few lines of IR, and tensors for what they declare.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ir/interpret.h"
#include "ir/parse.h"
#include "ir/random.h"

namespace weft {

// `body` declares values and computes; every output of its last node is a result.
inline Graph sample_program(const std::string& body) {
  Graph graph = parse_one(
      "program @sample {\n symbol B <= 64\n symbol T <= 64\n symbol N <= 4096\n" + body + "\n}\n");
  graph.results = graph.nodes.back().outputs;
  return graph;
}

// sin(k), sin(2k), …: numbers that any tool can make again.
inline Tensor wave(Extents shape, double k = 1.0) {
  Tensor tensor(std::move(shape));
  for (std::size_t i = 0; i < tensor.data.size(); ++i) {
    tensor.data[i] = std::sin(k * static_cast<double>(i + 1));
  }
  return tensor;
}

inline Tensor offsets_tensor(const std::vector<std::int64_t>& lengths) {
  Tensor offsets({static_cast<std::int64_t>(lengths.size()) + 1});
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    offsets.data[b + 1] = offsets.data[b] + static_cast<double>(lengths[b]);
  }
  return offsets;
}

struct SampleSizes {
  std::vector<std::int64_t> lengths;  // of the sequences: B and T follow
  std::int64_t rows = 5;              // N
};

// Tensors for every declared value: offsets from the lengths, numbers in [-1, 1) from a hash; in
// [0, 1) for `targets`, in [0.5, 1.5) for variances. `given` overrides; integers must be in it.
inline Bindings sample_bindings(const Graph& graph, const SampleSizes& sizes,
                                const std::map<std::string, std::vector<double>>& given = {}) {
  std::map<std::string, std::int64_t, std::less<>> extents{
      {"B", static_cast<std::int64_t>(sizes.lengths.size())}, {"T", 0}, {"N", sizes.rows}};
  for (const std::int64_t length : sizes.lengths) extents["T"] += length;
  Bindings bindings;
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    if (value.role == Role::computed) continue;
    Extents shape;
    for (const Dim& dim : value.type.shape) {
      shape.push_back(dim.is_static() ? dim.value : extents.at(dim.symbol) + dim.value);
    }
    Tensor tensor(shape);
    const RandomKey key = random_key(1, static_cast<std::int64_t>(i), 0);
    for (std::size_t k = 0; k < tensor.data.size(); ++k) {
      const double uniform = random_uniform(key, static_cast<std::uint32_t>(k));
      const bool positive = value.name.find("var") != std::string::npos;
      tensor.data[k] = value.name == "targets" ? uniform
                       : positive              ? uniform + 0.5
                                               : 2.0 * uniform - 1.0;
    }
    if (!value.type.ragged_dim.empty()) tensor = offsets_tensor(sizes.lengths);
    if (const auto at = given.find(value.name); at != given.end()) tensor.data = at->second;
    bindings[value.name] = tensor;
  }
  return bindings;
}

using Numbers = std::vector<double>;

struct Given {
  SampleSizes sizes = {};
  std::map<std::string, Numbers> values = {};
};

// The outputs of the last node of `body`.
inline std::vector<Tensor> run_sample(const std::string& body, const Given& given = {}) {
  const Graph graph = sample_program(body);
  return interpret(graph, sample_bindings(graph, given.sizes, given.values)).results;
}

// Each number to 1e-12, relative, or absolute where it is small.
inline void check_numbers(const Tensor& tensor, const Numbers& expected) {
  REQUIRE(tensor.data.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(tensor.data[i] - expected[i]) <= 1e-12 * (1.0 + std::abs(expected[i])));
  }
}

}  // namespace weft
