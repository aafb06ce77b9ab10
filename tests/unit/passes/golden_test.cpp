// The golden files tests/passes/*.ir, which `weft test tests/passes` checks: every pass has one,
// and what they hold prints and parses back.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "frontend/graph_tests/run_tests.h"
#include "frontend/graph_tests/test_file.h"
#include "ir/file.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "passes/pass.h"
#include "tests/support/source_folder.h"

namespace weft {

namespace {

namespace fs = std::filesystem;

TEST_CASE("golden programs print and parse back the same") {
  for (const std::string& path : test_files({(test::source_folder() / "tests/passes").string()})) {
    CAPTURE(path);
    for (const TestSection& section : parse_test_file(read_text_file(path), path).sections) {
      if (section.is_values()) continue;
      for (const Graph& graph : parse(section.text)) {
        const std::string once = print(graph);
        CHECK(print(parse_one(once)) == once);
      }
    }
  }
}

TEST_CASE("every pass and pipeline has a golden file of its name") {
  const auto exists = [](std::string_view name) {
    return fs::exists(test::source_folder() / "tests/passes" / (std::string(name) + ".ir"));
  };
  for (const Pass& pass : all_passes()) CHECK_MESSAGE(exists(pass.name), pass.name);
  for (const Pipeline& pipeline : all_pipelines()) {
    CHECK_MESSAGE(exists(pipeline.name), pipeline.name);
  }
}

}  // namespace
}  // namespace weft
