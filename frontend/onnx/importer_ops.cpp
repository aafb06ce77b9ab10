// Makes nodes and weights of weft for the rules of ops, and undoes small rewrites of exporters.
#include <algorithm>
#include <cmath>

#include "frontend/onnx/importer.h"
#include "ir/op.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

// A name as IR text can have it: `/bert/Conv` is `bert.Conv`.
std::string clean(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool word =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (word) {
      text += c;
    } else if (!text.empty() && text.back() != '.') {
      text += '.';
    }
  }
  while (!text.empty() && text.back() == '.') text.pop_back();
  return text.empty() ? "weight" : text;
}

}  // namespace

ValueId Importer::add(const OpDef& op, std::vector<ValueId> inputs, Attrs attrs) {
  const std::vector<ValueId> outputs = graph().append(op, std::move(inputs), std::move(attrs));
  makers_[outputs.front()] = graph().nodes.size() - 1;
  return outputs.front();
}

ValueId Importer::weight(std::string name, Shape shape, std::vector<double> values) {
  for (const Dim& dim : shape) {
    if (dim.value < 1) refuse("the weight `{}` has a dimension of size {}", name, dim.value);
  }
  if (!std::ranges::all_of(values, [](double v) { return std::isfinite(static_cast<float>(v)); })) {
    refuse("the weight `{}` holds numbers that are infinite or not a number", name);
  }
  Weight weight{clean(name.empty() ? node_->outputs.at(0) : name),
                {DType::f32, std::move(shape), {}},
                {values.begin(), values.end()}};
  const auto same = [&](const Weight& w) {
    return w.type == weight.type && w.values == weight.values;
  };
  if (const auto known = known_weights_.find(weight.name); known != known_weights_.end()) {
    const auto found =
        std::ranges::find(result_.weights, graph()[known->second].name, &Weight::name);
    if (same(*found)) return known->second;
  }
  const std::string key = weight.name;
  weight.name = graph().unique_name(weight.name);
  const ValueId id = graph().declare(Role::param, weight.name, weight.type);
  known_weights_.insert_or_assign(key, id);
  result_.weights.push_back(std::move(weight));
  return id;
}

std::int64_t Importer::columns(ValueId id) const {
  const Shape& shape = result_.graph[id].type.shape;
  return shape.size() == 2 ? shape[1].value : 1;
}

const weft::Node* Importer::maker(ValueId id) const {
  const auto found = makers_.find(id);
  return found == makers_.end() ? nullptr : &result_.graph.nodes[found->second];
}

ValueId Importer::scaled(ValueId x, double factor) {
  const weft::Node* const node = maker(x);
  if (node != nullptr && node->op == &ops::scale) {
    factor *= float_attr(node->attrs, "factor");
    x = node->inputs.front();
  }
  if (std::abs(factor - 1) < 1e-7) return x;  // 2 * 0.5, or root of 2 times root of 0.5
  return add(ops::scale, {x}, {{"factor", factor}});
}

ValueId Importer::normalized(ValueId x, double epsilon) {
  const auto width = static_cast<std::size_t>(columns(x));
  return normalized(x, epsilon, std::vector<double>(width, 1), std::vector<double>(width, 0));
}

ValueId Importer::normalized(ValueId x, double epsilon, std::vector<double> gamma,
                             std::vector<double> beta) {
  const Shape shape{Dim(columns(x))};
  const std::string& name = node_->outputs.at(0);
  const ValueId y =
      add(ops::layer_norm,
          {x, weight(name + ".gamma", shape, gamma), weight(name + ".beta", shape, beta)},
          {{"epsilon", epsilon}});
  norms_[y] = {x, epsilon, std::move(gamma), std::move(beta)};
  return y;
}

ValueId Importer::plus(ValueId x, const std::vector<double>& numbers, const std::string& name) {
  if (std::ranges::all_of(numbers, [](double n) { return n == 0; })) return x;
  if (const auto norm = norms_.find(x); norm != norms_.end()) {
    Norm next = norm->second;
    for (std::size_t i = 0; i < numbers.size(); ++i) next.beta[i] += numbers[i];
    return normalized(next.x, next.epsilon, std::move(next.gamma), std::move(next.beta));
  }
  return add(ops::bias_add, {x, weight(name, {Dim(columns(x))}, numbers)});
}

ValueId Importer::times(ValueId x, const std::vector<double>& numbers, const std::string& name) {
  if (std::ranges::all_of(numbers, [&](double n) { return n == numbers.front(); })) {
    return scaled(x, numbers.front());
  }
  if (const auto norm = norms_.find(x); norm != norms_.end()) {
    Norm next = norm->second;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      next.gamma[i] *= numbers[i];
      next.beta[i] *= numbers[i];
    }
    return normalized(next.x, next.epsilon, std::move(next.gamma), std::move(next.beta));
  }
  const ValueId row = weight(name, {Dim(columns(x))}, numbers);
  const ValueId each = add(ops::broadcast_like, {row, x}, {{"axes", std::vector<std::int64_t>{0}}});
  return add(ops::mul, {x, each});
}

ValueId Importer::joined_columns(std::span<const ValueId> weights) {
  std::vector<const Weight*> parts;
  std::size_t width = 0;
  for (const ValueId id : weights) {
    const auto named = [&](const Weight& w) { return w.name == graph()[id].name; };
    parts.push_back(&*std::ranges::find_if(result_.weights, named));
    width += static_cast<std::size_t>(parts.back()->type.shape.back().value);
  }
  const TensorType& first = parts.front()->type;
  const std::size_t rows =
      first.shape.size() == 2 ? static_cast<std::size_t>(first.shape[0].value) : 1;
  std::vector<double> values;
  for (std::size_t r = 0; r < rows; ++r) {
    for (const Weight* part : parts) {
      const std::size_t each = part->values.size() / rows;
      const auto row = part->values.begin() + static_cast<std::ptrdiff_t>(r * each);
      values.insert(values.end(), row, row + static_cast<std::ptrdiff_t>(each));
    }
  }
  Shape shape = first.shape;
  shape.back() = static_cast<std::int64_t>(width);
  return weight(parts.front()->name + ".qkv", shape, std::move(values));
}

ValueId Importer::windows(ValueId from, const Attrs& window) {
  for (const auto& [of, attrs, offsets] : windows_) {
    if (of == from && attrs == window) return offsets;
  }
  const ValueId offsets = add(ops::window_offsets, {from}, window);
  windows_.emplace_back(from, window, offsets);
  return offsets;
}

Rows Importer::by_position(const Constant& table, std::size_t time, std::int64_t first) {
  if (!table.is_known()) refuse("a table of positions depends on the text");
  std::int64_t before = 1, after = 1;
  for (std::size_t i = 0; i < table.shape.size(); ++i) {
    if (i < time) before *= table.shape[i];
    if (i > time) after *= table.shape[i];
  }
  const std::int64_t rows = table.shape[time];
  if (before != 1) refuse("a table of positions is [{}]", fmt::join(table.shape, ", "));
  if (rows <= first) refuse("the first position is {} of {}", first, rows);
  limit_length(rows - first);
  const ValueId weights = weight(table.name, {Dim(rows), Dim(after)}, table.data);
  const ValueId at = add(ops::positions, {offsets_}, {{"first", first}});
  Rows result{add(ops::embedding, {at, weights}), offsets_, {}};
  for (std::size_t i = 0; i < table.shape.size(); ++i) {
    if (i < time) result.view.emplace_back();
    if (i == time) result.view.push_back(time_axis(length_));
    if (i > time) {
      after /= table.shape[i];
      result.view.push_back(feature_axis(table.shape[i], after));
    }
  }
  return result;
}

void Importer::limit_length(std::int64_t longest) {
  result_.longest = result_.longest == 0 ? longest : std::min(result_.longest, longest);
}

void Importer::use_table(std::int64_t rows) {
  result_.table_rows = result_.table_rows == 0 ? rows : std::min(result_.table_rows, rows);
}

void Importer::note(const std::string& text) {
  if (std::ranges::find(result_.notes, text) == result_.notes.end()) result_.notes.push_back(text);
}

void Importer::left_out(double id) {
  result_.masked = true;
  result_.padding = id;
  note(fmt::format("the model leaves out the id {}, as padding: texts must not hold it", id));
}

}  // namespace weft::onnx
