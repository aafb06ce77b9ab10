// From a graph to boxes: what each says, what belongs together, what each value connects.
#include "frontend/report/graph_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "frontend/report/report_tables.h"
#include "ir/op.h"
#include "ir/print.h"

namespace weft {
namespace {

constexpr std::size_t kNameShown = 30, kTypeShown = 34, kWeightsShown = 3, kValuesShown = 4;
constexpr std::size_t kManyAlike = 8, kSomeAlike = 4;  // nodes of one op that are one box
constexpr std::size_t kOutside = static_cast<std::size_t>(-1);

std::string shown(const Graph& graph, ValueId id) {
  return fmt::format("%{} : {}", graph[id].name, to_string(graph[id].type));
}

// `gamma [384]`, from %x.layer1.gamma; `bias.2 [6]`, from %x.layer1.bias.2.
std::string weight_line(const Value& value) {
  const std::string type = to_string(value.type);
  std::size_t dot = value.name.rfind('.');
  const std::string_view last = std::string_view(value.name).substr(dot + 1);
  const bool numbered = last.find_first_not_of("0123456789") == std::string_view::npos;
  if (numbered && dot != std::string::npos && dot > 0) dot = value.name.rfind('.', dot - 1);
  const std::string name = value.name.substr(dot + 1);
  return clipped(fmt::format("{} {}", name, type.substr(type.find('['))), kNameShown);
}

// Which node makes a value, and which is the last to read it.
class Producers {
 public:
  explicit Producers(const Graph& graph)
      : producer_(graph.values.size(), kOutside), last_reader_(graph.values.size(), 0) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const ValueId id : graph.nodes[i].outputs) producer_[at(id)] = i;
      for (const ValueId id : graph.nodes[i].inputs) {
        if (id != kNoValue) last_reader_[at(id)] = i;
      }
    }
    for (const ValueId id : graph.results) last_reader_[at(id)] = graph.nodes.size();
    crossing_.resize(graph.nodes.size() + 1);
    for (std::size_t v = 0; v < producer_.size(); ++v) {
      if (producer_[v] == kOutside) continue;
      for (std::size_t b = producer_[v] + 1; b <= last_reader_[v]; ++b) ++crossing_[b];
    }
  }

  std::size_t producer(ValueId id) const { return producer_[at(id)]; }
  std::size_t last_reader(ValueId id) const { return last_reader_[at(id)]; }
  // Values made before node `boundary` and read from it on.
  std::size_t crossing(std::size_t boundary) const { return crossing_[boundary]; }

 private:
  static std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }

  std::vector<std::size_t> producer_, last_reader_, crossing_;
};

// Equal for nodes that do the same to values of the same types, wherever these come from.
std::vector<std::size_t> signatures(const Graph& graph) {
  std::map<std::string, std::size_t> numbers;
  std::vector<std::size_t> out;
  for (const Node& node : graph.nodes) {
    std::string text(node.op->name);
    for (const auto& [name, value] : node.attrs) {
      if (name != "stream") text += fmt::format(" {}={}", name, print(value));  // each has its own
    }
    for (const auto* ids : {&node.inputs, &node.outputs}) {
      text += " :";
      for (const ValueId id : *ids) text += id == kNoValue ? " _" : to_string(graph[id].type);
    }
    out.push_back(numbers.try_emplace(text, numbers.size()).first->second);
  }
  return out;
}

class Drawer {
 public:
  explicit Drawer(const Graph& graph)
      : graph_(graph), producers_(graph), stages_(stages_of(graph)) {
    repeats_ = find_repeats(signatures(graph),
                            [&](std::size_t boundary) { return producers_.crossing(boundary); });
    std::erase_if(repeats_, [&](const Repeat& repeat) { return !is_wired_alike(repeat); });
    add_alike(kManyAlike, true);
    add_alike(kSomeAlike, false);
  }

  Drawing whole() const {
    std::vector<Item> items;
    auto repeat = repeats_.begin();
    for (std::size_t i = 0; i < graph_.nodes.size();) {
      const bool begins = repeat != repeats_.end() && repeat->begin == i;
      items.push_back(begins ? Item{i, repeat->end(), &*repeat} : Item{i, i + 1, nullptr});
      i = items.back().end;
      if (begins) ++repeat;
    }
    return drawing(items);
  }

 private:
  struct Item {
    std::size_t begin = 0, end = 0;  // nodes
    const Repeat* repeat = nullptr;
  };

  // Neighbours of one op that do not read each other, `min` or more, as repeats of one node: first
  // of all the long ones, which may take the place of other repeats.
  void add_alike(std::size_t min, bool over_others) {
    std::vector<Repeat> found;
    for (std::size_t begin = 0, end = 0; begin < graph_.nodes.size(); begin = end) {
      for (end = begin + 1; end < graph_.nodes.size() && is_alike(begin, end);) ++end;
      if (end - begin < min) continue;
      const auto overlaps = [&](const Repeat& one) { return one.begin < end && begin < one.end(); };
      if (over_others) {
        std::erase_if(repeats_, overlaps);
      } else if (std::ranges::any_of(repeats_, overlaps)) {
        continue;
      }
      found.push_back({begin, 1, end - begin});
    }
    repeats_.insert(repeats_.end(), found.begin(), found.end());
    std::ranges::sort(repeats_, {}, &Repeat::begin);
  }

  bool is_alike(std::size_t begin, std::size_t node) const {
    if (graph_.nodes[node].op != graph_.nodes[begin].op || stages_[node] != stages_[begin]) {
      return false;
    }
    return std::ranges::none_of(graph_.nodes[node].inputs, [&](ValueId id) {
      const std::size_t from = id == kNoValue ? kOutside : producers_.producer(id);
      return from != kOutside && from >= begin;
    });
  }

  // Whether values go the same ways inside of every stretch.
  bool is_wired_alike(const Repeat& repeat) const {
    for (std::size_t i = repeat.begin; i < repeat.end(); ++i) {
      const std::size_t offset = (i - repeat.begin) % repeat.length, begin = i - offset;
      const auto& first = graph_.nodes[repeat.begin + offset].inputs;
      const auto& inputs = graph_.nodes[i].inputs;
      for (std::size_t k = 0; k < inputs.size(); ++k) {
        if (inputs[k] == kNoValue) continue;  // in all of them
        const std::size_t one = producers_.producer(first[k]),
                          other = producers_.producer(inputs[k]);
        const bool inside = one != kOutside && one >= repeat.begin;
        const bool also = other != kOutside && other >= begin;
        if (inside != also || (inside && one - repeat.begin != other - begin)) return false;
      }
    }
    return true;
  }

  Drawing drawing(const std::vector<Item>& items) const {
    Drawing out;
    if (items.empty()) return out;
    const std::size_t begin = items.front().begin, end = items.back().end;
    const auto inside = [&](ValueId id) {
      const std::size_t node = producers_.producer(id);
      return node != kOutside && node >= begin && node < end;
    };
    std::map<ValueId, std::vector<std::size_t>> readers;  // boxes
    std::map<ValueId, std::size_t> source;                // box
    for (const Item& item : items) add_inputs(item, inside, source, out);
    for (const Item& item : items) {
      const std::size_t box = out.boxes.size();
      out.boxes.push_back(item.repeat != nullptr ? box_of(*item.repeat) : box_of(item.begin));
      for (std::size_t i = item.begin; i < item.end; ++i) {
        for (const ValueId id : graph_.nodes[i].outputs) source[id] = box;
        for (const ValueId id : graph_.nodes[i].inputs) {
          const auto from = id == kNoValue ? source.end() : source.find(id);
          if (from == source.end() || from->second == box) continue;
          auto& boxes = readers[id];
          if (boxes.empty() || boxes.back() != box) boxes.push_back(box);
        }
      }
    }
    for (const ValueId id : results_of(begin, end)) {
      readers[id].push_back(out.boxes.size());
      out.boxes.push_back({Stage::result, shown_short(id), {to_string(graph_[id].type)}});
    }
    connect(readers, source, out);
    return out;
  }

  // One arrow for all values that a repeat gives, and for those of a node that the same boxes read:
  // hundreds lead from the forward layers of a deep model to the backward ones.
  void connect(const std::map<ValueId, std::vector<std::size_t>>& readers,
               const std::map<ValueId, std::size_t>& source, Drawing& out) const {
    std::map<std::pair<std::size_t, std::vector<std::size_t>>, std::size_t> arrows;
    std::vector<std::vector<ValueId>> values;
    for (const auto& [id, boxes] : readers) {
      const auto from = source.find(id);
      if (from == source.end()) continue;  // a param that is returned
      const bool repeat = out.boxes[from->second].repeat.has_value();
      const auto key = std::pair(from->second, repeat ? std::vector<std::size_t>{} : boxes);
      const auto [at, added] = arrows.try_emplace(key, out.arrows.size());
      if (added) {
        out.arrows.push_back({from->second, {}, {}});
        values.emplace_back();
      }
      auto& to = out.arrows[at->second].to;
      to.insert(to.end(), boxes.begin(), boxes.end());
      values[at->second].push_back(id);
    }
    for (std::size_t i = 0; i < out.arrows.size(); ++i) {
      DrawnArrow& arrow = out.arrows[i];
      std::ranges::sort(arrow.to);
      arrow.to.erase(std::unique(arrow.to.begin(), arrow.to.end()), arrow.to.end());
      arrow.value = listed(values[i]);
    }
  }

  std::string listed(const std::vector<ValueId>& ids) const {
    std::string out;
    for (std::size_t i = 0; i < std::min(ids.size(), kValuesShown); ++i) {
      out += (i == 0 ? "" : ", ") + shown(graph_, ids[i]);
    }
    if (ids.size() > kValuesShown) out += fmt::format(", and {} more", ids.size() - kValuesShown);
    return out;
  }

  void add_inputs(const Item& item, const auto& inside, std::map<ValueId, std::size_t>& source,
                  Drawing& out) const {
    for (std::size_t i = item.begin; i < item.end; ++i) {
      for (const ValueId id : graph_.nodes[i].inputs) {
        if (id == kNoValue || graph_[id].persists() || inside(id) || source.contains(id)) continue;
        source[id] = out.boxes.size();
        out.boxes.push_back({Stage::input, shown_short(id), {to_string(graph_[id].type)}});
      }
    }
  }

  // What is read outside of the nodes [begin, end), or returned.
  std::vector<ValueId> results_of(std::size_t begin, std::size_t end) const {
    if (begin == 0 && end == graph_.nodes.size()) return graph_.results;
    std::vector<ValueId> out;
    for (std::size_t i = begin; i < end; ++i) {
      for (const ValueId id : graph_.nodes[i].outputs) {
        if (producers_.last_reader(id) >= end) out.push_back(id);
      }
    }
    return out;
  }

  std::string shown_short(ValueId id) const { return '%' + clipped(graph_[id].name, kNameShown); }

  DrawnBox box_of(const Repeat& repeat) const {
    DrawnBox box;
    box.stage = stages_[repeat.begin];
    box.repeat = repeat;
    if (repeat.length == 1) {
      box.title = fmt::format("{}, {} nodes", graph_.nodes[repeat.begin].op->name, repeat.times);
      for (std::size_t i = repeat.begin; i < repeat.begin + kWeightsShown; ++i) {
        const auto& outputs = graph_.nodes[i].outputs;
        if (!outputs.empty()) box.lines.push_back(shown_short(outputs[0]));
      }
      box.lines.push_back(fmt::format("and {} more", repeat.times - kWeightsShown));
      return box;
    }
    box.title = fmt::format("{} times, {} nodes each", repeat.times, repeat.length);
    std::vector<Item> first;
    for (std::size_t i = 0; i < repeat.length; ++i) {
      first.push_back({repeat.begin + i, repeat.begin + i + 1, nullptr});
    }
    box.inside = std::make_shared<const Drawing>(drawing(first));
    return box;
  }

  DrawnBox box_of(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    DrawnBox box;
    box.stage = stages_[index];
    box.title = title_of(node);
    box.fused = box.title.find(" + ") != std::string::npos;
    box.node = index;
    std::string types;
    for (const ValueId id : node.outputs) {
      const std::string type = to_string(graph_[id].type);
      const bool fits = types.size() + type.size() <= kTypeShown;
      types += types.empty() ? type : fits ? ", " + type : ", …";
      if (!fits) break;
    }
    if (!node.outputs.empty()) box.lines = {types, shown_short(node.outputs[0])};
    std::vector<std::string> weights;
    for (const ValueId id : node.inputs) {
      if (id != kNoValue && graph_[id].persists()) weights.push_back(weight_line(graph_[id]));
    }
    for (const Write& write : graph_.writes) {
      if (std::ranges::find(node.outputs, write.source) == node.outputs.end()) continue;
      weights.push_back("writes " + weight_line(graph_[write.target]));
    }
    if (weights.size() > kWeightsShown + 1) {
      const std::size_t more = weights.size() - kWeightsShown;
      weights.resize(kWeightsShown);
      weights.push_back(fmt::format("and {} more", more));
    }
    box.lines.insert(box.lines.end(), weights.begin(), weights.end());
    return box;
  }

  const Graph& graph_;
  Producers producers_;
  std::vector<Stage> stages_;
  std::vector<Repeat> repeats_;
};

// Steps of the optimizer, and what it keeps: a counter of steps, say.
bool updates(const Graph& graph, const Node& node, bool forward) {
  for (const PortDef& port : node.op->inputs) {
    if (port.role == OperandRole::learning_rate || port.role == OperandRole::past_rates)
      return true;
  }
  return !forward && std::ranges::any_of(graph.writes, [&](const Write& write) {
    return std::ranges::find(node.outputs, write.source) != node.outputs.end();
  });
}

}  // namespace

std::vector<Stage> stages_of(const Graph& graph) {
  std::vector<bool> needed(graph.values.size(), graph.results.empty());
  for (const ValueId id : graph.results) needed[static_cast<std::size_t>(id)] = true;
  std::vector<Stage> stages(graph.nodes.size());
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    const bool forward = std::ranges::any_of(
        node.outputs, [&](ValueId id) { return needed[static_cast<std::size_t>(id)]; });
    stages[i] = updates(graph, node, forward) ? Stage::update
                : forward                     ? Stage::forward
                                              : Stage::backward;
    for (const ValueId id : node.inputs) {
      if (forward && id != kNoValue) needed[static_cast<std::size_t>(id)] = true;
    }
  }
  return stages;
}

std::string_view name_of(Stage stage) {
  switch (stage) {
    case Stage::input:
      return "input";
    case Stage::forward:
      return "forward";
    case Stage::backward:
      return "backward";
    case Stage::update:
      return "update";
    case Stage::result:
      return "result";
  }
  return "";
}

std::string title_of(const Node& node) {
  std::string title(node.op->name);
  const auto bias = static_cast<std::size_t>(node.op->bias_port);  // counted from 1
  if (bias > 0 && bias <= node.inputs.size() && node.inputs[bias - 1] != kNoValue) {
    title += " + bias";
  }
  const auto act = node.attrs.find("act");
  if (act != node.attrs.end() && !string_attr(node.attrs, "act").empty()) {
    title += " + " + string_attr(node.attrs, "act");
  }
  return title;
}

Drawing draw(const Graph& graph) { return Drawer(graph).whole(); }

}  // namespace weft
