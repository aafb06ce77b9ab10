// conv1d-to-taps: a convolution as one product with all its taps, then shifted sums.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   max_pool(conv1d(x, w, from, to), to, b)   ->  table = tap_table(x, w, v)
//   max_pool(conv1d(x, v, from, to'), to', c)     tap_max_pool(_, table, from, concat(b, c))
//
// Convolutions of one x share the product, and their channels are adjacent, as the concat that
// reads them wants them: simplify removes that. Mean pooling likewise, where no gradient is wanted.
// A convolution that is not pooled becomes tap_sum.
//
// It pays where x is a lookup, for then the product can be of few rows (project-embedding), if
// their table fits the budget. Of other rows it pays in training with max pooling, whose gradient
// is sparse then (sparse-max-gradient); else oneDNN's convolution is as fast and takes less memory.
enum ConvPort : std::size_t { kX, kWeight, kFrom, kTo, kConvBias };
enum class Form : std::uint8_t { sum, max_pool, mean_pool };

struct Convolution {
  const Node* node = nullptr;
  Form form = Form::sum;
  const Node* last = nullptr;  // the pool, or the convolution itself
  ValueId bias = kNoValue;     // of the source, like all values here
  std::string act;
  std::vector<const Node*> absorbed;  // what disappears besides `last`
  std::size_t place = 0;              // among the operands of the concat that reads the pool
};

class Conv1dToTaps {
 public:
  Conv1dToTaps(const Graph& graph, PassContext& context)
      : graph_(graph),
        context_(context),
        uses_(graph),
        constant_(constant_values(graph)),
        trains_(trains(graph)),
        out_(graph) {}

  Graph run() && {
    for (const Node& node : graph_.nodes) {
      if (node.op == &ops::conv1d) consider(node);
    }
    std::erase_if(groups_, [&](const auto& entry) { return !affordable(entry.second); });
    for (auto& [key, group] : groups_) {
      std::ranges::stable_sort(group, {}, &Convolution::place);
      for (const Convolution& c : group) {
        absorbed_.insert(c.absorbed.begin(), c.absorbed.end());
        member_of_.emplace(c.last, &group);
      }
    }
    for (const Node& node : graph_.nodes) {
      const auto member = member_of_.find(&node);
      if (member != member_of_.end()) {
        write(node, *member->second);
      } else if (!absorbed_.contains(&node)) {
        out_.copy(node);
      }
    }
    return std::move(out_).finish();
  }

 private:
  using Group = std::vector<Convolution>;
  // The operands and attributes that one node can have only one of; the last part sets apart what
  // must stay alone.
  using Key =
      std::tuple<ValueId, ValueId, Form, std::int64_t, std::string, std::string, bool, const Node*>;

  const std::string& name(ValueId id) const { return graph_[id].name; }

  void decline(const Node& conv, const std::string& why) {
    context_.note(
        fmt::format("conv1d-to-taps: not applied to %{}: {}", name(conv.outputs[0]), why));
  }

  void consider(const Node& conv) {
    const auto stride = int_attr(conv.attrs, "stride");
    if (stride != 1) return decline(conv, fmt::format("its stride is {}", stride));
    Convolution c = follow(conv);
    if (!of_few_rows(conv.inputs[kX]) && !(trains_ && c.form == Form::max_pool)) {
      return decline(conv, reason(conv.inputs[kX]));
    }
    const bool sum = c.form == Form::sum;
    const auto early = [&](ValueId id) {  // there before the first convolution of a group
      return id == kNoValue || graph_[id].role != Role::computed;
    };
    const bool alone = sum || !early(conv.inputs[kWeight]) || !early(c.bias);
    const Key key{conv.inputs[kX],
                  conv.inputs[kFrom],
                  c.form,
                  int_attr(conv.attrs, "dilation"),
                  c.act,
                  string_attr(conv.attrs, "padding"),
                  c.bias != kNoValue,
                  alone ? &conv : nullptr};
    groups_[key].push_back(std::move(c));
  }

  // A lookup in a table that is constant, or of the distinct rows of a batch.
  bool of_few_rows(ValueId x) const {
    const Node* lookup = uses_.producer(x);
    if (lookup == nullptr || lookup->op != &ops::embedding) return false;
    const ValueId table = lookup->inputs[1];
    return trains_ ? !graph_[table].type.shape[0].is_static() : constant_[index(table)];
  }

  // True if project-embedding may later make the table of a group.
  bool affordable(const Group& group) {
    if (trains_) return true;
    const ValueId x = group.front().node->inputs[kX];
    const std::int64_t rows = graph_[uses_.producer(x)->inputs[1]].type.shape[0].value;
    const bool integers = group.front().form == Form::max_pool;
    const std::int64_t bytes =
        tap_table_bytes(rows, attrs(group), integers ? context_.tables.dtype : DType::f32);
    if (bytes <= context_.tables.budget) return true;
    context_.note(
        fmt::format("project-embedding: not applied to %{}: {}; convolutions stay as they are",
                    name(x), over_budget(bytes, context_.tables)));
    return false;
  }

  std::string reason(ValueId x) const {
    const Node* producer = uses_.producer(x);
    const std::string what = fmt::format("its input %{} is ", name(x));
    if (producer == nullptr) return what + "no lookup";
    if (producer->op == &ops::embedding) return what + "a lookup of rows that may repeat";
    return what + fmt::format("computed by {}, it is no lookup", producer->op->name);
  }

  // The node that the convolution goes into.
  Convolution follow(const Node& conv) const {
    Convolution c{&conv, Form::sum, &conv, conv.inputs[kConvBias], string_attr(conv.attrs, "act"),
                  {},    0};
    Convolution pooled = c;
    ValueId y = conv.outputs[0];
    const Node* previous = &conv;
    while (uses_.single(y)) {
      const Node& next = graph_.nodes[uses_.readers(y)[0]];
      if (next.inputs[0] != y) return c;
      pooled.absorbed.push_back(previous);
      previous = &next;
      if (next.op == &ops::max_pool || next.op == &ops::mean_pool) {
        return take_pool(pooled, next) ? pooled : c;
      }
      if (!pooled.act.empty()) return c;
      if (next.op == &ops::bias_add && pooled.bias == kNoValue) {
        pooled.bias = next.inputs[1];
      } else if (pooled.act = activation_name(next); pooled.act.empty()) {
        return c;
      }
      y = next.outputs[0];
    }
    return c;
  }

  bool take_pool(Convolution& c, const Node& pool) const {
    if (pool.inputs[1] != c.node->inputs[kTo]) return false;
    c.last = &pool;
    c.place = place_in_concat(pool.outputs[0]);
    if (pool.op == &ops::mean_pool) {
      c.form = Form::mean_pool;
      return !trains_;
    }
    const ValueId bias = pool.inputs[2], argmax = pool.outputs[1];
    const std::string& act = string_attr(pool.attrs, "act");
    c.form = Form::max_pool;
    // An activation above the pool was left there by sink-activation for a reason.
    if (!c.act.empty() || (c.bias != kNoValue && bias != kNoValue)) return false;
    if (bias != kNoValue) c.bias = bias;
    c.act = act;
    return uses_.readers(argmax).empty() && !uses_.kept(argmax);
  }

  std::size_t place_in_concat(ValueId y) const {
    if (uses_.readers(y).empty()) return 0;
    const Node& reader = graph_.nodes[uses_.readers(y)[0]];
    if (reader.op != &ops::concat) return 0;
    return static_cast<std::size_t>(std::ranges::find(reader.inputs, y) - reader.inputs.begin());
  }

  // At `last` of one member: all of the group where it is the first, its own channels anyway.
  void write(const Node& last, const Group& group) {
    const auto self = std::ranges::find(group, &last, &Convolution::last);
    if (group.size() == 1) {
      Node node = last;
      node.location = self->node->location;
      node.comments = self->node->comments;
      out_.replace(node, op(*self), operands(last, group), attrs(group));
      return;
    }
    ValueId& joined = joined_.try_emplace(&group, kNoValue).first->second;
    if (joined == kNoValue) {
      const Node& first = *group.front().node;
      joined = out_.target().append(op(*self), operands(last, group), attrs(group), first.location,
                                    name(first.outputs[0]) + ".taps")[0];
    }
    std::int64_t begin = 0;
    for (auto before = group.begin(); before != self; ++before) begin += channels(*before);
    const ValueId part = out_.target().add(
        ops::slice, {joined},
        {{"axis", std::int64_t{1}}, {"begin", begin}, {"end", begin + channels(*self)}},
        last.location);
    out_.forward(last.outputs[0], part);
  }

  static const OpDef& op(const Convolution& c) {
    if (c.form == Form::sum) return ops::tap_sum;
    return c.form == Form::max_pool ? ops::tap_max_pool : ops::tap_mean_pool;
  }

  std::int64_t channels(const Convolution& c) const {
    return graph_[c.node->inputs[kWeight]].type.shape[2].value;
  }

  // ids (none yet), table, offsets, bias. The nodes that compute the last two are appended.
  std::vector<ValueId> operands(const Node& last, const Group& group) {
    const Node& first = *group.front().node;
    std::vector<ValueId> rows{out_(first.inputs[kX])}, biases;
    for (const Convolution& c : group) {
      rows.push_back(out_(c.node->inputs[kWeight]));
      if (c.bias != kNoValue) biases.push_back(out_(c.bias));
    }
    Graph& target = out_.target();
    const std::string prefix = name(first.outputs[0]);
    const ValueId table = target.add(ops::tap_table, rows, {}, first.location, prefix + ".table");
    ValueId bias = biases.empty() ? kNoValue : biases[0];
    if (biases.size() > 1) {
      bias = target.add(ops::concat, biases, {}, last.location, prefix + ".bias");
    }
    std::vector<ValueId> all{kNoValue, table, out_(first.inputs[kFrom])};
    if (group.front().form == Form::sum) all.push_back(out_(first.inputs[kTo]));
    all.push_back(bias);
    return all;
  }

  Attrs attrs(const Group& group) const {
    std::vector<std::int64_t> kernels, widths;
    for (const Convolution& c : group) {
      kernels.push_back(graph_[c.node->inputs[kWeight]].type.shape[0].value);
      widths.push_back(channels(c));
    }
    const Attrs& conv = group.front().node->attrs;
    return {{"kernels", kernels},
            {"channels", widths},
            {"dilation", conv.find("dilation")->second},
            {"padding", conv.find("padding")->second},
            {"act", group.front().act}};
  }

  const Graph& graph_;
  PassContext& context_;
  Uses uses_;
  std::vector<bool> constant_;
  bool trains_;
  Rewriter out_;
  std::map<Key, Group> groups_;
  std::map<const Node*, const Group*> member_of_;  // by `last`
  std::set<const Node*> absorbed_;
  std::map<const Group*, ValueId> joined_;  // the pooled channels of a whole group, once written
};

}  // namespace

Graph conv1d_to_taps(const Graph& graph, PassContext& context) {
  return Conv1dToTaps(graph, context).run();
}

}  // namespace weft
