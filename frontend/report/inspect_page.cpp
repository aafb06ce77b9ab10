// Renders an inspection as a page. Graphs and pictures are drawn here; a script shows what a node
// is when it is clicked, or reached by the keyboard.
#include "frontend/report/inspect_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "frontend/format/format_number.h"
#include "frontend/report/graph_drawing.h"
#include "frontend/report/graph_picture.h"
#include "frontend/report/inspect_page_script.h"
#include "frontend/report/memory_picture.h"
#include "frontend/report/page.h"
#include "frontend/report/report_charts.h"
#include "frontend/report/report_tables.h"
#include "frontend/train/plan_settings.h"
#include "ir/op.h"
#include "ir/print.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNodesShown = 12;  // of a line of the description, in each program

// `1.2 MB`, `12 B`.
std::string measured(double number, std::string_view unit) {
  const std::string text = scaled(number);
  return fmt::format("{}{}{}", text, text.find(' ') == std::string::npos ? " " : "", unit);
}

// Of a program: `p0-`.
std::string prefix_of(std::size_t program) { return fmt::format("p{}-", program); }

// ---- Summary

std::string summary(const Inspection& inspection) {
  const Plan& plan = *inspection.plan;
  std::string out = "<dl class=\"numbers\">\n";
  out += fact("Labels", grouped(plan.labels.size()));
  out += fact("Words", grouped(plan.vocabulary.ends.size()));
  out += fact("Parameters", grouped(inspection.parameters));
  out += fact("Weights", measured(static_cast<double>(inspection.parameter_bytes), "B"));
  out += fact("State", measured(static_cast<double>(inspection.state_bytes), "B"));
  out += fact("Epochs trained", grouped(plan.history.size()));
  out += "</dl>\n<nav>\n<a href=\"#description\">Description</a>\n";
  for (std::size_t i = 0; i < inspection.programs.size(); ++i) {
    out += fmt::format("<a href=\"#{}program\">@{}</a>\n", prefix_of(i),
                       html(inspection.programs[i].graph->name));
  }
  return out + "</nav>\n";
}

// ---- The description

// Links to the nodes of a program that come from a line.
std::string nodes_of_line(const Graph& graph, std::uint32_t line, std::size_t program) {
  std::string links;
  std::size_t nodes = 0;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].location.line != line) continue;
    if (++nodes > kNodesShown) continue;
    links += fmt::format("<a href=\"#{0}n{1}\">{2}</a> ", prefix_of(program), i,
                         html(title_of(graph.nodes[i])));
  }
  if (nodes > kNodesShown) links += fmt::format("and {} more", nodes - kNodesShown);
  return links;
}

std::string description_line(const Inspection& inspection, const PassHistory& history,
                             std::uint32_t number, std::string_view text) {
  std::string from = fmt::format("<td class=\"code\"><code>{}</code></td>", html(text));
  std::size_t written = 0;
  for (const Node& node : history.lowered.nodes) written += node.location.line == number ? 1 : 0;
  std::string out = fmt::format("<tr data-line=\"{0}\"><th scope=\"row\">{0}</th>{1}<td>{2}</td>",
                                number, from, written == 0 ? "" : std::to_string(written));
  for (std::size_t i = 0; i < inspection.programs.size(); ++i) {
    const std::string links = nodes_of_line(*inspection.programs[i].graph, number, i);
    const bool gone = links.empty() && written > 0;
    out += fmt::format("<td class=\"nodes{}\" data-program=\"@{}: \">{}</td>", gone ? " soft" : "",
                       html(inspection.programs[i].graph->name), gone ? "–" : links);
  }
  return out + "</tr>\n";
}

std::string description(const Inspection& inspection, const PassHistory& history) {
  std::string out =
      "<p>Where each line went: the nodes that it became before any pass, then what is left of it "
      "in each program. A rewrite leaves one node in the place of several, with the line of the "
      "first; –: nothing is left that is this line's alone.</p>\n";
  std::string set;
  for (const std::string& assignment : overrides_of(*inspection.plan).assignments()) {
    set += " --set " + html(assignment);
  }
  if (!set.empty()) {
    out += fmt::format("<p>Its values were changed by <code>{}</code>.</p>\n", set.substr(1));
  }
  std::string table = "<table class=\"lines\">\n<tr>" + column_heading("line") +
                      words_heading("description") + column_heading("nodes at first");
  for (const ProgramReport& program : inspection.programs) {
    table += words_heading("@" + html(program.graph->name));
  }
  table += "</tr>\n";
  std::string_view rest = inspection.plan->description;
  for (std::uint32_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    table += description_line(inspection, history, number, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  out += scrolling("description", table + "</table>\n");
  return fmt::format("<section id=\"description\">\n<h2>Description</h2>\n{}</section>\n", out);
}

// ---- A program

std::string cost_line(const ProgramReport& report) {
  std::string sizes;
  for (const auto& [symbol, extent] : report.extents) {
    sizes += fmt::format("{}{} = {}", sizes.empty() ? "" : ", ", html(symbol), extent);
  }
  const std::size_t nodes = report.nodes.size();
  return fmt::format("<p>{}; {} and {} read and written{}{}.</p>\n", counted(nodes, "node"),
                     measured(report.total.flops, "flops"), measured(report.total.bytes, "B"),
                     sizes.empty() ? "" : ", at ", sizes);
}

std::string graph_view(const ProgramReport& report, std::size_t program) {
  const std::string prefix = prefix_of(program);
  return fmt::format(
      "<div class=\"tools\"><label>Size <input type=\"range\" min=\"20\" max=\"150\" value=\"100\" "
      "data-zoom=\"{0}\" aria-label=\"size of the graph of @{1}\"></label>\n"
      "<ul class=\"legend\"><li><span class=\"block forward\"></span>forward</li>"
      "<li><span class=\"block backward\"></span>backward, dashed</li>"
      "<li><span class=\"block update\"></span>update, dotted</li>"
      "<li><span class=\"double\"></span>several layers in one node</li></ul></div>\n"
      "<div class=\"view\">\n<div class=\"canvas\" role=\"region\" tabindex=\"0\" "
      "aria-label=\"graph of @{1}; arrow keys go from node to node\" data-graph=\"{0}\">\n{2}</div>"
      "\n<aside aria-live=\"polite\" data-details=\"{0}\"><p class=\"soft\">Click a node, or press "
      "the arrow keys in the graph.</p></aside>\n</div>\n",
      prefix, html(report.graph->name), svg_in_page(*report.graph, prefix));
}

std::string diff_lines(const std::string& diff) {
  std::string out = "<pre class=\"diff\">";
  std::string_view rest = diff;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    const char* const style = line.starts_with('+') ? "ins" : line.starts_with('-') ? "del" : "";
    out += *style == 0 ? html(line) + "\n" : fmt::format("<{0}>{1}</{0}>\n", style, html(line));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out + "</pre>\n";
}

std::string pass_steps(const PassHistory& history, const std::string& program) {
  if (!history.failure.empty()) {
    return fmt::format(
        "<p class=\"soft\">The description cannot be compiled again, so that passes "
        "are not shown: {}.</p>\n",
        html(history.failure));
  }
  std::string steps;
  for (const PassStep& step : history.steps) {
    if (step.program != program) continue;
    const std::string nodes =
        step.nodes_before == step.nodes_after
            ? counted(step.nodes_after, "node")
            : fmt::format("{} → {}", step.nodes_before, counted(step.nodes_after, "node"));
    const std::string name =
        fmt::format("<b>{}</b> <span class=\"soft\">{}</span>", html(step.pass), html(step.doc));
    steps += step.diff.empty()
                 ? fmt::format("<li class=\"idle\">{}: nothing to do</li>\n", name)
                 : fmt::format("<li><details><summary>{}: {}</summary>\n{}</details></li>\n", name,
                               nodes, diff_lines(step.diff));
  }
  if (steps.empty()) return {};
  const bool changed = std::ranges::find(history.changed, program) != history.changed.end();
  return fmt::format(
      "<h3>Passes, each with what it changed</h3>\n{}<ol class=\"passes\">\n{}</ol>\n",
      changed
          ? "<p class=\"soft\">The plan was compiled by other options, or is older: its program "
            "differs a little from the one that these passes end with.</p>\n"
          : "",
      steps);
}

std::string notes(const ProgramReport& report) {
  std::string out;
  for (const std::string& note : report.notes) out += fmt::format("<li>{}</li>\n", html(note));
  if (out.empty()) return out;
  return fmt::format("<details><summary>{} of passes</summary>\n<ul>\n{}</ul></details>\n",
                     counted(report.notes.size(), "note"), out);
}

std::string program(const ProgramReport& report, const PassHistory& history, std::size_t index) {
  const std::string prefix = prefix_of(index);
  return fmt::format("<section id=\"{}program\">\n<h2>Program @{}</h2>\n", prefix,
                     html(report.graph->name)) +
         cost_line(report) + notes(report) + graph_view(report, index) +
         scrolling("memory", memory_picture(memory_map(report), prefix + "memory")) +
         pass_steps(history, report.graph->name) + "</section>\n";
}

// ---- What the script knows

Json details(const ProgramReport& report) {
  const Graph& graph = *report.graph;
  const std::vector<Stage> stages = stages_of(graph);
  std::vector<std::size_t> maker(graph.values.size(), graph.nodes.size());
  Json nodes = Json::array();
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    Json from = Json::array();
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) continue;
      const std::size_t made_by = maker[static_cast<std::size_t>(id)];
      if (made_by < graph.nodes.size()) from.push_back(made_by);
    }
    for (const ValueId id : node.outputs) maker[static_cast<std::size_t>(id)] = i;
    nodes.push_back({{"title", title_of(node)},
                     {"text", print(graph, node)},
                     {"doc", node.op->doc},
                     {"stage", name_of(stages[i])},
                     {"kernel", !report.nodes[i].by_reference},
                     {"flops", report.nodes[i].flops},
                     {"bytes", report.nodes[i].bytes},
                     {"line", node.location.line},
                     {"from", std::move(from)}});
  }
  return nodes;
}

// In an element of a script, which `</` would end.
std::string in_script(const Json& json) {
  std::string out;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    out += c == '<' ? "\\u003c" : std::string(1, c);
  }
  return out;
}

}  // namespace

std::string inspect_page(const Inspection& inspection, const PassHistory& history,
                         const std::string& title) {
  Page page{title,
            "inspection",
            summary(inspection),
            description(inspection, history),
            std::string(kGraphStyle) + std::string(kInspectStyle),
            {}};
  Json all = Json::object();
  for (std::size_t i = 0; i < inspection.programs.size(); ++i) {
    page.body += program(inspection.programs[i], history, i);
    all[prefix_of(i)] = details(inspection.programs[i]);
  }
  page.scripts = fmt::format(
      "<script type=\"application/json\" id=\"nodes\">{}</script>\n<script>{}</script>\n",
      in_script(all), kInspectScript);
  return to_html(page);
}

}  // namespace weft
