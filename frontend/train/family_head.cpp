// Lowers the plan's description and its family's, without rewrites, and compares the two graphs.
#include "frontend/train/family_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "frontend/description/lower.h"
#include "frontend/pretrained/family.h"
#include "frontend/train/plan_settings.h"
#include "passes/passes.h"

namespace weft {
namespace {

std::string describe(const PretrainedConfig& config, std::string_view text) {
  const char* output = config.task == Task::multi_label ? "sigmoid" : "softmax";
  return fmt::format(
      "# A published {0} with the head of a classifier. `train` is for further training.\n"
      "model {0}\n\ntext   max_tokens={1}{4}\nx      = pretrained(text)\nlogits = x | {2}\n"
      "output {3}(logits)\n\ntrain  adamw(rate=0.00005, weight_decay=0.01) batch=32 epochs=3 "
      "schedule=linear warmup=0.1 clip_norm=1\n",
      config.family, std::min<std::int64_t>(512, config.longest_text()), describe_head(config),
      output, text);
}

// The part of a lowered graph that predicts. The two graphs must have the same sizes; which sizes
// does not matter.
Graph predicting(const Graph& lowered, const PretrainedConfig& config) {
  PassContext context;
  const GraphSizes sizes{config.vocabulary, 16, 4096, 16};
  return simplify(infer_only(sized(lowered, sizes), context), context);
}

Graph family_graph(const Plan& plan, PretrainedConfig config) {
  config.task = plan.task;
  std::string_view text = plan.text.pair ? " pair=true" : "";
  if (plan.text.max_windows > 1) text = " long=windows";
  const Description description = parse_description(describe(config, text));
  PretrainedSource source(config);
  const LoweringContext context{
      static_cast<std::int64_t>(plan.labels.size()), {}, nullptr, &source};
  return lower(description, settings_of(description, {}), context, {}).graph;
}

// Values that both have are numbered as they are met, from the results back, so that neither
// names nor the order of independent nodes count.
class Comparison {
 public:
  Comparison(const Graph& a, const Graph& b) : a_(a), b_(b), by_a_(makers(a)), by_b_(makers(b)) {}

  bool equal() { return equal(a_.results, b_.results); }

 private:
  static std::vector<const Node*> makers(const Graph& graph) {
    std::vector<const Node*> makers(graph.values.size(), nullptr);
    for (const Node& node : graph.nodes) {
      for (const ValueId id : node.outputs) makers[static_cast<std::size_t>(id)] = &node;
    }
    return makers;
  }

  bool equal(const std::vector<ValueId>& a, const std::vector<ValueId>& b) {
    return std::ranges::equal(a, b, [&](ValueId x, ValueId y) { return equal(x, y); });
  }

  // Depth first: a value is compared once, later it must be the same one again.
  bool equal(ValueId a, ValueId b) {
    if (a == kNoValue || b == kNoValue) return a == b;
    if (const auto known = image_.find(a); known != image_.end()) return known->second == b;
    image_.emplace(a, b);
    const Value &x = a_[a], &y = b_[b];
    if (x.role != y.role || x.type != y.type) return false;
    if (x.role == Role::input) return x.name == y.name;
    if (x.role != Role::computed) return published(x) && *published(x) == *published(y);
    const Node &m = *by_a_[static_cast<std::size_t>(a)], &n = *by_b_[static_cast<std::size_t>(b)];
    const auto place = [](const Node& node, ValueId id) {
      return std::ranges::find(node.outputs, id) - node.outputs.begin();
    };
    return m.op == n.op && m.attrs == n.attrs && place(m, a) == place(n, b) &&
           equal(m.inputs, n.inputs);
  }

  // The name of the published weight that a param is, or null.
  static const Attr* published(const Value& value) {
    const auto found = value.attrs.find("pretrained");
    return found == value.attrs.end() ? nullptr : &found->second;
  }

  const Graph &a_, &b_;
  std::vector<const Node*> by_a_, by_b_;
  std::map<ValueId, ValueId> image_;
};

}  // namespace

std::string describe_head(const PretrainedConfig& config) {
  return fmt::format(fmt::runtime(find_family(config.family)->head),
                     fmt::arg("dropout", config.classifier_dropout),
                     fmt::arg("width", config.width));
}

std::string describe_pretrained(const PretrainedConfig& config, bool pair) {
  return describe(config, pair ? " pair=true" : "");
}

bool has_family_head(const Plan& plan, const PretrainedConfig& config) {
  const Graph own = predicting(lower_again(plan).graph, config);
  const Graph usual = predicting(family_graph(plan, config), config);
  return Comparison(own, usual).equal();
}

}  // namespace weft
