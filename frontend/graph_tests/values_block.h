// The JSON of a `// ---- values` section: see test_file.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/graph_tests/run_graph.h"

namespace weft {

struct ValuesBlock {
  std::string program;  // empty: the only one
  double tolerance = 1e-5;
  std::optional<std::uint64_t> random = {};
  std::map<std::string, std::int64_t> sizes = {};
  std::map<std::string, std::string> inputs = {};                  // name -> nested lists
  std::optional<std::map<std::string, std::string>> results = {};  // none: those of the reference
};

// Error for text that is no JSON, an unknown key, a value of another kind than its key wants.
ValuesBlock parse_values(std::string_view json);

// The same JSON with these results, a line for each key and for each result.
std::string with_results(std::string_view json, const std::vector<NamedTensor>& results);

}  // namespace weft
