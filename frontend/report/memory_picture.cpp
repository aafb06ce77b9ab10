// Draws a memory plan.
#include "frontend/report/memory_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "frontend/format/format_number.h"
#include "frontend/report/report_charts.h"
#include "frontend/report/report_tables.h"

namespace weft {
namespace {

constexpr double kCharacter = 6.4, kLine = 11;  // of the names in blocks

struct Unit {
  double bytes;
  const char* name;
};

Unit unit_of(double bytes) {
  constexpr std::array<Unit, 3> kUnits = {Unit{1e6, "MB"}, Unit{1e3, "kB"}, Unit{1, "bytes"}};
  for (const Unit& unit : kUnits) {
    if (bytes >= 2 * unit.bytes) return unit;
  }
  return kUnits.back();
}

std::string megabytes(std::int64_t bytes) {
  const Unit unit = unit_of(static_cast<double>(bytes));
  return fmt::format("{:.4g} {}", static_cast<double>(bytes) / unit.bytes, unit.name);
}

std::string verdict(const MemoryMap& map) {
  if (map.bytes == map.bound) {
    return fmt::format("{}, as many as are in use at one time: optimal", megabytes(map.bytes));
  }
  return fmt::format("{}; at least {} are in use at one time", megabytes(map.bytes),
                     megabytes(map.bound));
}

std::string block(const Frame& frame, const MemoryBlock& block, double unit) {
  const auto& [value, stage, stay] = block;
  const double left = frame.at_x(static_cast<double>(stay.first));
  const double right = frame.at_x(static_cast<double>(stay.last + 1));
  const double low = frame.at_y(static_cast<double>(stay.offset) / unit);
  const double high = frame.at_y(static_cast<double>(stay.offset + stay.bytes) / unit);
  std::string out = fmt::format(
      "<g class=\"block {}\"><title>%{}: {} bytes from {} on, steps {} to {}</title>"
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>",
      name_of(stage), html(value), grouped(stay.bytes), grouped(stay.offset), stay.first, stay.last,
      left, high, right - left, low - high);
  const auto room = static_cast<std::size_t>((right - left - 6) / kCharacter);
  if (low - high >= kLine + 2 && right - left > 6 && room >= 4) {
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", left + 3,
                       (low + high) / 2 + 3.5, html(clipped(value, room)));
  }
  return out + "</g>\n";
}

}  // namespace

MemoryMap memory_map(const ProgramReport& report) {
  const Graph& graph = *report.graph;
  const std::vector<Stage> stages = stages_of(graph);
  MemoryMap map{graph.name, graph.nodes.size() + 2, graph.arena_bytes, report.bound, {}};
  std::vector<Stage> by_value(graph.values.size(), Stage::input);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const ValueId id : graph.nodes[i].outputs) {
      by_value[static_cast<std::size_t>(id)] = stages[i];
    }
  }
  for (const ArenaStay& stay : report.arena) {
    map.blocks.push_back(
        {graph[stay.value].name, by_value[static_cast<std::size_t>(stay.value)], stay});
  }
  return map;
}

std::string memory_picture(const MemoryMap& map, const std::string& id) {
  if (map.blocks.empty() || map.bytes == 0) return {};
  const Unit unit = unit_of(static_cast<double>(map.bytes));
  const double top = static_cast<double>(map.bytes) / unit.bytes;
  const double bound = static_cast<double>(map.bound) / unit.bytes;
  const Frame frame{{0, static_cast<double>(map.steps)}, {0, top * 1.04}, 960, 400};
  std::string out = figure(frame, id, fmt::format("Memory of @{}: {}", map.program, verdict(map)),
                           "A block for each value, at the largest batch: its width is the steps "
                           "during which it is in use, its height the bytes it has.");
  out += axes(frame, "step", unit.name, true);
  for (const MemoryBlock& one : map.blocks) out += block(frame, one, unit.bytes);
  out += fmt::format("<line class=\"bound\" x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\"/>\n",
                     Frame::kLeft, frame.at_y(bound), frame.right(), frame.at_y(bound));
  out += "</svg>\n<ul class=\"legend\">\n";
  for (const Stage stage : {Stage::input, Stage::forward, Stage::backward, Stage::update}) {
    const bool drawn =
        std::ranges::any_of(map.blocks, [&](const MemoryBlock& one) { return one.stage == stage; });
    if (!drawn) continue;
    out += fmt::format("<li><span class=\"block {0}\" aria-hidden=\"true\"></span>{0}</li>\n",
                       name_of(stage));
  }
  return out + swatch("bound", "the most that is in use at one time") + "</ul>\n</figure>\n";
}

}  // namespace weft
