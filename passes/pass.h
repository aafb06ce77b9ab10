// Passes and pipelines, and running a list of passes over a graph.
#pragma once

#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/graph.h"

namespace weft {

// The tables that a program which predicts may make of its params at load, once for all runs.
struct TableOptions {
  std::int64_t budget = std::int64_t{1} << 30;  // bytes that one may take
  DType dtype = DType::f32;                     // i16, i8: smaller and faster, not exact
};

// The input of a pass besides the graph.
struct PassContext {
  std::vector<std::string>* notes = nullptr;  // "pass: what it did or declined to do, and why"
  TableOptions tables = {};

  void note(std::string text) const {
    if (notes != nullptr) notes->push_back(std::move(text));
  }
};

// Reads one graph and writes another. Throws Error, citing the model's line, for what the user can
// mend; declining is no error but a note.
struct Pass {
  std::string_view name;
  std::string_view doc;
  Graph (*run)(const Graph&, PassContext&);
  bool rewrites = false;  // the program computes the same as before
};

// Two stages, because what is placed must be complete: a program may be cut in two between them.
struct Pipeline {
  std::string_view name;
  std::string_view doc;
  std::string_view rewrites;   // comma lists of passes: what becomes of the graph,
  std::string_view placement;  // and where its values live

  std::string passes() const;  // both, one after the other
};

std::span<const Pass> all_passes();
std::span<const Pipeline> all_pipelines();
const Pass* find_pass(std::string_view name);  // null if there is none
const Pipeline* find_pipeline(std::string_view name);

// "cse,dce", where a pipeline's name stands for its passes. Error on an unknown name.
std::vector<const Pass*> parse_passes(std::string_view list);

struct PipelineOptions {
  std::string print_after;        // the name of a pass, "all", or empty
  std::vector<std::string> skip;  // passes left out: bisects a wrong result
  std::ostream* log = nullptr;    // receives what print_after and time ask for
  bool time = false;
  // Told of every pass that has run, with the graph before it and after it.
  std::function<void(const Pass&, const Graph& before, const Graph& after)> watch = {};
  bool verify = true;  // after every pass; an Error names the pass that broke the graph
};

Graph run_passes(Graph, std::span<const Pass* const>, PassContext&, const PipelineOptions& = {});

}  // namespace weft
