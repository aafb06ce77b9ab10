// Walks the nodes that the logits depend on, in order; the rules of ops do the rest.
#include "frontend/onnx/importer.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "frontend/onnx/rules.h"
#include "ir/op.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"

namespace weft::onnx {
namespace {

// Until the graph is sized for its batches.
constexpr std::int64_t kTexts = 16, kTokens = 4096;

bool mentions(std::string_view name, std::string_view word) {
  const auto same = [](char a, char b) { return std::tolower(a) == b; };
  return std::search(name.begin(), name.end(), word.begin(), word.end(), same) != name.end();
}

std::string name_of(const Node& node) {
  if (!node.name.empty()) return fmt::format("`{}` ({})", node.name, node.op);
  return fmt::format("`{}` ({})", node.outputs.empty() ? "" : node.outputs.front(), node.op);
}

}  // namespace

Importer::Importer(const Model& model, bool pair) : model_(model) {
  Graph& graph = result_.graph;
  graph.name = "forward";
  graph.symbol(programs::kTexts, kTexts);
  graph.symbol(programs::kTokens, kTokens);
  declare_inputs(pair);
}

// Which input is which is told by its name; an only one is the ids.
void Importer::declare_inputs(bool pair) {
  const Port* ids = nullptr;
  std::vector<const Port*> masks, types, positions, others;
  for (const Port& port : model_.inputs) {
    if (model_.inputs.size() > 1 && mentions(port.name, "mask")) {
      masks.push_back(&port);
    } else if (mentions(port.name, "type") || mentions(port.name, "segment")) {
      types.push_back(&port);
    } else if (mentions(port.name, "position")) {
      positions.push_back(&port);
    } else {
      others.push_back(&port);
    }
  }
  const auto is_ids = [](const Port* port) { return mentions(port->name, "ids"); };
  std::stable_partition(others.begin(), others.end(), is_ids);
  if (!others.empty()) ids = others.front();
  if (ids == nullptr) {
    throw Error(fmt::format("{} has no input of token ids", model_.path),
                "weft reads classifiers of texts: name the input `input_ids`");
  }
  for (const Port* other : others) {
    if (other == ids) continue;
    throw Error(fmt::format("{} has the inputs `{}` and `{}`, and which is the token ids is open",
                            model_.path, ids->name, other->name),
                "name them `input_ids`, `attention_mask`, `token_type_ids`, `position_ids`");
  }
  declare_ids(*ids);
  const Sizes shape = {batch_, length_};
  for (const Port* port : masks) {
    result_.masked = true;
    values_[port->name] =
        Pattern{Pattern::Kind::uniform, static_cast<ElementType>(port->type), shape, 1, 0};
  }
  for (const Port* port : positions) {
    values_[port->name] = Pattern{Pattern::Kind::counting, ElementType::i64, shape, 0, 1};
  }
  for (const Port* port : types) {
    if (pair) {
      values_[port->name] = Rows{declare_input(graph(), programs::kTypes),
                                 offsets_,
                                 {batch_axis(batch_), time_axis(length_)}};
    } else {
      values_[port->name] = Pattern{Pattern::Kind::uniform, ElementType::i64, shape, 0, 0};
    }
  }
  if (pair && types.empty()) {
    throw Error(fmt::format("{} takes no types of tokens: it does not read pairs", model_.path),
                "leave out --pair");
  }
}

void Importer::declare_ids(const Port& port) {
  const auto type = static_cast<ElementType>(port.type);
  if (type != ElementType::i64 && type != ElementType::i32) {
    throw Error(fmt::format("{}: the input `{}` is {}, not token ids", model_.path, port.name,
                            type_name(port.type)),
                "weft reads classifiers of texts, whose input is INT64 ids [batch, length]");
  }
  if (port.has_shape && port.shape.size() != 1 && port.shape.size() != 2) {
    throw Error(fmt::format("{}: the input `{}` has {} dimensions", model_.path, port.name,
                            port.shape.size()),
                "weft reads ids [batch, length]");
  }
  const auto number = [&](std::size_t i, const char* name) {
    if (!port.has_shape || !port.shape[i].is_static()) return Number::named(name);
    return Number(static_cast<double>(port.shape[i].value));
  };
  const bool alone = port.has_shape && port.shape.size() == 1;
  batch_ = alone ? Number(1) : number(0, "batch");
  length_ = number(alone ? 0 : 1, "length");
  if (length_.is_known()) {
    if (length_.plus < 1) {
      throw Error(fmt::format("{}: the input `{}` has no room for ids", model_.path, port.name),
                  "export the model again");
    }
    result_.length = static_cast<std::int64_t>(length_.plus);
  }
  Rows ids;
  ids.id = declare_input(graph(), programs::kIds);
  ids.offsets = offsets_ = declare_input(graph(), programs::kOffsets);
  if (!alone) ids.view.push_back(batch_axis(batch_));
  ids.view.push_back(time_axis(length_));
  values_[port.name] = std::move(ids);
}

const Port& Importer::find_output(const std::string& name) const {
  const auto named = [&](const std::string& wanted) {
    return std::ranges::find(model_.outputs, wanted, &Port::name);
  };
  const auto end = model_.outputs.end();
  if (model_.outputs.empty()) {
    throw Error(fmt::format("{} has no output", model_.path), "export the model again");
  }
  if (name.empty()) {
    const auto logits = named("logits");
    return logits != end ? *logits : model_.outputs.front();
  }
  if (const auto found = named(name); found != end) return *found;
  std::vector<std::string> names;
  for (const Port& port : model_.outputs) names.push_back(port.name);
  throw Error(fmt::format("{} has no output `{}`", model_.path, name),
              fmt::format("its outputs are {}", fmt::join(names, ", ")));
}

// By node: whether the output depends on it. Counts, for each value, its readers.
std::vector<bool> Importer::needed(const std::string& output) const {
  std::map<std::string_view, std::size_t> makers;
  for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
    for (const std::string& name : model_.nodes[i].outputs) {
      if (name.empty()) continue;
      const bool fresh = makers.emplace(name, i).second && !model_.weights.contains(name) &&
                         !values_.contains(name);
      if (fresh) continue;
      throw Error(fmt::format("{}: two nodes, inputs or weights make `{}`", model_.path, name),
                  "the file is damaged: export the model again");
    }
  }
  std::vector<bool> needed(model_.nodes.size(), false);
  std::vector<std::string_view> open = {output};
  while (!open.empty()) {
    const auto found = makers.find(open.back());
    open.pop_back();
    if (found == makers.end() || needed[found->second]) continue;
    needed[found->second] = true;
    for (const std::string& name : model_.nodes[found->second].inputs) open.emplace_back(name);
  }
  return needed;
}

void Importer::check_ops(const std::vector<bool>& needed) const {
  std::map<std::string_view, std::size_t> missing;
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (needed[i] && find_rule(model_.nodes[i].op) == nullptr) ++missing[model_.nodes[i].op];
  }
  if (missing.empty()) return;
  std::vector<std::string> names;
  for (const auto& [op, count] : missing) {
    names.push_back(count == 1 ? std::string(op) : fmt::format("{} ({} times)", op, count));
  }
  throw Error(fmt::format("{} needs ops that weft does not import: {}", model_.path,
                          fmt::join(names, ", ")),
              "convolutional classifiers and BERT-like encoders can be imported");
}

Value Importer::load(const Tensor& tensor) const {
  Constant constant;
  constant.data = read_tensor(model_, tensor);
  constant.type = static_cast<ElementType>(tensor.type);
  constant.shape = tensor.shape;
  constant.name = tensor.name;
  return constant;
}

void Importer::convert(const Node& node) {
  node_ = &node;
  bool whole = true;
  for (const std::string& name : node.inputs) {
    if (name.empty()) continue;
    const auto found = values_.find(name);
    if (found != values_.end()) {
      whole = whole && !std::holds_alternative<std::monostate>(found->second);
      continue;
    }
    const auto weight = model_.weights.find(name);
    if (weight == model_.weights.end()) {
      throw Error(fmt::format("{}: the node {} reads `{}`, which no input, weight or earlier node "
                              "gives",
                              model_.path, name_of(node), name),
                  "the graph is cyclic or damaged: export the model again");
    }
    values_[name] = load(weight->second);
  }
  try {
    if (whole) find_rule(node.op)->convert(*this, node);
  } catch (const Refused& refused) {
    errors_.push_back(
        {{},
         fmt::format("{}: the node {}: {}", model_.path, name_of(node), refused.message),
         refused.remedy});
  } catch (const Error& e) {  // a shape that an op of weft does not take
    const Diagnostic& first = e.diagnostics().front();
    errors_.push_back(
        {{},
         fmt::format("{}: the node {}: {}", model_.path, name_of(node), first.message),
         first.note});
  }
  for (const std::string& name : node.outputs) values_.try_emplace(name);
  for (const std::string& name : node.inputs) {
    const auto left = uses_.find(name);
    if (left != uses_.end() && --left->second == 0) values_.erase(name);
  }
}

// What the model ends with gives way to weft's own: it compares logits.
std::string Importer::end_activation(const std::string& output) {
  std::string end = output;
  // From the last node back: what an Identity passes on is of an earlier node.
  for (std::size_t i = model_.nodes.size(); i-- > 0;) {
    const Node& node = model_.nodes[i];
    if (std::ranges::find(node.outputs, end) == node.outputs.end() || node.inputs.empty()) continue;
    const bool softmax = node.op == "Softmax" || node.op == "LogSoftmax";
    const std::int64_t axis = node.integer("axis", model_.opset < 13 ? 1 : -1);
    if ((softmax && (axis == 1 || axis == -1)) || node.op == "Sigmoid") {
      result_.activation = softmax ? "softmax" : "sigmoid";
      return node.inputs.front();
    }
    if (node.op != "Identity") return output;
    end = node.inputs.front();
  }
  return output;
}

Imported Importer::run(const std::string& output) {
  const std::string logits = end_activation(find_output(output).name);
  const std::vector<bool> is_needed = needed(logits);
  check_ops(is_needed);
  for (std::size_t i = 0; i < is_needed.size(); ++i) {
    if (!is_needed[i]) continue;
    for (const std::string& name : model_.nodes[i].inputs) ++uses_[name];
  }
  ++uses_[logits];
  for (std::size_t i = 0; i < is_needed.size(); ++i) {
    if (is_needed[i]) convert(model_.nodes[i]);
  }
  if (!errors_.empty()) {
    constexpr std::size_t kMost = 20;
    if (errors_.size() > kMost) errors_.resize(kMost);
    throw Error(errors_);
  }
  const auto found = values_.find(logits);
  const Rows* const rows = found == values_.end() ? nullptr : std::get_if<Rows>(&found->second);
  const bool fits = rows != nullptr && rows->offsets == kNoValue && !rows->view.empty() &&
                    is_whole(rows->view.back(), columns(rows->id));
  if (!fits) {
    throw Error(fmt::format("{}: the output `{}` is {}, but logits are [batch, labels], and depend "
                            "on the text",
                            model_.path, logits,
                            found == values_.end() ? "of no node" : describe(found->second)),
                "name the output that holds them: --logits NAME");
  }
  result_.output = rows->id;
  if (const auto labels = model_.metadata.find("labels"); labels != model_.metadata.end()) {
    std::istringstream lines(labels->second);
    for (std::string label; std::getline(lines, label);) result_.labels.push_back(label);
  }
  return std::move(result_);
}

// ---- What rules ask for

bool Importer::has_input(const Node& node, std::size_t i) const {
  return i < node.inputs.size() && !node.inputs[i].empty();
}

const Value& Importer::input(const Node& node, std::size_t i) const {
  if (!has_input(node, i)) refuse("input {} is missing", i + 1);
  return values_.find(node.inputs[i])->second;
}

const Constant& Importer::constant(const Node& node, std::size_t i) const {
  const Value& value = input(node, i);
  const auto* found = std::get_if<Constant>(&value);
  if (found == nullptr) refuse("input {} is {}, not a constant", i + 1, describe(value));
  return *found;
}

const Rows& Importer::rows(const Node& node, std::size_t i) const {
  const Value& value = input(node, i);
  const auto* found = std::get_if<Rows>(&value);
  if (found == nullptr)
    refuse("input {} is {}, which does not depend on the text", i + 1, describe(value));
  return *found;
}

std::vector<std::int64_t> Importer::integers(const Node& node, std::size_t i) const {
  const Constant& numbers = constant(node, i);
  if (!numbers.is_known()) refuse("input {} depends on the length of the text", i + 1);
  constexpr double kMost = 9e18;
  std::vector<std::int64_t> integers;
  for (const double number : numbers.data) {
    integers.push_back(static_cast<std::int64_t>(std::clamp(number, -kMost, kMost)));
  }
  return integers;
}

std::optional<std::vector<std::size_t>> Importer::axes(const Node& node, std::size_t i,
                                                       std::size_t rank) const {
  std::vector<std::int64_t> given = node.integers("axes");
  if (has_input(node, i)) {
    given = integers(node, i);
  } else if (!node.has("axes")) {
    return std::nullopt;
  }
  std::set<std::size_t> axes;
  for (const std::int64_t axis : given) axes.insert(axis_of(axis, rank));
  return std::vector<std::size_t>(axes.begin(), axes.end());
}

void Importer::set(const Node& node, Value value, std::size_t output) {
  constexpr std::size_t kHighestRank = 16;
  const std::size_t rank = shape_of(value).size();
  if (rank > kHighestRank) refuse("it makes a tensor of {} dimensions", rank);
  if (output < node.outputs.size() && !node.outputs[output].empty()) {
    values_.insert_or_assign(node.outputs[output], std::move(value));
  }
}

Imported import_graph(const Model& model, const std::string& output, bool pair) {
  return Importer(model, pair).run(output);
}

}  // namespace weft::onnx
