// Every pass against its golden file tests/passes/<pass>.ir: programs in, programs out, in full.
//
//   // passes: cse
//   program @in { … }
//   // ---- expected
//   program @in { … }
//
// With `// compile: predict` (or `predict i8`, a kind of table; or `train`) the program is a
// forward graph, and all programs that are made of it are expected, below the passes' notes.
//
// `weft_tests --update-golden` rewrites the expected half: read the difference before committing
// it.
#include "tests/support/golden.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ir/parse.h"
#include "ir/print.h"
#include "passes/compile.h"
#include "passes/opt.h"
#include "passes/pass.h"
#include "tests/support/source_folder.h"

namespace weft {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPasses = "// passes: ", kCompile = "// compile: ";
constexpr std::string_view kExpected = "// ---- expected\n";

std::vector<fs::path> golden_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(test::source_folder() / "tests/passes")) {
    if (entry.path().extension() == ".ir") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

struct Golden {
  std::string heading, input, expected;

  bool compiles() const { return heading.starts_with(kCompile); }
  std::string rest() const { return heading.substr((compiles() ? kCompile : kPasses).size()); }
};

Golden read_golden(const fs::path& path) {
  std::ostringstream stream;
  stream << std::ifstream(path).rdbuf();
  const std::string text = stream.str();
  REQUIRE_MESSAGE((text.starts_with(kPasses) || text.starts_with(kCompile)), path,
                  " must begin with `// passes: …` or `// compile: …`");
  const std::size_t line = text.find('\n') + 1;
  const std::size_t split = std::min(text.find(kExpected), text.size());
  REQUIRE(line <= split);
  Golden golden;
  golden.heading = text.substr(0, line - 1);
  golden.input = text.substr(line, split - line);
  if (split < text.size()) golden.expected = text.substr(split + kExpected.size());
  return golden;
}

// The notes and the programs of a forward graph.
std::string compiled_text(const std::string& forward, const std::string& what) {
  CompileOptions options;
  if (what.ends_with(" i8")) options.tables.dtype = DType::i8;
  const Graph graph = parse_one(forward);
  const Compiled compiled =
      what == "train" ? compile_train(graph, options) : compile_predict(graph, options);
  std::string text;
  for (const std::string& note : compiled.notes) text += "// " + note + "\n";
  text += print(compiled.program);
  if (compiled.load) text += print(*compiled.load);
  if (compiled.flush) text += print(*compiled.flush);
  if (compiled.encode) text += print(*compiled.encode);
  if (compiled.head) text += print(*compiled.head);
  return text;
}

TEST_CASE("every pass gives its golden text") {
  for (const fs::path& path : golden_files()) {
    CAPTURE(path.filename().string());
    const Golden golden = read_golden(path);
    std::string printed;
    REQUIRE_NOTHROW(printed =
                        golden.compiles()
                            ? compiled_text(golden.input, golden.rest())
                            : optimize_text(golden.input, path.filename().string(), golden.rest()));
    if (update_golden()) {
      std::ofstream(path) << golden.heading << '\n' << golden.input << kExpected << printed;
    } else {
      CHECK(printed == golden.expected);
    }
  }
}

TEST_CASE("golden programs print and parse back the same") {
  for (const fs::path& path : golden_files()) {
    CAPTURE(path.filename().string());
    const Golden golden = read_golden(path);
    for (const std::string& text : {golden.input, golden.expected}) {
      for (const Graph& graph : parse(text)) {
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
