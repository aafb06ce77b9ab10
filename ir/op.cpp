// The helpers that shape rules, references and gradients share.
#include "ir/op.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft {

std::vector<bool> unused_outputs(const Graph& graph) {
  std::vector<bool> read(graph.values.size()), left_out(graph.values.size());
  const auto index = [](ValueId id) { return static_cast<std::size_t>(id); };
  for (const Node& node : graph.nodes) {
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) read[index(id)] = true;
    }
  }
  for (const ValueId id : graph.results) read[index(id)] = true;
  for (const Write& write : graph.writes) read[index(write.source)] = true;
  for (const Node& node : graph.nodes) {
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      const std::size_t id = index(node.outputs[i]);
      left_out[id] = node.op->outputs[i].arity == Arity::optional && !read[id];
    }
  }
  return left_out;
}

namespace {

const Attr& attr(const Attrs& attrs, std::string_view name) {
  const auto at = attrs.find(name);
  WEFT_CHECK(at != attrs.end());
  return at->second;
}

template <class T>
const T& attr_as(const Attrs& attrs, std::string_view name) {
  const T* value = std::get_if<T>(&attr(attrs, name));
  WEFT_CHECK(value != nullptr);
  return *value;
}

}  // namespace

std::int64_t int_attr(const Attrs& attrs, std::string_view name) {
  return attr_as<std::int64_t>(attrs, name);
}

double float_attr(const Attrs& attrs, std::string_view name) {
  const Attr& value = attr(attrs, name);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return attr_as<double>(attrs, name);
}

const std::string& string_attr(const Attrs& attrs, std::string_view name) {
  return attr_as<std::string>(attrs, name);
}

std::vector<double> floats_attr(const Attrs& attrs, std::string_view name) {
  const Attr& value = attr(attrs, name);
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value)) {
    return {list->begin(), list->end()};
  }
  return attr_as<AttrNumbers>(attrs, name);
}

std::vector<std::int64_t> ints_attr(const Attrs& attrs, std::string_view name) {
  const Attr& value = attr(attrs, name);
  const auto* floats = std::get_if<AttrNumbers>(&value);
  if (floats != nullptr && floats->empty()) return {};
  return attr_as<std::vector<std::int64_t>>(attrs, name);
}

bool InferContext::has(std::size_t port) const {
  return port < inputs.size() && inputs[port] != kNoValue;
}

const TensorType& InferContext::type(std::size_t port) const {
  WEFT_CHECK(has(port));
  return graph[inputs[port]].type;
}

std::int64_t InferContext::capacity(std::string_view symbol) const {
  const Symbol* found = graph.find_symbol(symbol);
  WEFT_CHECK(found != nullptr);
  return found->capacity;
}

Dim InferContext::derive(const std::string& symbol, std::int64_t capacity) const {
  graph.symbol(symbol, capacity, /*derived=*/true);
  return Dim(symbol);
}

void InferContext::fail(const std::string& message, std::string note) const {
  throw Error(location, fmt::format("{}: {}", op.name, message), std::move(note));
}

namespace {

std::string_view port_name(const OpDef& op, std::size_t port) {
  return op.inputs[std::min(port, op.inputs.size() - 1)].name;
}

}  // namespace

void InferContext::expect_rank(std::size_t port, std::size_t rank) const {
  if (type(port).shape.size() == rank) return;
  fail(fmt::format("{} is {}, but must have {} dimension{}", port_name(op, port),
                   to_string(type(port)), rank, rank == 1 ? "" : "s"));
}

void InferContext::expect_dtype(std::size_t port, DType dtype) const {
  if (type(port).dtype == dtype) return;
  fail(fmt::format("{} is {}, but must be of {}", port_name(op, port), to_string(type(port)),
                   to_string(dtype)));
}

void InferContext::expect_same(std::size_t port, const TensorType& wanted) const {
  if (type(port) == wanted) return;
  fail(fmt::format("{} is {}, but must be {}", port_name(op, port), to_string(type(port)),
                   to_string(wanted)));
}

void InferContext::expect_offsets(std::size_t port, const Dim& rows) const {
  const TensorType& found = type(port);
  const bool offsets = !found.ragged_dim.empty() && found.shape.size() == 1 && rows.value == 0 &&
                       found.ragged_dim == rows.symbol && !rows.is_static();
  if (offsets) return;
  fail(fmt::format("{} is {}, but must be offsets into {}: i32[B+1 -> {}]", port_name(op, port),
                   to_string(found), to_string(rows), to_string(rows)),
       "a sequence and its offsets go together; another sequence's offsets do not fit");
}

Tensor::Tensor(Extents extents, double fill) : shape(std::move(extents)) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  data.assign(static_cast<std::size_t>(elements), fill);
}

std::int64_t Tensor::columns() const { return shape.empty() ? 1 : shape.back(); }

std::int64_t Tensor::rows() const {
  std::int64_t rows = 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return rows;
}

ValueId GradientContext::emit(const OpDef& op, std::vector<ValueId> inputs, Attrs attrs) const {
  return graph.add(op, std::move(inputs), std::move(attrs), node.location);
}

}  // namespace weft
