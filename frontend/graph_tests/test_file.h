// Text tests of graphs: a graph, the passes to run, the text and the numbers that are expected.
//
//   // passes: cse,dce
//   program @in { … }
//   // ---- expected
//   program @in { … }
//   // ---- values
//   {"random": 1, "inputs": {"x": [1, 2]}, "results": {"y": [3, 4]}, "tolerance": 1e-5}
//
// The heading is one or more of these lines:
//
//   // passes: LIST            passes and pipelines, as for `weft opt`
//   // compile: predict        the programs of a plan, made from a forward graph, below the passes'
//                              notes; also `predict i8`, a kind of table, and `train`
//   // expect-error: 3:5 text  the program or a pass is refused: an error at that line and column,
//                              of this file or, where a node has an `at`, of the model, whose
//                              message holds the text. The place may be left out. Every error needs
//                              a line.
//
// `// ---- expected` holds the text of `weft opt`.
// `// ---- values`, any number of times, holds JSON:
//
//   inputs     numbers by the names of inputs, params and states: nested lists, row-major
//   random     the seed that fills what is not given: see graph_values.h
//   sizes      of symbols: {"T": 5}
//   results    numbers by the names of results, or of params and states that the program writes;
//              left out: those of the program as it is written, by the reference
//   tolerance  of a number x: tolerance * (1 + |x|); 1e-5 where it is left out
//   program    which program, where there are several
//
// The values are checked in the program as it is written and in what the heading makes of it, both
// by the reference, in double, and by kernels, in float. A program that lacks a result is not asked
// for it. Where `compile` makes a frozen encoder a program of its own, only the written one is
// checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/diagnostic.h"
#include "ir/graph.h"

namespace weft {

struct ExpectedError {
  SourceLocation location;  // line 0: anywhere
  std::string text;
};

// The parts of a file; written one after another they are the file.
struct TestSection {
  std::uint32_t line = 0;  // of its first line, from 1
  std::string mark;        // "// ---- expected\n"; empty: the graphs, with their heading
  std::string text;

  bool is_expected() const;
  bool is_values() const;
};

struct TestFile {
  std::vector<TestSection> sections;  // the graphs first
  std::string passes, compile;        // of the heading; empty: none
  std::vector<ExpectedError> errors;
  // The graphs, in the lines where the file has them: the heading is left blank.
  std::string graphs;

  std::string text() const;
};

// Error, with the file's name, for a file that is no test.
TestFile parse_test_file(std::string_view text, const std::string& name);

// The programs of IR text, or those of a test as they are written. Error, with the file's name, if
// there is none.
std::vector<Graph> parse_programs(std::string_view text, const std::string& name);

}  // namespace weft
