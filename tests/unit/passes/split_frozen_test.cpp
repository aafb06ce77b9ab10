// Training cut in two at a frozen encoder: both programs together compute what one did, by the
// reference interpreter.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ir/interpret.h"
#include "ir/parse.h"
#include "passes/pass.h"
#include "tests/support/source_folder.h"

namespace weft {
namespace {

Graph apply(const Graph& graph, std::string_view passes) {
  PassContext context;
  return run_passes(graph, parse_passes(passes), context);
}

// The golden file's programs, before its passes.
std::vector<Graph> programs() {
  std::ostringstream text;
  text << std::ifstream(test::source_folder() / "tests/passes/split-frozen.ir").rdbuf();
  const std::string all = text.str();
  return parse(all.substr(0, all.find("// ---- expected")), "split-frozen.ir");
}

Bindings bindings_of(const Graph& graph, const std::vector<double>& lengths) {
  Bindings given;
  double tokens = 0;
  Tensor offsets(Extents{static_cast<std::int64_t>(lengths.size()) + 1});
  for (std::size_t i = 0; i < lengths.size(); ++i) offsets.data[i + 1] = tokens += lengths[i];
  for (const Value& value : graph.values) {
    if (value.role == Role::computed) continue;
    Extents extents;
    for (const Dim& dim : value.type.shape) {
      extents.push_back(dim.symbol == "B"   ? static_cast<std::int64_t>(lengths.size()) + dim.value
                        : dim.symbol == "T" ? static_cast<std::int64_t>(tokens)
                                            : dim.value);
    }
    Tensor tensor(std::move(extents));
    for (std::size_t i = 0; i < tensor.data.size(); ++i) {
      const double wave = std::sin(static_cast<double>(i + 7 * value.name.size()) * 1.7);
      tensor.data[i] = value.name == "ids"      ? std::floor(25 * (wave + 1))
                       : value.name == "labels" ? static_cast<double>(i % 2)
                       : value.name == "seed"   ? 5
                       : value.name == "step"   ? 3
                                                : wave / 4;
    }
    if (value.name == "offsets") tensor = offsets;
    given[value.name] = std::move(tensor);
  }
  return given;
}

TEST_CASE("the rows of a frozen encoder, and training on them, are training on the texts") {
  std::size_t split = 0;
  for (const Graph& forward : programs()) {
    CAPTURE(forward.name);
    Graph head = apply(forward, "split-frozen");
    if (!head.find_value("rows") || head.find_value("rows")->role != Role::input) continue;
    ++split;
    const Graph encode = apply(forward, "encode-only");
    head = apply(head, "autodiff");
    const Graph whole = apply(forward, "autodiff");
    for (const std::vector<double>& lengths :
         {std::vector<double>{3, 0, 5}, {1}, {2, 9, 4, 1, 0}}) {
      const Bindings given = bindings_of(forward, lengths);
      Bindings with_rows = given;
      with_rows["rows"] = interpret(encode, given).results.front();
      const Interpretation wanted = interpret(whole, given);
      const Interpretation found = interpret(head, with_rows);
      REQUIRE(found.results.size() == wanted.results.size());  // the gradients too
      for (std::size_t i = 0; i < wanted.results.size(); ++i) {
        CHECK(head[head.results[i]].name == whole[whole.results[i]].name);
        CHECK(found.results[i].data == wanted.results[i].data);
      }
    }
  }
  CHECK(split == 3);
}

TEST_CASE("encode-only refuses a program without a frozen part") {
  const Graph last = programs().back();
  CHECK_THROWS_WITH_AS(apply(last, "encode-only"), doctest::Contains("no frozen part"), Error);
}

}  // namespace
}  // namespace weft
