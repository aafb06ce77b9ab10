// The readers of a value decide what it may hold, by the roles and names of their ports.
#include "frontend/graph_tests/random_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "ir/ops/nn/label_tree.h"
#include "ir/random.h"

namespace weft {
namespace {

std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 5;
  for (const char c : name) hash = mix64(hash + static_cast<unsigned char>(c));
  return hash;
}

// A node that reads the value, and the port by which.
struct Reader {
  const Node* node;
  const PortDef* port;
};

std::vector<Reader> readers_of(const Graph& graph, ValueId id) {
  std::vector<Reader> readers;
  for (const Node& node : graph.nodes) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const std::vector<PortDef>& ports = node.op->inputs;
      if (node.inputs[i] == id) readers.push_back({&node, &ports[std::min(i, ports.size() - 1)]});
    }
  }
  return readers;
}

bool updates_rows(const OpDef& op) {
  return std::ranges::any_of(all_ops(), [&](const OpDef* other) {
    return other->row_form == &op || other->catch_up_form == &op;
  });
}

std::optional<std::int64_t> extent_of(const Dim& dim, const SymbolExtents& extents) {
  if (dim.is_static()) return dim.value;
  const auto bound = extents.find(dim.symbol);
  if (bound == extents.end()) return std::nullopt;
  return bound->second + dim.value;
}

// The rows of the table in which a node looks ids up; none where it does not say.
std::optional<std::int64_t> rows_looked_up(const Graph& graph, const Node& node,
                                           const SymbolExtents& extents) {
  for (const char* name : {"rows", "size"}) {
    const auto attr = node.attrs.find(name);
    if (attr == node.attrs.end()) continue;
    const auto* rows = std::get_if<std::int64_t>(&attr->second);
    if (rows == nullptr) return std::nullopt;  // a symbol that the program binds
    if (*rows > 0) return *rows;
  }
  for (std::size_t i = 0; i < node.op->inputs.size() && i < node.inputs.size(); ++i) {
    const PortDef& port = node.op->inputs[i];
    const bool table = port.name == "table" || port.name == "like" || port.name == "e" ||
                       port.role == OperandRole::weight;
    if (!table || node.inputs[i] == kNoValue) continue;
    const Shape& shape = graph[node.inputs[i]].type.shape;
    if (shape.size() == 2) return extent_of(shape.front(), extents);
  }
  return std::nullopt;
}

// The labels that a node knows, by the port `labels`: leaves of its tree, or columns of its logits.
std::int64_t classes_of(const Graph& graph, const Node& node, const SymbolExtents& extents) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.op->inputs[i].name != "tree") continue;
    const Shape& shape = graph[node.inputs[i]].type.shape;
    return LabelTree::of_size(extent_of(shape.front(), extents).value_or(0)).labels;
  }
  return extent_of(graph[node.inputs[0]].type.shape.back(), extents).value_or(1);
}

struct Integers {
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();  // all are below it
  bool distinct = false;
};

// Adds what the readers of `id` ask of ids, and those of what is made from them: `token_dropout`.
void narrow(Integers& ids, const Graph& graph, ValueId id, const SymbolExtents& extents) {
  for (const Reader& reader : readers_of(graph, id)) {
    const Node& node = *reader.node;
    if (reader.port->name == "labels") {
      ids.limit = std::min(ids.limit, classes_of(graph, node, extents));
    }
    if (reader.port->role != OperandRole::ids) continue;
    ids.limit = std::min(ids.limit, rows_looked_up(graph, node, extents).value_or(ids.limit));
    for (const ValueId made : node.outputs) {
      if (graph[made].type.dtype == DType::i32) narrow(ids, graph, made, extents);
    }
  }
}

class Filling {
 public:
  Filling(const Graph& graph, ValueId id, const SymbolExtents& extents, std::uint64_t seed)
      : graph_(graph),
        value_(graph[id]),
        id_(id),
        extents_(extents),
        tensor_(bound_shape(value_, extents)),
        key_(random_key(static_cast<std::int64_t>(seed),
                        static_cast<std::int64_t>(hash_of(value_.name)), 0)) {}

  Tensor run() && {
    switch (value_.type.dtype) {
      case DType::f32:
        reals();
        break;
      case DType::i32:
        value_.type.ragged_dim.empty() ? integers() : offsets();
        break;
      case DType::i16:
      case DType::i8:
        for (std::size_t i = 0; i < tensor_.data.size(); ++i) {
          tensor_.data[i] = static_cast<double>(below(i, 201) - 100);
        }
    }
    return std::move(tensor_);
  }

 private:
  double uniform(std::size_t i) const {
    return random_uniform(derived_key(key_, i >> 32), static_cast<std::uint32_t>(i));
  }
  std::int64_t below(std::size_t i, std::int64_t limit) const {
    return static_cast<std::int64_t>(uniform(i) * static_cast<double>(limit));
  }
  bool has_role(OperandRole role) const {
    return std::ranges::any_of(readers_of(graph_, id_),
                               [&](const Reader& r) { return r.port->role == role; });
  }
  bool is_read_as(std::string_view port) const {
    return std::ranges::any_of(readers_of(graph_, id_),
                               [&](const Reader& r) { return r.port->name == port; });
  }

  void reals() {
    double low = -1.0, width = 2.0;
    if (has_role(OperandRole::state) || has_role(OperandRole::row_state) ||
        has_role(OperandRole::statistic)) {
      low = 0.5, width = 1.0;
    } else if (is_read_as("targets")) {
      low = 0.0, width = 1.0;
    } else if (has_role(OperandRole::learning_rate) || has_role(OperandRole::past_rates)) {
      low = 0.01, width = 0.0;
    }
    for (std::size_t i = 0; i < tensor_.data.size(); ++i) {
      tensor_.data[i] = static_cast<double>(static_cast<float>(low + width * uniform(i)));
    }
  }

  // The ends of sequences: random rows, in order.
  void offsets() {
    const std::int64_t rows = extents_.at(value_.type.ragged_dim);
    std::vector<double>& ends = tensor_.data;
    if (ends.empty() || (ends.size() == 1 && rows > 0)) {
      throw Error(fmt::format("%{} cannot cut {} rows into no sequences", value_.name, rows),
                  "give the symbols other sizes");
    }
    for (std::size_t i = 1; i + 1 < ends.size(); ++i) {
      ends[i] = static_cast<double>(below(i, rows + 1));
    }
    ends.back() = static_cast<double>(rows);
    ends.front() = 0;
    std::ranges::sort(ends);
  }

  void integers() {
    if (is_read_as("argmax")) {
      throw Error(fmt::format("%{} has no random filling: only a pooling can make it", value_.name),
                  "give it in the inputs");
    }
    if (is_read_as("tree")) {  // the balanced one
      std::iota(tensor_.data.begin(), tensor_.data.end(), 0.0);
      return;
    }
    Integers ids;
    narrow(ids, graph_, id_, extents_);
    ids.distinct = std::ranges::any_of(readers_of(graph_, id_), [](const Reader& r) {
      return r.port->role == OperandRole::ids && updates_rows(*r.node->op);
    });
    if (ids.limit != std::numeric_limits<std::int64_t>::max()) return fill(ids);
    if (has_role(OperandRole::step) || has_role(OperandRole::last_step))
      std::ranges::fill(tensor_.data, 3.0);
  }

  void fill(const Integers& ids) {
    const std::size_t count = tensor_.data.size();
    if (count == 0) return;
    if (ids.limit < (ids.distinct ? static_cast<std::int64_t>(count) : 1)) {
      throw Error(fmt::format("%{} cannot hold {}{} ids of {} rows", value_.name, count,
                              ids.distinct ? " distinct" : "", ids.limit),
                  "give the symbols other sizes");
    }
    if (!ids.distinct) {
      for (std::size_t i = 0; i < count; ++i) {
        tensor_.data[i] = static_cast<double>(below(i, ids.limit));
      }
      return;
    }
    std::vector<double> rows(static_cast<std::size_t>(ids.limit));
    std::iota(rows.begin(), rows.end(), 0.0);
    for (std::size_t i = 0; i < count; ++i) {
      const auto left = static_cast<std::int64_t>(rows.size() - i);
      std::swap(rows[i], rows[i + static_cast<std::size_t>(below(i, left))]);
      tensor_.data[i] = rows[i];
    }
  }

  const Graph& graph_;
  const Value& value_;
  ValueId id_;
  const SymbolExtents& extents_;
  Tensor tensor_;
  RandomKey key_;
};

}  // namespace

Extents bound_shape(const Value& value, const SymbolExtents& extents) {
  Extents shape;
  double elements = 1.0;
  for (const Dim& dim : value.type.shape) {
    shape.push_back(extent_of(dim, extents).value_or(0));
    elements *= static_cast<double>(shape.back());
  }
  if (elements > 0x1p32) {
    throw Error(fmt::format("%{} would hold {:.0f} numbers, too many", value.name, elements));
  }
  return shape;
}

Tensor random_value(const Graph& graph, ValueId id, const SymbolExtents& extents,
                    std::uint64_t seed) {
  return Filling(graph, id, extents, seed).run();
}

}  // namespace weft
