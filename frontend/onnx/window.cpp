// Finds the length among a tensor's dimensions, and weft's padding for that of ONNX.
#include "frontend/onnx/window.h"

#include "frontend/onnx/columns.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"

namespace weft::onnx {
namespace {

// Of a list attribute that may be left out, the number of dimension i of so many.
std::int64_t number(const Node& node, std::string_view name, std::size_t i, std::int64_t usual) {
  const std::vector<std::int64_t> list = node.integers(name);
  if (list.empty()) return usual;
  if (i >= list.size()) refuse("its attribute {} has {} numbers", name, list.size());
  return list[i];
}

std::string padding_of(const Node& node, std::int64_t span, std::int64_t before, std::int64_t after,
                       std::int64_t stride) {
  const std::string automatic = node.text("auto_pad", "NOTSET");
  const bool same = automatic == "SAME_UPPER" || (automatic == "SAME_LOWER" && span % 2 == 1);
  if (same && stride == 1) return "same";
  if (automatic == "VALID") return "valid";
  if (automatic != "NOTSET" && !automatic.empty()) refuse("auto_pad is {}", automatic);
  if (before == 0 && after == 0) return "valid";
  if (before == (span - 1) / 2 && before + after == span - 1) return "same";
  if (before == span - 1 && after == 0) return "causal";
  refuse("it pads a text by {} and {} rows; weft pads by {} and {}, by {} and none, or not", before,
         after, (span - 1) / 2, span - 1 - (span - 1) / 2, span - 1);
}

}  // namespace

WindowOf::WindowOf(Importer& m, const Node& node, const Rows& x,
                   const std::vector<std::int64_t>& kernel) {
  const View& view = x.view;
  axis = find_axis(view, Factor::Kind::time);
  const bool fits = view.size() == kernel.size() + 2 && axis >= 2 && axis < view.size() &&
                    is_only(view[axis], Factor::Kind::time) && x.offsets != kNoValue &&
                    columns_of(view[1]) && !holds(view[0], Factor::Kind::feature);
  if (!fits) {
    refuse("its input is {}; weft takes [batch, features, length]", to_string(view));
  }
  const std::size_t others = kernel.size();
  for (std::size_t i = 0; i < others; ++i) {
    const std::int64_t before = number(node, "pads", i, 0);
    const std::int64_t after = number(node, "pads", others + i, 0);
    if (i + 2 == axis) continue;
    const bool whole = size_of(view[i + 2]) == Number(static_cast<double>(kernel[i]));
    if (!whole || !columns_of(view[i + 2]) || before != 0 || after != 0) {
      refuse("its window moves along dimension {} of {}; weft's moves along the length", i + 2,
             to_string(view));
    }
  }
  const std::size_t at = axis - 2;
  size = kernel[at];
  const std::int64_t stride = number(node, "strides", at, 1);
  const std::int64_t dilation = number(node, "dilations", at, 1);
  constexpr std::int64_t kWidest = 1 << 20;
  if (size < 1 || size > kWidest || stride < 1 || stride > kWidest || dilation < 1 ||
      dilation > kWidest) {
    refuse("its window is of {} rows, its stride {}, its dilation {}", size, stride, dilation);
  }
  const std::int64_t span = (size - 1) * dilation + 1;
  const std::int64_t before = number(node, "pads", at, 0),
                     after = number(node, "pads", others + at, 0);
  const std::string padding = padding_of(node, span, before, after, stride);
  const Number length = size_of(view[axis]);
  const std::int64_t room = padding == "valid" ? 0 : span - 1;
  count =
      divide(length + Number(static_cast<double>(room - span)), static_cast<double>(stride), true) +
      Number(1);
  if (count.is_known() && count.plus < 1) {
    refuse("its window is of {} rows, but a text has {}", span, to_string(length));
  }
  everything = padding == "valid" && dilation == 1 && length == Number(static_cast<double>(size));
  attrs = {{"size", size}, {"stride", stride}, {"dilation", dilation}, {"padding", padding}};
  Window window{size, stride, dilation, Padding::valid};
  if (padding == "same") window.padding = Padding::same;
  if (padding == "causal") window.padding = Padding::causal;
  offsets = window.keeps_rows() ? x.offsets : m.windows(x.offsets, attrs);
}

}  // namespace weft::onnx
