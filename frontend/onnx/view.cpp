// Axes are cut and joined by their factors.
#include "frontend/onnx/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>

namespace weft::onnx {
namespace {

// Columns of a factor cut into an outer part and an inner part of `inner` columns.
std::pair<Factor, Factor> cut(const Factor& whole, double inner) {
  Factor outer = whole, rest = whole;
  outer.size = whole.size.plus / inner;
  outer.stride = whole.stride * static_cast<std::int64_t>(inner);
  rest.size = inner;
  return {outer, rest};
}

bool is_multiple(double a, double b) { return b >= 1 && std::fmod(a, b) == 0; }

// How many times `part` fits into `whole`; none where that depends on sizes of the batch.
std::optional<double> times(const Number& whole, const Number& part) {
  const bool alike = whole.symbol == part.symbol && whole.plus == 0 && part.plus == 0;
  if (whole.is_known() && part.is_known()) return whole.plus / part.plus;
  if (alike) return whole.scale / part.scale;
  return std::nullopt;
}

// Takes an axis of that size from an end of the factors. `back`: from the last one on.
bool take(std::deque<Factor>& factors, const Number& size, bool back, Axis& axis) {
  Number have = 1;
  for (;;) {
    const std::optional<double> wanted = times(size, have);
    if (factors.empty()) return wanted == 1;
    Factor& next = back ? factors.back() : factors.front();
    // A batch of one text is named where there is a dimension for it.
    const bool first_one = axis.empty() && next.size == Number(1);
    if (wanted == 1 && !first_one) return true;
    const auto put = [&](const Factor& f) { axis.insert(back ? axis.begin() : axis.end(), f); };
    if (wanted && !(next.size.is_known() && is_multiple(*wanted, next.size.plus))) {
      if (next.kind != Factor::Kind::feature || !is_multiple(next.size.plus, *wanted)) return false;
      const auto [outer, inner] = cut(next, back ? *wanted : next.size.plus / *wanted);
      put(back ? inner : outer);
      next = back ? outer : inner;
      return true;
    }
    put(next);
    have = have * next.size;
    back ? factors.pop_back() : factors.pop_front();
  }
}

}  // namespace

Axis batch_axis(Number size) { return {{Factor::Kind::batch, std::move(size), 0}}; }
Axis time_axis(Number size) { return {{Factor::Kind::time, std::move(size), 0}}; }
Axis feature_axis(std::int64_t size, std::int64_t stride) {
  return {{Factor::Kind::feature, static_cast<double>(size), stride}};
}

Number size_of(const Axis& axis) {
  Number size = 1;
  for (const Factor& factor : axis) size = size * factor.size;
  return size;
}

std::vector<Number> shape_of(const View& view) {
  std::vector<Number> shape;
  for (const Axis& axis : view) shape.push_back(size_of(axis));
  return shape;
}

std::string to_string(const View& view) { return to_string(shape_of(view)); }

bool holds(const Axis& axis, Factor::Kind kind) {
  return std::ranges::find(axis, kind, &Factor::kind) != axis.end();
}

bool is_only(const Axis& axis, Factor::Kind kind) {
  const auto is_that = [&](const Factor& f) { return f.kind == kind || f.size == Number(1); };
  return holds(axis, kind) && std::ranges::all_of(axis, is_that);
}

std::size_t find_axis(const View& view, Factor::Kind kind) {
  const auto found =
      std::ranges::find_if(view, [&](const Axis& axis) { return holds(axis, kind); });
  return static_cast<std::size_t>(found - view.begin());
}

Axis merged(Axis axis) {
  Axis result;
  for (const Factor& next : axis) {
    const bool columns = next.kind == Factor::Kind::feature;
    if (next.size == Number(1)) continue;
    Factor* const last = result.empty() ? nullptr : &result.back();
    if (last != nullptr && columns && last->kind == next.kind &&
        static_cast<double>(last->stride) == next.size.plus * static_cast<double>(next.stride)) {
      last->size = last->size * next.size;
      last->stride = next.stride;
    } else {
      result.push_back(next);
    }
  }
  return result;
}

bool is_whole(const Axis& axis, std::int64_t columns) {
  const Axis one = merged(axis);
  if (one.empty()) return columns == 1 && is_only(axis, Factor::Kind::feature);
  return one.size() == 1 && one[0].kind == Factor::Kind::feature && one[0].stride == 1 &&
         one[0].size == Number(static_cast<double>(columns));
}

bool reshape(const View& from, std::vector<Number> shape, View& to) {
  std::deque<Factor> factors;
  for (const Axis& axis : from) factors.insert(factors.end(), axis.begin(), axis.end());
  to.assign(shape.size(), {});
  const auto open = std::ranges::find(shape, Number(-1));
  const auto rest = static_cast<std::size_t>(open - shape.begin());
  for (std::size_t i = 0; i < rest; ++i) {
    if (!take(factors, shape[i], false, to[i])) return false;
  }
  for (std::size_t i = shape.size(); i > rest + 1; --i) {
    if (!take(factors, shape[i - 1], true, to[i - 1])) return false;
  }
  if (rest < shape.size()) {
    to[rest].assign(factors.begin(), factors.end());
  } else if (!factors.empty()) {
    // What is left is of size 1: it joins the last axis.
    const bool ones =
        std::ranges::all_of(factors, [](const Factor& f) { return f.size == Number(1); });
    if (!ones || shape.empty()) return ones && factors.empty();
    to.back().insert(to.back().end(), factors.begin(), factors.end());
  }
  return true;
}

}  // namespace weft::onnx
