// Splices small programs into a larger one, operand by operand.
#include "tests/support/any_op_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "frontend/graph_tests/graph_values.h"
#include "ir/ops/ops.h"
#include "tests/support/gradient_samples.h"
#include "tests/support/kernel_cases.h"

namespace weft {
namespace {

struct Snippet {
  Graph graph;
  std::vector<std::size_t> flows;  // outputs of the last node that gradients come back through
};

bool is_small(const Graph& graph) {
  return std::ranges::all_of(graph.values, [](const Value& value) {
    std::int64_t numbers = 1;
    for (const Dim& dim : value.type.shape) numbers *= std::max<std::int64_t>(1, dim.value);
    return numbers <= 500;
  });
}

// Those of one text are one: what they are given does not count here.
std::vector<Snippet> make_snippets() {
  std::vector<Snippet> all;
  std::set<std::string> seen;
  const auto add = [&](const std::string& body, std::vector<std::size_t> flows) {
    if (!seen.insert(body).second) return;
    Graph graph = sample_program(body);
    if (is_small(graph)) all.push_back({std::move(graph), std::move(flows)});
  };
  for (const GradientSample& sample : gradient_samples()) add(sample.body, sample.flows);
  for (const KernelCase& sample : kernel_cases()) {
    const Graph graph = sample_program(sample.body);
    if (graph.nodes.back().op->gradient == nullptr) add(sample.body, {});
  }
  return all;
}

const std::vector<Snippet>& snippets() {
  static const std::vector<Snippet> all = make_snippets();
  return all;
}

// By op, so that each is drawn as often as another, however many samples it has.
std::vector<std::vector<const Snippet*>> by_last_op() {
  std::vector<std::vector<const Snippet*>> all;
  for (const OpDef* op : all_ops()) {
    std::vector<const Snippet*> of_op;
    for (const Snippet& snippet : snippets()) {
      if (snippet.graph.nodes.back().op == op) of_op.push_back(&snippet);
    }
    if (!of_op.empty()) all.push_back(std::move(of_op));
  }
  return all;
}

class Splicer {
 public:
  explicit Splicer(std::uint64_t seed)
      : random_(seed ^ 0xA5A5U), program_(random_program(seed)), seed_(seed) {
    for (std::size_t i = 0; i < graph().values.size(); ++i) {
      const auto id = static_cast<ValueId>(i);
      const Value& value = graph()[id];
      if (value.role == Role::computed && is_pooled(value.type)) pool_.push_back(id);
    }
  }

  RandomProgram run() && {
    static const auto by_op = by_last_op();
    // Two ops in turn, which are not akin, so that a sequence of seeds misses none; others at
    // random.
    for (const std::uint64_t turn : {seed_, seed_ + by_op.size() / 2}) {
      splice(*pick(by_op[turn % by_op.size()]));
    }
    for (std::int64_t count = random_.below(5); count > 0; --count) {
      if (random_.chance(0.3)) {
        gate();
      } else {
        splice(*pick(pick(by_op)));
      }
    }
    finish();
    return std::move(program_);
  }

 private:
  Graph& graph() { return program_.graph; }
  template <class T>
  const T& pick(const std::vector<T>& pool) {
    return pool[static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(pool.size())))];
  }
  static bool is_pooled(const TensorType& type) {
    return type.dtype == DType::f32 && type.shape.size() == 2 && !type.shape[0].is_static() &&
           type.shape[1].is_static();
  }

  // p * f(q) of values that others read, too: sometimes p is q.
  void gate() {
    const ValueId p = pick(pool_);
    std::vector<ValueId> alike;
    for (const ValueId id : pool_) {
      if (graph()[id].type == graph()[p].type) alike.push_back(id);
    }
    const OpDef* const f =
        pick(std::vector<const OpDef*>{&ops::sigmoid, &ops::sigmoid, &ops::tanh, &ops::silu});
    const ValueId gate = graph().add(*f, {pick(alike)});
    const bool left = random_.chance(0.5);
    keep(graph().add(ops::mul, {left ? gate : p, left ? p : gate}), true);
  }

  void splice(const Snippet& snippet) {
    const Graph& from = snippet.graph;
    // N rows of anything are here those of tokens or of examples.
    const std::string rows = random_.chance(0.5) ? "B" : "T";
    std::vector<ValueId> image(from.values.size(), kNoValue);
    for (std::size_t i = 0; i < from.values.size(); ++i) {
      const Value& value = from.values[i];
      if (value.role != Role::computed) image[i] = operand(value, rows);
    }
    for (const Node& node : from.nodes) {
      std::vector<ValueId> inputs;
      for (const ValueId id : node.inputs) {
        inputs.push_back(id == kNoValue ? id : image[static_cast<std::size_t>(id)]);
      }
      const auto outputs = graph().append(*node.op, std::move(inputs), node.attrs);
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        image[static_cast<std::size_t>(node.outputs[i])] = outputs[i];
      }
    }
    const std::vector<ValueId>& outputs = from.nodes.back().outputs;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const bool flows = std::ranges::find(snippet.flows, i) != snippet.flows.end();
      // Of normalisation in training the statistics of the batch are no result.
      if (flows || snippet.flows.empty()) {
        keep(image[static_cast<std::size_t>(outputs[i])], flows);
      }
    }
  }

  // A value of the pool, made as wide as is wanted; offsets, ids and the like are declared once.
  ValueId operand(const Value& wanted, const std::string& rows) {
    TensorType type = wanted.type;
    for (Dim& dim : type.shape) {
      if (dim.symbol == "N") dim.symbol = rows;
    }
    if (type.dtype != DType::f32 && wanted.role == Role::input) {
      const auto same = std::ranges::find_if(graph().values, [&](const Value& value) {
        return value.role == Role::input && value.type == type && !type.ragged_dim.empty();
      });
      if (same != graph().values.end()) return *graph().find(same->name);
    }
    const bool variance = wanted.role == Role::state || wanted.name == "targets";
    if (is_pooled(type) && !variance && random_.chance(0.8)) {
      if (const auto value = pooled(type)) return *value;
    }
    const std::string name = graph().unique_name(fmt::format("s{}.{}", count_++, wanted.name));
    const bool fixed = std::ranges::all_of(type.shape, &Dim::is_static);
    const Role role = fixed ? wanted.role : Role::input;  // what outlives a program has one shape
    return graph().declare(role, name, std::move(type), fixed ? wanted.attrs : Attrs{});
  }

  std::optional<ValueId> pooled(const TensorType& type) {
    std::vector<ValueId> alike, same_rows;
    for (const ValueId id : pool_) {
      const TensorType& other = graph()[id].type;
      if (other == type) alike.push_back(id);
      if (other.shape[0] == type.shape[0]) same_rows.push_back(id);
    }
    if (!alike.empty()) return pick(alike);
    if (same_rows.empty()) return std::nullopt;
    const ValueId x = pick(same_rows);
    const Dim in = graph()[x].type.shape[1], out = type.shape[1];
    const std::string name = graph().unique_name(fmt::format("s{}.w", count_++));
    const ValueId w = graph().declare(Role::param, name, {DType::f32, {in, out}, {}});
    return graph().add(ops::matmul, {x, w});
  }

  // A result, and what others may read; with `flows` also a part of the loss.
  void keep(ValueId id, bool flows) {
    const TensorType type = graph()[id].type;
    graph().results.push_back(id);
    if (type.dtype != DType::f32 || !flows) return;
    if (is_pooled(type)) pool_.push_back(id);
    losses_.push_back(id);
  }

  void finish() {
    const ValueId first = graph().results.front();
    graph().rename(first, "loss.classes");
    ValueId loss = first;
    for (ValueId part : losses_) {
      const std::size_t rank = graph()[part].type.shape.size();
      if (rank > 0) {
        std::vector<std::int64_t> axes(rank);
        std::iota(axes.begin(), axes.end(), 0);
        part = graph().add(ops::reduce_mean, {part}, {{"axes", axes}});
      }
      part = graph().add(ops::scale, {part}, {{"factor", 0.1}});
      loss = graph().add(ops::add, {loss, part});
    }
    // A name for it alone, whatever it is.
    graph().results.front() = graph().add(ops::scale, {loss}, {{"factor", 1.0}}, {}, "loss");
    program_.given = bind_values(graph(), {.random = seed_, .known = std::move(program_.given)});
  }

  Random random_;
  RandomProgram program_;
  std::uint64_t seed_;
  std::vector<ValueId> pool_;    // f32[T, C] and f32[B, C], derived rows too
  std::vector<ValueId> losses_;  // what else the loss depends on
  std::int64_t count_ = 0;
};

}  // namespace

RandomProgram any_op_program(std::uint64_t seed) { return Splicer(seed).run(); }

}  // namespace weft
