// Reads tensors from nested lists, binds symbols by their shapes, and hands the rest to the
// filling.
#include "frontend/graph_tests/graph_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "frontend/format/suggest.h"
#include "frontend/format/table.h"
#include "frontend/graph_tests/random_values.h"

namespace weft {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kUnknown = -1;  // the extent of a list inside an empty list

[[noreturn]] void fail(const Value& value, const std::string& message, std::string note = {}) {
  throw Error(fmt::format("%{} : {}: {}", value.name, to_string(value.type), message),
              std::move(note));
}

double number_of(const Json& element, const Value& value) {
  if (!element.is_number()) fail(value, fmt::format("{} is not a number", element.dump()));
  const auto number = element.get<double>();
  const DType dtype = value.type.dtype;
  if (dtype == DType::f32) {
    const auto held = static_cast<double>(static_cast<float>(number));
    if (!std::isfinite(held)) fail(value, fmt::format("{} is too large for an f32", number));
    return held;
  }
  const double limit = std::ldexp(1.0, static_cast<int>(8 * size_of(dtype)) - 1);
  if (number != std::floor(number) || number < -limit || number >= limit) {
    fail(value, fmt::format("{} is not an {}", element.dump(), to_string(dtype)));
  }
  return number;
}

// Appends the numbers of one list; `shape` holds the extents that lists before it had.
void read_list(const Json& list, std::size_t axis, const Value& value, Tensor& tensor) {
  if (axis == tensor.shape.size()) return tensor.data.push_back(number_of(list, value));
  if (!list.is_array()) {
    fail(value, fmt::format("{} stands where a list should", shortened(list.dump(), 40)),
         fmt::format("give {} lists inside one another, row by row", tensor.shape.size()));
  }
  const auto size = static_cast<std::int64_t>(list.size());
  std::int64_t& extent = tensor.shape[axis];
  if (extent == kUnknown) extent = size;
  if (extent != size) {
    fail(value, fmt::format("a list holds {}, but should hold {}", size, extent),
         "lists of one dimension are of one length");
  }
  for (const Json& element : list) read_list(element, axis + 1, value, tensor);
}

class Binder {
 public:
  Binder(const Graph& graph, const ValueSources& sources) : graph_(graph), sources_(sources) {}

  Bindings run() && {
    for (const auto& [symbol, size] : sources_.sizes) bind_size(symbol, size);
    read_inputs();
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
      const Json json = Json::parse(sources_.inputs, nullptr, true, /*ignore_comments=*/true);
      if (!json.is_object()) throw Error("not a JSON object", "write {\"name\": [[1, 2], [3, 4]]}");
      for (const auto& [name, list] : json.items()) read_value(name, list);
    } catch (const Json::exception& error) {
      const std::string what = error.what();  // "[json.exception.…] parse error at line 1, …"
      const std::size_t kind = what.find("] ");
      throw Error(fmt::format("{}: this is no JSON: {}", sources_.inputs_name,
                              kind == std::string::npos ? what : what.substr(kind + 2)));
    } catch (const Error& error) {
      throw error.in(sources_.inputs_name, {});
    }
  }

  void read_value(const std::string& name, const Json& list) {
    const Value* value = graph_.find_value(name);
    if (value == nullptr || value->role == Role::computed) refuse_name(name, value != nullptr);
    Tensor tensor;
    for (const Dim& dim : value->type.shape) {
      tensor.shape.push_back(dim.is_static() ? dim.value : kUnknown);
    }
    read_list(list, 0, *value, tensor);
    const std::string by = "%" + name;
    for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
      const Dim& dim = value->type.shape[axis];
      if (dim.is_static() || tensor.shape[axis] == kUnknown) continue;
      bind(dim.symbol, tensor.shape[axis] - dim.value, by);
    }
    if (!value->type.ragged_dim.empty()) {
      check_offsets(*value, tensor.data);
      bind(value->type.ragged_dim, static_cast<std::int64_t>(tensor.data.back()), by);
    }
    bindings_[name] = std::move(tensor);
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
    if (std::ranges::find(tensor.shape, kUnknown) == tensor.shape.end()) return;
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
