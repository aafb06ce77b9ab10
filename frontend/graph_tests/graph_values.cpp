// Reads tensors from nested lists, binds symbols by their shapes, and hands the rest to the
// filling.
#include "frontend/graph_tests/graph_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "frontend/format/suggest.h"
#include "frontend/graph_tests/json_tensor.h"
#include "frontend/graph_tests/random_values.h"

namespace weft {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const Value& value, const std::string& message, std::string note = {}) {
  throw Error(fmt::format("%{} : {}: {}", value.name, to_string(value.type), message),
              std::move(note));
}

class Binder {
 public:
  Binder(const Graph& graph, const ValueSources& sources) : graph_(graph), sources_(sources) {}

  Bindings run() && {
    for (const auto& [symbol, size] : sources_.sizes) bind_size(symbol, size);
    read_inputs();
    take_known();
    refuse_missing();
    choose_sizes();
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      const Value& value = graph_.values[i];
      if (value.role == Role::computed) continue;
      const auto given = bindings_.find(value.name);
      if (given == bindings_.end()) {
        bindings_[value.name] = random_value(graph_, ValueId(i), extents_, *sources_.random);
      } else {
        settle_empty(value, given->second);
      }
    }
    return std::move(bindings_);
  }

 private:
  void bind(const std::string& symbol, std::int64_t extent, const std::string& by) {
    const std::int64_t capacity = graph_.find_symbol(symbol)->capacity;
    if (extent < 0 || extent > capacity) {
      throw Error(fmt::format("{} is {} by {}, but must be from 0 to its capacity, {}", symbol,
                              extent, by, capacity));
    }
    const auto [bound, fresh] = extents_.emplace(symbol, extent);
    if (fresh) {
      bound_by_[symbol] = by;
    } else if (bound->second != extent) {
      throw Error(fmt::format("{} is {} by {}, but {} by {}", symbol, bound->second,
                              bound_by_.at(symbol), extent, by),
                  "one symbol is one number");
    }
  }

  void bind_size(const std::string& name, std::int64_t size) {
    const Symbol* symbol = graph_.find_symbol(name);
    if (symbol != nullptr && !symbol->derived) return bind(name, size, "its size");
    if (symbol != nullptr) {
      throw Error(fmt::format("the size of {} cannot be given: the program computes it", name));
    }
    std::vector<std::string> names;
    for (const Symbol& other : graph_.symbols) {
      if (!other.derived) names.push_back(other.name);
    }
    throw Error(fmt::format("program @{} has no symbol `{}`", graph_.name, name),
                names.empty() ? "it has none" : suggestion(name, names));
  }

  void read_inputs() {
    if (sources_.inputs.empty()) return;
    try {
      check_depth(sources_.inputs);
      const Json json = Json::parse(sources_.inputs, nullptr, true, /*ignore_comments=*/true);
      if (!json.is_object()) throw Error("not a JSON object", "write {\"name\": [[1, 2], [3, 4]]}");
      for (const auto& [name, list] : json.items()) read_value(name, list);
    } catch (const Json::exception& error) {
      throw Error(
          fmt::format("{}: this is no JSON: {}", sources_.inputs_name, json_problem(error.what())));
    } catch (const Error& error) {
      throw error.in(sources_.inputs_name, {});
    }
  }

  void read_value(const std::string& name, const Json& list) {
    const Value* value = graph_.find_value(name);
    if (value == nullptr || value->role == Role::computed) refuse_name(name, value != nullptr);
    bind_tensor(*value, tensor_from_json(list, name, value->type));
  }

  void bind_tensor(const Value& value, Tensor tensor) {
    const std::string by = "%" + value.name;
    for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
      const Dim& dim = value.type.shape[axis];
      if (dim.is_static() || tensor.shape[axis] == kUnknownExtent) continue;
      bind(dim.symbol, tensor.shape[axis] - dim.value, by);
    }
    if (!value.type.ragged_dim.empty()) {
      check_offsets(value, tensor.data);
      bind(value.type.ragged_dim, static_cast<std::int64_t>(tensor.data.back()), by);
    }
    bindings_[value.name] = std::move(tensor);
  }

  [[noreturn]] void refuse_name(const std::string& name, bool computed) const {
    if (computed) throw Error(fmt::format("%{} is computed: it cannot be given", name));
    std::vector<std::string> names;
    for (const Value& value : graph_.values) {
      if (value.role != Role::computed) names.push_back(value.name);
    }
    throw Error(fmt::format("program @{} declares no %{}", graph_.name, name),
                names.empty() ? "it declares nothing" : suggestion(name, names));
  }

  static void check_offsets(const Value& value, const std::vector<double>& ends) {
    if (!ends.empty() && ends.front() == 0 && std::ranges::is_sorted(ends)) return;
    fail(value, "these are no offsets", "offsets begin with 0, never fall, and end with the rows");
  }

  // Takes the known tensors that are not given anew.
  void take_known() {
    for (const Value& value : graph_.values) {
      const auto known = sources_.known.find(value.name);
      if (known == sources_.known.end() || value.role == Role::computed) continue;
      if (!bindings_.contains(value.name)) bind_tensor(value, known->second);
    }
  }

  void refuse_missing() const {
    std::vector<std::string> missing;
    for (const Value& value : graph_.values) {
      if (value.role == Role::computed || bindings_.contains(value.name)) continue;
      missing.push_back(fmt::format("%{} : {}", value.name, to_string(value.type)));
    }
    if (missing.empty() || sources_.random) return;
    throw Error(
        fmt::format("program @{} is not given {}", graph_.name, fmt::join(missing, ", ")),
        "give them as inputs, or let a seed fill them (--random 1; in a test \"random\": 1)");
  }

  // For what nothing fixes: first the symbols that are no rows of sequences.
  void choose_sizes() {
    for (const bool ragged : {false, true}) {
      for (const Symbol& symbol : graph_.symbols) {
        if (symbol.derived || extents_.contains(symbol.name)) continue;
        std::int64_t chosen = 3;
        bool rows = false;
        for (const Value& value : graph_.values) {
          if (value.role == Role::computed || value.type.ragged_dim != symbol.name) continue;
          rows = true;
          const Dim& ends = value.type.shape.front();
          const auto bound = extents_.find(ends.symbol);
          const std::int64_t count = bound == extents_.end() ? 0 : bound->second;
          chosen = 4 * (count + ends.value - 1);
        }
        if (rows == ragged) extents_[symbol.name] = std::min(chosen, symbol.capacity);
      }
    }
  }

  // The extents that an empty list did not show.
  void settle_empty(const Value& value, Tensor& tensor) const {
    if (std::ranges::find(tensor.shape, kUnknownExtent) == tensor.shape.end()) return;
    tensor.shape = bound_shape(value, extents_);
  }

  const Graph& graph_;
  const ValueSources& sources_;
  Bindings bindings_;
  SymbolExtents extents_;
  std::map<std::string, std::string, std::less<>> bound_by_;  // symbol -> what bound it
};

}  // namespace

Bindings bind_values(const Graph& graph, const ValueSources& sources) {
  return Binder(graph, sources).run();
}

}  // namespace weft
