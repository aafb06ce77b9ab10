// Runs a test's program as it is written and as it was made, by both engines, and compares.
#include "frontend/graph_tests/check_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "frontend/format/suggest.h"
#include "frontend/graph_tests/graph_values.h"
#include "frontend/graph_tests/json_tensor.h"
#include "frontend/graph_tests/random_values.h"
#include "frontend/graph_tests/run_graph.h"
#include "frontend/graph_tests/tensor_difference.h"
#include "frontend/graph_tests/test_programs.h"
#include "frontend/graph_tests/values_block.h"
#include "ir/parse.h"
#include "ir/verify.h"

namespace weft {
namespace {

constexpr const char* kWritten = "the program as it is written";
constexpr const char* kMade = "the program after its passes";

struct Variant {
  const char* what;
  std::vector<Graph> programs;  // run one after another; the last is the one that is checked
  Outcome reference = {}, kernels = {};
};

Graph chosen(std::vector<Graph> programs, const std::string& name) {
  std::vector<std::string> names;
  for (Graph& graph : programs) {
    if (graph.name == name || (name.empty() && programs.size() == 1)) return std::move(graph);
    names.push_back(graph.name);
  }
  if (name.empty()) {
    throw Error(
        fmt::format("which of the {} programs the values are for is not said", names.size()),
        "write \"program\": \"NAME\"");
  }
  throw Error(fmt::format("there is no program @{}", name), suggestion(name, names));
}

bool declares(const Graph& graph, const std::string& name) {
  const Value* value = graph.find_value(name);
  return value != nullptr && value->role != Role::computed;
}

bool has_size(const Graph& graph, const std::string& name) {
  const Symbol* symbol = graph.find_symbol(name);
  return symbol != nullptr && !symbol->derived;
}

class Checker {
 public:
  Checker(const TestFile& file, const std::string& name, const std::string& json)
      : block_(parse_values(json)) {
    Graph graph = chosen(parse(file.graphs, name), block_.program);
    verify(graph);
    std::vector<Graph> made = made_programs(file, graph);
    variants_.push_back({kWritten, {std::move(graph)}});
    if (!made.empty()) variants_.push_back({kMade, std::move(made)});
    check_names();
    for (Variant& variant : variants_) run(variant);
  }

  // Compares each with the results given or, where there are none, with the written program's.
  std::string failures() const {
    std::string text;
    for (const Variant& variant : variants_) {
      text += compare(variant, variant.reference, "the reference");
      text += compare(variant, variant.kernels, "kernels");
    }
    if (block_.results && block_.results->empty()) {
      text += "no results are given: `weft test --update` writes them\n";
    }
    return text;
  }

  // The results of the reference, of the names that the block has or, if it has none, of all.
  std::optional<std::vector<NamedTensor>> update() const {
    if (!block_.results) return std::nullopt;
    std::vector<NamedTensor> results;
    for (const auto& [name, list] : *block_.results) results.push_back(*find(name));
    if (!results.empty()) return results;
    const Outcome& written = variants_.front().reference;
    results = written.results;
    results.insert(results.end(), written.writes.begin(), written.writes.end());
    return results;
  }

 private:
  const NamedTensor* find(const std::string& name) const {
    for (const Variant& variant : variants_) {
      if (const NamedTensor* found = variant.reference.find(name)) return found;
    }
    std::vector<std::string> names;
    for (const Variant& variant : variants_) {
      for (const NamedTensor& result : variant.reference.results) names.push_back(result.name);
    }
    throw Error(fmt::format("no program returns or writes %{}", name), suggestion(name, names));
  }

  // A name may be of one program only, but of one it must be.
  void check_names() const {
    const auto some = [&](bool (*has)(const Graph&, const std::string&), const std::string& name) {
      return std::ranges::any_of(variants_, [&](const Variant& variant) {
        return std::ranges::any_of(variant.programs, [&](const Graph& g) { return has(g, name); });
      });
    };
    std::vector<std::string> declared, symbols;
    const Graph& written = variants_.front().programs.back();
    for (const Value& value : written.values) {
      if (value.role != Role::computed) declared.push_back(value.name);
    }
    for (const Symbol& symbol : written.symbols) symbols.push_back(symbol.name);
    for (const auto& [name, list] : block_.inputs) {
      if (some(declares, name)) continue;
      throw Error(fmt::format("no program declares %{}", name), suggestion(name, declared));
    }
    for (const auto& [name, size] : block_.sizes) {
      if (some(has_size, name)) continue;
      throw Error(fmt::format("no program has the symbol `{}`", name), suggestion(name, symbols));
    }
  }

  Bindings bind(const Graph& graph, Bindings known) const {
    ValueSources sources{.random = block_.random, .known = std::move(known)};
    for (const auto& [name, list] : block_.inputs) {
      if (!declares(graph, name)) continue;
      sources.inputs +=
          fmt::format("{}{}: {}", sources.inputs.empty() ? "{" : ", ", json_string(name), list);
    }
    if (!sources.inputs.empty()) sources.inputs += "}";
    for (const auto& [name, size] : block_.sizes) {
      if (has_size(graph, name)) sources.sizes[name] = size;
    }
    return bind_values(graph, sources);
  }

  // The values that an earlier program of the variant wrote, else those that the written program
  // was given, where this program declares the same names.
  Bindings known_to(const Graph& graph, const Bindings& wrote) const {
    Bindings known;
    const Graph& written = variants_.front().programs.back();
    for (const Value& value : graph.values) {
      const Value* same = written.find_value(value.name);
      const auto given = given_.find(value.name);
      if (const auto at = wrote.find(value.name); at != wrote.end()) {
        known[value.name] = at->second;
      } else if (same != nullptr && same->type == value.type && given != given_.end()) {
        known[value.name] = given->second;
      } else if (value.attrs.contains("computed")) {  // room for what the program makes
        known[value.name] = Tensor(bound_shape(value, {}));
      }
    }
    return known;
  }

  void run(Variant& variant) {
    Bindings by_reference, by_kernels;
    for (const Graph& graph : variant.programs) {
      const Bindings given = bind(graph, known_to(graph, by_reference));
      if (&variant == &variants_.front()) given_ = given;
      variant.reference = run_graph(graph, given, Engine::reference);
      for (const NamedTensor& write : variant.reference.writes) {
        by_reference[write.name] = write.tensor;
      }
      Bindings same = given;  // but for what kernels wrote before
      for (const auto& [name, tensor] : by_kernels) {
        if (same.contains(name)) same[name] = tensor;
      }
      variant.kernels = run_graph(graph, same, Engine::kernels);
      for (const NamedTensor& write : variant.kernels.writes) by_kernels[write.name] = write.tensor;
    }
  }

  std::string compare(const Variant& variant, const Outcome& outcome, std::string_view by) const {
    std::string text;
    const auto check = [&](const std::string& name, const Tensor& expected) {
      const NamedTensor* found = outcome.find(name);
      if (found == nullptr) return;
      const std::string differs = difference_text(name, found->tensor, expected, block_.tolerance);
      if (!differs.empty()) text += fmt::format("{}, by {}: {}\n", variant.what, by, differs);
    };
    if (block_.results) {
      for (const auto& [name, list] : *block_.results) {
        check(name, tensor_from_json(list, name, find(name)->type));
      }
      return text;
    }
    const Outcome& written = variants_.front().reference;
    for (const NamedTensor& result : written.results) check(result.name, result.tensor);
    for (const NamedTensor& write : written.writes) check(write.name, write.tensor);
    return text;
  }

  ValuesBlock block_;
  std::vector<Variant> variants_;  // the written one first
  Bindings given_;                 // to the written program
};

}  // namespace

std::string check_values(const TestFile& file, const std::string& name, std::string& json,
                         bool update) {
  const Checker checker(file, name, json);
  std::string failures = checker.failures();
  if (failures.empty() || !update) return failures;
  const auto results = checker.update();
  if (!results) return failures;
  json = with_results(json, *results);
  return Checker(file, name, json).failures();
}

}  // namespace weft
