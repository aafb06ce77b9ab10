// Programs over odd, empty, short and many sequences: what kernels are tested on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "tests/support/sample.h"

namespace weft {

struct KernelCase {
  std::string body;
  SampleSizes sizes = {};
  std::map<std::string, std::vector<double>> given = {};
};

// The lengths of the sequences of a batch.
inline const std::vector<std::vector<std::int64_t>> kLengths{
    {4}, {1}, {0}, {3, 0, 1, 6}, {0, 2, 0}, {70, 1, 0, 129, 5, 2, 2, 64}};

// A program that returns all outputs of the last node of `body`.
Graph case_program(const std::string& body);

std::vector<KernelCase> kernel_cases();

}  // namespace weft
