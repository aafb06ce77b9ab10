// A program as boxes and arrows, for whatever draws them. Layers that repeat are one box with the
// first of them inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/report/repeats.h"
#include "ir/graph.h"

namespace weft {

enum class Stage : std::uint8_t {
  input,     // given by the caller, or from outside of layers that repeat
  forward,   // what the program's results need
  backward,  // gradients, and all else that no result needs
  update,    // steps of the optimizer
  result,    // returned, or read outside of layers that repeat
};

struct Drawing;

struct DrawnBox {
  Stage stage = Stage::forward;
  std::string title;               // `conv1d + bias + relu`, `%ids`, `12 times`
  std::vector<std::string> lines;  // types, names, weights
  bool fused = false;              // one node does what several layers say
  std::optional<std::size_t> node = {};
  std::optional<Repeat> repeat = {};                // of nodes
  std::shared_ptr<const Drawing> inside = nullptr;  // the first of a repeat of several nodes
};

// A value, or several with the same way, and its readers, as indices of boxes; readers come after
// `from`.
struct DrawnArrow {
  std::size_t from = 0;
  std::vector<std::size_t> to;
  std::string value;  // `%x : f32[T, 300]`; several with commas between them
};

struct Drawing {
  std::vector<DrawnBox> boxes;
  std::vector<DrawnArrow> arrows;
};

// Params and states stand in the boxes of the nodes that read them.
Drawing draw(const Graph&);

std::vector<Stage> stages_of(const Graph&);  // by node: forward, backward or update
std::string_view name_of(Stage);

// What layers the node computes: `conv1d + bias + relu`.
std::string title_of(const Node&);

}  // namespace weft
