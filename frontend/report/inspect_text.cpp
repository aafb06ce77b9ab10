// An inspection as a person reads it.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/format/escape_controls.h"
#include "frontend/format/format_number.h"
#include "frontend/format/table.h"
#include "frontend/report/inspect.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/plan_settings.h"
#include "ir/op.h"
#include "ir/print.h"

namespace weft {
namespace {

constexpr std::size_t kChartColumns = 64;
constexpr std::size_t kChartLines = 40;
constexpr std::size_t kWordsShown = 12;
constexpr std::size_t kLabelsShown = 20;

std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    out += "    ";
    out += text.substr(0, end + 1);
    text.remove_prefix(end + 1);
  }
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out;
}

std::string listed(const auto& items, std::size_t all) {
  std::string out;
  for (const auto& item : items) out += fmt::format("{}{}", out.empty() ? "" : " ", item);
  return items.size() < all ? out + " …" : out;
}

std::string summary(const Inspection& inspection) {
  const Plan& plan = *inspection.plan;
  const TextSettings& text = plan.text;
  const auto labels = std::span(plan.labels).first(std::min(kLabelsShown, plan.labels.size()));
  const std::size_t words = plan.vocabulary.ends.size();
  std::string out;
  if (const auto overrides = overrides_of(plan).assignments(); !overrides.empty()) {
    out += fmt::format("set         {}\n", listed(overrides, overrides.size()));
  }
  out += fmt::format(
      "text        {}{}{}{}{}{}, at most {}{}\n", text.tokenizer,
      text.buckets > 0 ? " in " + counted(text.buckets, "bucket") : "",
      text.lowercase ? ", lowercase" : "",
      text.nfkc ? text.unify_marks ? ", NFKC with plain marks" : ", NFKC" : "",
      text.pair ? ", pairs" : "",
      text.word_ngrams > 1 ? fmt::format(", n-grams of up to {} words", text.word_ngrams) : "",
      counted(text.max_tokens, "token"),
      text.max_windows == 1 ? ""
                            : fmt::format(", in up to {} windows that overlap by {}",
                                          text.max_windows, text.overlap));
  out += fmt::format("vocabulary  {}: {}\n", counted(words, "word"),
                     listed(first_words(plan, kWordsShown), words));
  out += fmt::format("labels      {}: {}\n", counted(plan.labels.size(), "label"),
                     listed(labels, plan.labels.size()));
  out += plan.task == Task::single_label
             ? "task        exactly one label per text\n"
             : fmt::format("task        every label of probability {} or more\n", plan.threshold);
  if (plan.temperature != 1) out += fmt::format("calibrated  temperature {}\n", plan.temperature);
  out += fmt::format("parameters  {} in {} bytes\n", grouped(inspection.parameters),
                     grouped(inspection.parameter_bytes));
  out += fmt::format("state       {} bytes\n", grouped(inspection.state_bytes));
  out += fmt::format(
      "programs    {}\n", plan.programs.empty() ? "none" : [&] {
        std::string names;
        for (const Graph& graph : plan.programs) {
          names += fmt::format("{}@{}", names.empty() ? "" : " ", graph.name);
        }
        return names;
      }());
  for (const PlanNote& note : plan.notes) {
    if (note.program.empty()) out += fmt::format("note        {}\n", note.text);
  }
  return out;
}

std::string history(const Plan& plan) {
  if (plan.history.empty()) {
    const std::optional<std::string> file = trained_elsewhere(plan);
    if (file)
      return fmt::format("\nhistory: none; it was trained elsewhere: {}\n", escape_controls(*file));
    return "\nhistory: none; this plan has not been trained\n";
  }
  TextTable table;
  std::vector<std::string> names;  // of all metrics, as they first appear
  for (const HistoryEntry& entry : plan.history) {
    for (const auto& [name, value] : entry.metrics) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  const bool any_kept = std::ranges::any_of(plan.history, &HistoryEntry::kept);
  std::vector<TextTable::Cell> heading{"epoch", "step", "rate", "train loss"};
  heading.insert(heading.end(), names.begin(), names.end());
  if (any_kept) heading.emplace_back("kept");
  table.add(std::move(heading));
  for (const HistoryEntry& entry : plan.history) {
    std::vector<TextTable::Cell> row{grouped(entry.epoch), grouped(entry.step),
                                     fmt::format("{:.3g}", entry.learning_rate),
                                     rounded(entry.train_loss)};
    for (const std::string& name : names) {
      const auto at = std::ranges::find(entry.metrics, name, [](const auto& m) { return m.first; });
      row.emplace_back(at == entry.metrics.end() ? "" : rounded(at->second));
    }
    if (any_kept) row.emplace_back(entry.kept ? "*" : "");
    table.add(std::move(row));
  }
  return "\nhistory\n" + table.str("    ");
}

std::string tensors(const Plan& plan) {
  if (plan.tensors.empty()) return "";
  TextTable table;
  table.add({"tensor", "role", "type", "bytes"});
  for (const PlanTensor& tensor : plan.tensors) {
    table.add({'%' + tensor.name, tensor.role == Role::param ? "param" : "state",
               to_string(tensor.type), grouped(tensor.bytes.size())});
  }
  return "\ntensors\n" + table.str("    ");
}

std::string node_name(const Graph& graph, const Node& node) {
  return node.outputs.empty() ? "" : '%' + graph[node.outputs[0]].name;
}

// Nodes without a kernel, one a line; usually there are none.
std::string reference_nodes(const ProgramReport& report) {
  std::string out;
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    const Node& node = report.graph->nodes[i];
    if (!report.nodes[i].by_reference) continue;
    out += fmt::format("    {} runs by the reference of {}, slowly: the op has no kernel\n",
                       node_name(*report.graph, node), node.op->name);
  }
  return out;
}

std::string node_table(const ProgramReport& report) {
  TextTable table;
  table.add({"node", "op", "flops", "bytes", "% of flops"});
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    const Node& node = report.graph->nodes[i];
    const NodeCost& cost = report.nodes[i];
    const double share = report.total.flops > 0 ? 100 * cost.flops / report.total.flops : 0.0;
    table.add({node_name(*report.graph, node), std::string(node.op->name), scaled(cost.flops),
               scaled(cost.bytes), fmt::format("{:.1f}", share)});
  }
  table.add({"total", "", scaled(report.total.flops), scaled(report.total.bytes), ""});
  return table.str("    ");
}

std::string arena(const ProgramReport& report) {
  const std::int64_t size = report.graph->arena_bytes;
  if (size == 0) return "arena 0 bytes\n";
  const double excess = 100 * (static_cast<double>(size) /
                                   static_cast<double>(std::max<std::int64_t>(report.bound, 1)) -
                               1);
  return fmt::format("arena {} bytes; at least {} are in use at one time: {}\n", grouped(size),
                     grouped(report.bound),
                     size == report.bound ? "optimal" : fmt::format("{:.1f} % above", excess)) +
         arena_chart(report, kChartColumns, kChartLines);
}

std::string program(const ProgramReport& report) {
  std::string out = fmt::format("\n@{}\n", report.graph->name);
  for (const std::string& note : report.notes) out += fmt::format("    {}\n", note);
  out += '\n' + print(*report.graph);
  std::string sizes;
  for (const auto& [symbol, extent] : report.extents) {
    sizes += fmt::format("{}{} = {}", sizes.empty() ? "" : ", ", symbol, extent);
  }
  out += fmt::format("\ncost{}{}\n", sizes.empty() ? "" : " at ", sizes) + node_table(report);
  out += reference_nodes(report);
  return out + '\n' + arena(report);
}

// Names come out of a file: what would steer the terminal is not passed on.
std::string printable(std::string text) {
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\n') || code == 0x7F) c = c == '\t' ? ' ' : '?';
  }
  return text;
}

// How much of [begin, end) the stays at `time` cover, in the multiples of 64 that they are given.
double covered(const ProgramReport& report, std::size_t time, double begin, double end) {
  double bytes = 0;
  double reached = begin;  // stays are in the order of their offsets: overlaps count once
  for (const ArenaStay& stay : report.arena) {
    if (time < stay.first || time > stay.last) continue;
    const double from = std::max(static_cast<double>(stay.offset), reached);
    const std::int64_t stop = (stay.offset + stay.bytes + 63) / 64 * 64;
    const double to = std::min(static_cast<double>(stop), end);
    if (to <= from) continue;
    bytes += to - from;
    reached = to;
  }
  return bytes;
}

// The node of [begin, end) while which most of the arena is in use.
std::size_t fullest(const ProgramReport& report, std::size_t begin, std::size_t end) {
  std::size_t best = begin;
  double max = -1;
  for (std::size_t node = begin; node < end; ++node) {
    const auto whole = static_cast<double>(report.graph->arena_bytes);
    const double bytes = covered(report, node + 1, 0, whole);
    if (bytes > max) {
      max = bytes;
      best = node;
    }
  }
  return best;
}

}  // namespace

std::string arena_chart(const ProgramReport& report, std::size_t columns, std::size_t max_lines) {
  const Graph& graph = *report.graph;
  if (graph.nodes.empty() || graph.arena_bytes == 0) return "";
  const auto arena_bytes = static_cast<double>(graph.arena_bytes);
  const std::size_t step = (graph.nodes.size() + max_lines - 1) / max_lines;
  std::string out = fmt::format("    at node   {:8}offset 0 {:.>{}} {}\n", "", "", columns - 20,
                                grouped(graph.arena_bytes));
  for (std::size_t begin = 0; begin < graph.nodes.size(); begin += step) {
    const std::size_t node = fullest(report, begin, std::min(begin + step, graph.nodes.size()));
    const std::size_t time = node + 1;
    out += fmt::format("    {:>4} {:<20.20} |", node, graph.nodes[node].op->name);
    for (std::size_t i = 0; i < columns; ++i) {
      const double width = arena_bytes / static_cast<double>(columns);
      const double left = width * static_cast<double>(i);
      const double share = covered(report, time, left, left + width) / width;
      out += share <= 0 ? ' ' : share < 0.5 ? '.' : share < 0.99 ? '+' : '#';
    }
    out += fmt::format("| {:3.0f} %\n", 100 * covered(report, time, 0, arena_bytes) / arena_bytes);
  }
  return out;
}

std::string to_text(const Inspection& inspection, std::string_view shown) {
  const Plan& plan = *inspection.plan;
  std::string out = "description\n" + indented(plan.description) + '\n';
  out += summary(inspection);
  out += history(plan);
  if (shown == "all") out += tensors(plan);
  for (const ProgramReport& report : inspection.programs) {
    if (shown == "all" || shown == report.graph->name) out += program(report);
  }
  return printable(std::move(out));
}

}  // namespace weft
