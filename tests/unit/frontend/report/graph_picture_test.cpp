// Programs drawn: every node and every value's way are there, layers that repeat are folded, text
// is escaped, boxes do not touch.
#include "frontend/report/graph_picture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "frontend/report/graph_drawing.h"
#include "frontend/report/graph_layout.h"
#include "ir/diagnostic.h"
#include "ir/op.h"
#include "ir/parse.h"
#include "tests/support/plan_fixture.h"
#include "tests/support/text.h"
#include "tests/support/well_formed.h"

namespace weft {
namespace {

using test::contains;

// `count` layers of four nodes each.
Graph layers(int count) {
  std::string text = "program @deep {\n  symbol B <= 8\n  input %x0 : f32[B, 4]\n";
  for (int i = 0; i < count; ++i) {
    text += "  param %w" + std::to_string(i) + " : f32[4, 4]\n";
  }
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i), next = std::to_string(i + 1);
    text += "  %h" + n + " = matmul(%x" + n + ", %w" + n + ")\n  %r" + n + " = relu(%h" + n +
            ")\n  %t" + n + " = tanh(%r" + n + ")\n  %x" + next + " = add(%t" + n + ", %x" + n +
            ")\n";
  }
  return parse_one(text + "  return %x" + std::to_string(count) + "\n}\n");
}

std::size_t count_of(const Drawing& drawing, Stage stage) {
  return static_cast<std::size_t>(std::ranges::count(drawing.boxes, stage, &DrawnBox::stage));
}

TEST_CASE("layout: rows follow arrows, and nothing overlaps, in random graphs") {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    std::vector<LayoutBox> boxes(1 + random() % 40);
    for (LayoutBox& box : boxes) {
      box = {20.0 + static_cast<double>(random() % 200), 15.0 + static_cast<double>(random() % 50)};
    }
    std::vector<LayoutNet> nets;
    for (std::size_t from = 0; from + 1 < boxes.size(); ++from) {
      std::set<std::size_t> to;
      for (unsigned i = 0; i < random() % 4; ++i) {
        to.insert(from + 1 + random() % (boxes.size() - from - 1));
      }
      if (!to.empty()) nets.push_back({from, {to.begin(), to.end()}});
    }
    const GraphLayout layout = layered_layout(boxes, nets);
    REQUIRE(layout.corners.size() == boxes.size());
    for (std::size_t a = 0; a < boxes.size(); ++a) {
      const auto [ax, ay] = layout.corners[a];
      CHECK(ax >= 0);
      CHECK(ax + boxes[a].width <= layout.width);
      CHECK(ay + boxes[a].height <= layout.height);
      for (std::size_t b = 0; b < a; ++b) {
        const auto [bx, by] = layout.corners[b];
        const bool apart = ax >= bx + boxes[b].width || bx >= ax + boxes[a].width ||
                           ay >= by + boxes[b].height || by >= ay + boxes[a].height;
        CHECK(apart);
      }
    }
    for (std::size_t net = 0; net < nets.size(); ++net) {
      REQUIRE(layout.paths[net].size() == nets[net].to.size());
      for (std::size_t i = 0; i < nets[net].to.size(); ++i) {
        const std::size_t from = nets[net].from, to = nets[net].to[i];
        const auto& path = layout.paths[net][i];
        const auto on = [&](std::size_t box, double x) {
          return x >= layout.corners[box].first &&
                 x <= layout.corners[box].first + boxes[box].width;
        };
        CHECK(on(from, path.front().first));
        CHECK(on(to, path.back().first));
        CHECK(path.front().second == layout.corners[from].second + boxes[from].height);
        CHECK(path.back().second == layout.corners[to].second);
        CHECK(std::ranges::is_sorted(path, {}, &LayoutPoint::second));
      }
    }
    CHECK(layered_layout(boxes, nets).corners == layout.corners);
  }
}

TEST_CASE("layout: what can be drawn without crossings is") {
  // Two chains whose readers are named crosswise.
  const std::vector<LayoutBox> boxes(6, {40, 20});
  const std::vector<LayoutNet> nets{{0, {3}}, {1, {2}}, {2, {5}}, {3, {4}}};
  const GraphLayout layout = layered_layout(boxes, nets);
  const auto x = [&](std::size_t box) { return layout.corners[box].first; };
  CHECK((x(0) < x(1)) == (x(3) < x(2)));
  CHECK((x(3) < x(2)) == (x(4) < x(5)));
  CHECK(layered_layout({}, {}).corners.empty());
  const std::vector<LayoutNet> upwards{{3, {1}}};
  CHECK_THROWS_AS(layered_layout(boxes, upwards), Error);
}

TEST_CASE("repeats: the largest saving, cut where least crosses") {
  const auto free = [](std::size_t) { return std::size_t{0}; };
  const std::vector<std::size_t> items{9, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 8};
  const auto found = find_repeats(items, free);
  REQUIRE(found.size() == 1);
  CHECK(found[0].begin == 1);
  CHECK(found[0].length == 4);
  CHECK(found[0].times == 3);
  const auto shifted = find_repeats(items, [](std::size_t at) { return at % 4 == 3 ? 1U : 2U; });
  REQUIRE(shifted.size() == 1);
  CHECK(shifted[0].begin == 3);
  CHECK(find_repeats(std::vector<std::size_t>{1, 2, 3, 4, 1, 2, 3, 4}, free).empty());  // twice
  CHECK(find_repeats({}, free).empty());
}

TEST_CASE("a drawing has each node once, and the ways of all values") {
  const Plan plan = example_plan();
  for (const Graph& graph : plan.programs) {
    const Drawing drawing = draw(graph);
    std::map<std::size_t, std::size_t> box_of;  // by node
    for (std::size_t i = 0; i < drawing.boxes.size(); ++i) {
      if (!drawing.boxes[i].node) continue;
      CHECK(box_of.emplace(*drawing.boxes[i].node, i).second);
    }
    REQUIRE(box_of.size() == graph.nodes.size());  // too small to fold
    std::set<std::pair<std::size_t, std::size_t>> drawn, wanted;
    for (const DrawnArrow& arrow : drawing.arrows) {
      for (const std::size_t to : arrow.to) {
        if (drawing.boxes[arrow.from].node && drawing.boxes[to].node) drawn.emplace(arrow.from, to);
      }
    }
    for (std::size_t reader = 0; reader < graph.nodes.size(); ++reader) {
      for (std::size_t maker = 0; maker < reader; ++maker) {
        for (const ValueId id : graph.nodes[maker].outputs) {
          if (std::ranges::find(graph.nodes[reader].inputs, id) == graph.nodes[reader].inputs.end())
            continue;
          wanted.emplace(box_of[maker], box_of[reader]);
        }
      }
    }
    CHECK(drawn == wanted);
    CHECK(count_of(drawing, Stage::result) == graph.results.size());
  }
}

TEST_CASE("what trains is drawn in other colours than what predicts") {
  const Plan plan = example_plan();
  for (const Stage stage : stages_of(plan.programs[0])) CHECK(stage == Stage::forward);
  const Graph& train = plan.programs[1];
  const std::vector<Stage> stages = stages_of(train);
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const std::string op(train.nodes[i].op->name);
    INFO(op);
    if (op == "conv1d" || op == "cross_entropy") CHECK(stages[i] == Stage::forward);
    if (op.ends_with("_grad")) CHECK(stages[i] == Stage::backward);
    if (op == "adam" || op == "increment") CHECK(stages[i] == Stage::update);
  }
  const std::string svg = to_svg(train);
  for (const char* part : {"class=\"forward node\"", "class=\"backward node\"",
                           "class=\"update node\"", "conv1d + bias"}) {
    CHECK(contains(svg, part));
  }
}

TEST_CASE("layers that repeat are folded, with the first of them inside") {
  const Drawing two = draw(layers(2));
  CHECK(two.boxes.size() == 1 + 8 + 1);
  const Drawing twelve = draw(layers(12));
  REQUIRE(twelve.boxes.size() == 3);
  const DrawnBox& box = twelve.boxes[1];
  CHECK(box.title == "12 times, 4 nodes each");
  REQUIRE(box.inside != nullptr);
  CHECK(box.inside->boxes.size() == 1 + 4 + 1);
  CHECK(box.inside->boxes.front().title == "%x0");
  CHECK(box.inside->boxes.back().title == "%x1");
  CHECK(twelve.arrows.size() == 2);
  // Layers of the same ops whose values go another way are not the same.
  Graph crossed = layers(12);
  crossed.nodes[21].inputs[0] = *crossed.find("x0");  // a relu
  CHECK(draw(crossed).boxes.size() > 3);
  // Many nodes of one op side by side are one box.
  std::string text = "program @wide {\n  symbol B <= 8\n  input %x : f32[B, 4]\n";
  for (int i = 0; i < 9; ++i) text += "  %y" + std::to_string(i) + " = relu(%x)\n";
  text += "  %z = concat(%y0, %y1, %y2, %y3, %y4, %y5, %y6, %y7, %y8)\n  return %z\n}\n";
  const Drawing wide = draw(parse_one(text));
  CHECK(wide.boxes.size() == 1 + 1 + 1 + 1);
  CHECK(wide.boxes[1].title == "relu, 9 nodes");
}

TEST_CASE("pictures are well-formed and the same each time, whatever names say") {
  Graph graph = example_plan().programs[1];
  graph.name = "</title>\" & <b>";
  graph.rename(ValueId{0}, "</svg><script>alert('x')</script>\"\x01\xFF\\");
  for (const std::string& svg : {to_svg(graph), svg_in_page(graph, "a-")}) {
    CHECK(test::malformed(svg) == "");
    CHECK_FALSE(contains(svg, "<script"));
    CHECK(contains(svg, "&lt;script&gt;"));
  }
  CHECK(to_svg(graph) == to_svg(graph));
  CHECK(contains(to_svg(graph), "xmlns="));
  CHECK_FALSE(contains(to_svg(graph), "tabindex"));
  CHECK(contains(svg_in_page(graph, "a-"), "id=\"a-n0\""));
  const std::string dot = to_dot(graph);
  CHECK(dot == to_dot(graph));
  // All quotes inside of names are escaped: outside of escapes, their number is even in each line.
  std::size_t quotes = 0;
  for (std::size_t i = 0; i < dot.size(); ++i) {
    if (dot[i] == '\\') {
      ++i;
    } else if (dot[i] == '"') {
      ++quotes;
    } else if (dot[i] == '\n') {
      CHECK(quotes % 2 == 0);
    }
  }
  CHECK_FALSE(contains(dot, "\x01"));
  CHECK_FALSE(contains(dot, "\xFF"));
  const Graph empty = parse_one("program @none {\n}\n");
  CHECK(test::malformed(to_svg(empty)) == "");
  CHECK(test::malformed(to_svg(layers(12))) == "");
}

TEST_CASE("the check of pages sees what is wrong") {
  using test::malformed;
  CHECK(malformed("<p>a</p>") == "");
  CHECK(malformed("<p>a") != "");
  CHECK(malformed("<b><i>a</b></i>") != "");
  CHECK(malformed("<p>1 < 2</p>") != "");
  CHECK(malformed("<p>a & b</p>") != "");
  CHECK(malformed("<p class=\"a>b</p>") != "");
}

}  // namespace
}  // namespace weft
