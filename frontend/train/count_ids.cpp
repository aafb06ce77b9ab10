// One pass over the ids each.
#include "frontend/train/count_ids.h"

#include <algorithm>
#include <cmath>

#include "ir/op.h"
#include "ir/ops/ops.h"

namespace weft {

std::vector<std::int64_t> document_counts(const Dataset& data, std::int64_t ids) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(ids), 0);
  std::vector<std::size_t> last_text(static_cast<std::size_t>(ids), data.size());
  for (std::size_t text = 0; text < data.size(); ++text) {
    for (auto i = data.offsets[text]; i < data.offsets[text + 1]; ++i) {
      const auto id = static_cast<std::size_t>(data.ids[static_cast<std::size_t>(i)]);
      if (last_text[id] != text) ++counts[id];
      last_text[id] = text;
    }
  }
  return counts;
}

std::vector<std::int32_t> keep_seen_buckets(Dataset& data, std::int64_t words) {
  const auto first = static_cast<std::int32_t>(words);
  std::vector<std::int32_t> places{0};  // of buckets: 1 where a text has them, at first
  for (const std::int32_t id : data.ids) {
    if (id < first) continue;
    const auto bucket = static_cast<std::size_t>(id - first);
    if (bucket >= places.size()) places.resize(bucket + 1, 0);
    places[bucket] = 1;
  }
  std::vector<std::int32_t> kept;
  for (std::size_t bucket = 0; bucket < places.size(); ++bucket) {
    if (places[bucket] == 0) continue;
    places[bucket] = static_cast<std::int32_t>(kept.size());
    kept.push_back(static_cast<std::int32_t>(bucket));
  }
  if (kept.empty()) kept.push_back(0);
  for (std::int32_t& id : data.ids) {
    if (id >= first) id = first + places[static_cast<std::size_t>(id - first)];
  }
  return kept;
}

bool weighs_all_rows(const Graph& graph) {
  const auto weighed = [&](ValueId rows) {
    return std::ranges::all_of(graph.nodes, [&](const Node& node) {
      const bool reads = std::ranges::find(node.inputs, rows) != node.inputs.end();
      return !reads || node.op == &ops::weighted_sum;
    });
  };
  std::size_t tables = 0;
  const bool all = std::ranges::all_of(graph.nodes, [&](const Node& node) {
    if (node.op != &ops::embedding) return true;
    ++tables;
    return weighed(node.outputs[0]);
  });
  return all && tables > 0;
}

void term_importance(std::span<const std::int64_t> document_counts, std::int64_t texts,
                     std::int64_t words, std::span<float> importance) {
  const auto all = static_cast<double>(texts);
  for (std::size_t id = 0; id < document_counts.size(); ++id) {
    if (document_counts[id] == 0) continue;
    const double count = static_cast<double>(document_counts[id]);
    const std::size_t column = static_cast<std::int64_t>(id) < words ? 0 : 1;
    importance[2 * id + column] = static_cast<float>(1 + std::log((1 + all) / (1 + count)));
  }
}

void label_logits(std::span<const std::int64_t> label_counts, std::int64_t texts, Task task,
                  std::span<float> logits) {
  if (label_counts.size() != logits.size()) return;
  for (std::size_t label = 0; label < logits.size(); ++label) {
    // Half a text more on either side: no label is impossible, or certain.
    const double with = static_cast<double>(label_counts[label]) + 0.5;
    const double without = static_cast<double>(texts - label_counts[label]) + 0.5;
    const double odds = with / (task == Task::single_label ? static_cast<double>(texts) : without);
    logits[label] = static_cast<float>(std::log(odds));
  }
}

}  // namespace weft
